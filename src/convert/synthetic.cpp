#include "convert/synthetic.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <random>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "models/registry.h"
#include "models/tensor_list.h"
#include "quant/codec.h"

namespace rocmforge::convert {
namespace {

constexpr std::array kShapes = {
    SyntheticShape{"llama-0.5b", "llama", 28, 1024, 4096, 16, 4, 32000, 4096, false, 0, 0},
    SyntheticShape{"qwen-0.5b", "qwen2", 24, 896, 4864, 14, 2, 151936, 32768, true, 0, 0},
    SyntheticShape{"llama-1b", "llama", 16, 2048, 8192, 32, 8, 128256, 131072, true, 0, 0},
    SyntheticShape{"llama-3b", "llama", 28, 3072, 8192, 24, 8, 128256, 131072, true, 0, 0},
    SyntheticShape{"llama-7b", "llama", 32, 4096, 11008, 32, 32, 32000, 4096, false, 0, 0},
    SyntheticShape{"llama-8b", "llama", 32, 4096, 14336, 32, 8, 128256, 131072, false, 0, 0},
    SyntheticShape{"moe-8x1b", "llama", 22, 2048, 5632, 32, 4, 32000, 4096, false, 8, 2},
};

const SyntheticShape& find_shape(std::string_view name) {
  const auto found = std::ranges::find(kShapes, name, &SyntheticShape::name);
  if (found != kShapes.end()) return *found;
  std::vector<std::string_view> names;
  for (const SyntheticShape& shape : kShapes) names.push_back(shape.name);
  throw error(ErrorCode::kUsage, "--synthetic {}: expected {}", printable(name), fmt::join(names, ", "));
}

gguf::MetadataBuilder metadata_of(const SyntheticShape& shape, const Target& target) {
  gguf::MetadataBuilder keys;
  const auto set = [&](std::string_view key, auto value) {
    keys.set(fmt::format("{}.{}", shape.architecture, key), value);
  };
  const auto count = [](int value) { return static_cast<std::uint32_t>(value); };
  keys.set("general.architecture", shape.architecture);
  keys.set("general.name", fmt::format("{} (random weights)", shape.name));
  if (const auto file_type = target.file_type()) keys.set("general.file_type", *file_type);
  set("block_count", count(shape.layers));
  set("context_length", count(shape.context));
  set("embedding_length", count(shape.width));
  set("feed_forward_length", count(shape.ffn_width));
  set("attention.head_count", count(shape.heads));
  set("attention.head_count_kv", count(shape.kv_heads));
  set("attention.layer_norm_rms_epsilon", 1e-5f);
  set("rope.freq_base", 500000.0f);
  set("rope.dimension_count", count(shape.width / shape.heads));
  set("vocab_size", count(shape.vocabulary));
  if (shape.experts > 0) {
    set("expert_count", count(shape.experts));
    set("expert_used_count", count(shape.experts_used));
  }
  return keys;
}

// Returns the tensors as the architecture itself lists them. It describes models from metadata that was read from a
// file, so a file without tensors is made in memory and opened.
std::vector<models::ListedTensor> tensors_of(const SyntheticShape& shape, const gguf::MetadataBuilder& keys) {
  const gguf::MemoryImage image(keys, {});
  const gguf::File file = gguf::File::from_memory(image.bytes(), std::string(shape.name));
  const models::Description description =
      models::describe({file.metadata(), shape.vocabulary, [](const std::string&) { return false; }});
  std::vector<models::ListedTensor> tensors = models::list_tensors(description.spec);
  if (!shape.is_tied) {
    const auto columns = static_cast<std::uint64_t>(shape.width);
    tensors.push_back({"output.weight", {columns, static_cast<std::uint64_t>(shape.vocabulary)}, true, false});
  }
  // Keep, of all optional tensors, only Qwen's biases of queries, keys and values.
  std::erase_if(tensors, [&](const models::ListedTensor& tensor) {
    const bool is_bias = tensor.name.find(".attn_") != std::string::npos && tensor.name.ends_with(".bias");
    return tensor.is_optional && !(shape.architecture == "qwen2" && is_bias);
  });
  return tensors;
}

// A pool of blocks of normally distributed values in one format. Tensors take different sections of it, so that no two
// are alike.
class WeightPool {
 public:
  explicit WeightPool(const quant::Format& format) : block_bytes_(format.block_bytes) {
    std::mt19937 random(1);
    std::normal_distribution<float> distribution(0, 0.02f);
    std::vector<float> values(kValues);
    for (float& value : values) value = distribution(random);
    bytes_.resize(kValues / format.block_values * format.block_bytes);
    quant::encode_row(format, values, {}, bytes_);
  }

  void fill(std::span<std::byte> tensor, std::size_t number) const {
    std::size_t from = number * 7919 * block_bytes_ % bytes_.size();
    for (std::size_t at = 0; at < tensor.size();) {
      const std::size_t length = std::min(tensor.size() - at, bytes_.size() - from);
      std::memcpy(tensor.data() + at, bytes_.data() + from, length);
      at += length;
      from = 0;
    }
  }

 private:
  // The number of blocks is a prime near a power of two, so that the rows of a tensor do not repeat with the pool's
  // period.
  static constexpr std::size_t kValues = std::size_t{256} * 8191;
  std::size_t block_bytes_;
  std::vector<std::byte> bytes_;
};

class WeightSource {
 public:
  explicit WeightSource(const SyntheticModel& model) : model_(model) {}

  void fill(std::size_t number, std::span<std::byte> bytes) {
    const gguf::TensorSpec& tensor = model_.tensors[number];
    if (tensor.name.find("norm") != std::string::npos) {
      const std::vector<float> ones(bytes.size() / sizeof(float), 1.0f);
      std::memcpy(bytes.data(), ones.data(), bytes.size());
      return;
    }
    const auto found = pools_.try_emplace(tensor.format->id, *tensor.format).first;
    found->second.fill(bytes, number);
  }

 private:
  const SyntheticModel& model_;
  std::map<quant::FormatId, WeightPool> pools_;
};

}  // namespace

std::span<const SyntheticShape> synthetic_shapes() { return kShapes; }

SyntheticModel synthetic_model(std::string_view name, std::string_view type) {
  const SyntheticShape& shape = find_shape(name);
  const Target target = parse_target(type, false);
  SyntheticModel model;
  model.metadata = metadata_of(shape, target);
  const std::vector<models::ListedTensor> listed = tensors_of(shape, model.metadata);
  std::vector<SourceTensor> sources;
  for (const models::ListedTensor& tensor : listed) {
    const auto format = tensor.is_matrix ? quant::FormatId::kF16 : quant::FormatId::kF32;
    sources.push_back({tensor.name, &quant::format_of(format), tensor.shape});
  }
  const ModelTraits traits{.architecture = std::string(shape.architecture),
                           .blocks = shape.layers,
                           .heads = shape.heads,
                           .kv_heads = shape.kv_heads,
                           .experts = shape.experts};
  model.plan = plan_quantization(std::move(sources), traits, target, {});
  const auto unwritable = model.plan.formats_without_encoder();
  if (!unwritable.empty()) {
    throw error(ErrorCode::kUnsupported, "--type {}: {} cannot be written", type, fmt::join(unwritable, ", "));
  }
  for (std::size_t i = 0; i < listed.size(); ++i) {
    model.tensors.push_back({listed[i].name, model.plan.tensors[i].target, listed[i].shape});
    model.plan.tensors[i].source.name = model.tensors[i].name;
  }
  return model;
}

gguf::MemoryImage make_synthetic(const SyntheticModel& model) {
  gguf::MemoryImage image(model.metadata, model.tensors);
  WeightSource weights(model);
  for (std::size_t t = 0; t < model.tensors.size(); ++t) weights.fill(t, image.tensor(t));
  return image;
}

void write_synthetic(const SyntheticModel& model, const std::string& path) {
  gguf::Writer writer(path, model.metadata, model.tensors);
  WeightSource weights(model);
  std::vector<std::byte> bytes;
  for (std::size_t t = 0; t < model.tensors.size(); ++t) {
    bytes.resize(writer.size_of(t));
    weights.fill(t, bytes);
    writer.write_at(t, 0, bytes);
  }
  writer.finish();
}

}  // namespace rocmforge::convert
