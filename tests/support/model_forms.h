// Stores a model in another form: matrices fused, tensors shared or repeated, or another architecture's name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/random_model.h"

namespace rocmforge::testing {

// Returns the parts stacked: the rows of each matrix after those of the previous one, separately for each matrix of a
// three-dimensional tensor; vectors are concatenated.
inline StoredTensor stacked(const std::string& name, const std::vector<StoredTensor>& parts) {
  const gguf::Shape& shape = parts.front().shape;
  const int stacked_dimension = shape.rank() == 1 ? 0 : 1;
  std::vector<std::uint64_t> dimensions(shape.dimensions().begin(), shape.dimensions().end());
  dimensions[static_cast<std::size_t>(stacked_dimension)] = 0;
  for (const StoredTensor& part : parts) {
    dimensions[static_cast<std::size_t>(stacked_dimension)] += part.shape[stacked_dimension];
  }
  StoredTensor whole{name, gguf::Shape(dimensions), parts.front().format, {}};
  for (std::size_t matrix = 0; matrix < shape[2]; ++matrix) {
    for (const StoredTensor& part : parts) {
      const std::size_t size = part.bytes.size() / shape[2];
      const auto bytes = std::span(part.bytes).subspan(matrix * size, size);
      whole.bytes.insert(whole.bytes.end(), bytes.begin(), bytes.end());
    }
  }
  return whole;
}

// Returns "blk.3." for "blk.3.attn_q.weight"; empty for tensors outside the layers.
inline std::string block_of(std::string_view name) {
  return name.starts_with("blk.") ? std::string(name.substr(0, name.find('.', 4) + 1)) : "";
}

// Replaces several tensors by one in every layer that has them all.
inline void fuse(RandomModel& model, const std::string& whole, const std::vector<std::string>& parts) {
  std::vector<StoredTensor> fused;
  for (const StoredTensor& tensor : model.tensors) {
    const std::string block = block_of(tensor.name);
    if (block.empty() || tensor.name != block + parts.front()) continue;
    const bool has_all =
        std::ranges::all_of(parts, [&](const std::string& part) { return model.find(block + part) != nullptr; });
    if (!has_all) continue;  // a layer without the tensors may share another layer's
    std::vector<StoredTensor> of_layer;
    for (const std::string& part : parts) of_layer.push_back(model.tensor(block + part));
    fused.push_back(stacked(block + whole, of_layer));
  }
  for (StoredTensor& tensor : fused) {
    const std::string block = block_of(tensor.name);
    for (const std::string& part : parts) model.erase(block + part);
    model.tensors.push_back(std::move(tensor));
  }
}

inline void fuse_query_key_value(RandomModel& model) {
  fuse(model, "attn_qkv.weight", {"attn_q.weight", "attn_k.weight", "attn_v.weight"});
  fuse(model, "attn_qkv.bias", {"attn_q.bias", "attn_k.bias", "attn_v.bias"});
}

inline void fuse_experts(RandomModel& model) {
  fuse(model, "ffn_gate_up_exps.weight", {"ffn_gate_exps.weight", "ffn_up_exps.weight"});
}

// Fuses gate and up as phi3 does.
inline void fuse_gate(RandomModel& model) { fuse(model, "ffn_up.weight", {"ffn_gate.weight", "ffn_up.weight"}); }

// Stores latent attention as older files do: a head's transposed keys and then its values, in one F32 matrix.
inline void join_latent_matrices(RandomModel& model) {
  const std::vector<StoredTensor> before = model.tensors;
  for (const StoredTensor& keys : before) {
    const std::string block = block_of(keys.name);
    if (block.empty() || keys.name != block + "attn_k_b.weight") continue;
    const StoredTensor& values = model.tensor(block + "attn_v_b.weight");
    const std::size_t plain = keys.shape[0];
    const std::size_t rank = keys.shape[1];
    const std::size_t heads = keys.shape[2];
    const std::size_t value_rows = values.shape[1];
    const std::vector<float> of_keys = decode(keys);
    const std::vector<float> of_values = decode(values);
    std::vector<float> joint;
    for (std::size_t head = 0; head < heads; ++head) {
      for (std::size_t n = 0; n < plain; ++n) {
        for (std::size_t c = 0; c < rank; ++c) joint.push_back(of_keys[(head * rank + c) * plain + n]);
      }
      const auto own = std::span(of_values).subspan(head * value_rows * rank, value_rows * rank);
      joint.insert(joint.end(), own.begin(), own.end());
    }
    model.erase(block + "attn_k_b.weight");
    model.erase(block + "attn_v_b.weight");
    model.tensors.push_back(stored(block + "attn_kv_b.weight", {rank, heads * (plain + value_rows)}, joint));
  }
}

// Stores the embeddings again as the output matrix.
inline void repeat_embeddings_as_output(RandomModel& model) {
  StoredTensor output = model.tensor("token_embd.weight");
  output.name = "output.weight";
  model.erase("output.weight");
  model.tensors.push_back(std::move(output));
}

// Renames the keys of one architecture to another's; their values are unchanged.
inline void rename_architecture(RandomModel& model, const std::string& from, const std::string& to) {
  const ModelFile file(model);
  gguf::MetadataBuilder keys;
  for (const auto& [key, value] : file.file().metadata().entries()) {
    const bool is_own = key.starts_with(from + ".");
    keys.copy(is_own ? to + std::string(key.substr(from.size())) : std::string(key), value);
  }
  keys.set("general.architecture", to);
  model.keys = keys;
}

}  // namespace rocmforge::testing
