#include "make_model.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "base/float_formats.h"
#include "gguf/writer.h"
#include "quant/formats.h"

namespace rocmforge::bench {
namespace {

// TinyLlama's dimensions: 1.1 billion parameters with 22 layers.
constexpr std::uint64_t kWidth = 2048;
constexpr std::uint64_t kKvWidth = 256;
constexpr std::uint64_t kFfn = 5632;
constexpr std::uint64_t kVocabulary = 32000;
constexpr std::uint64_t kLayerParameters = 2 * kWidth + 2 * kWidth * kWidth + 2 * kWidth * kKvWidth + 3 * kWidth * kFfn;
constexpr std::uint64_t kOtherParameters = 2 * kWidth * kVocabulary + kWidth;

std::vector<gguf::TensorSpec> tensors_of(std::uint64_t layers) {
  const quant::Format* half = &quant::format_of(quant::FormatId::kF16);
  const quant::Format* single = &quant::format_of(quant::FormatId::kF32);
  std::vector<gguf::TensorSpec> tensors = {{"token_embd.weight", half, {kWidth, kVocabulary}}};
  for (std::uint64_t layer = 0; layer < layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    tensors.push_back({block + "attn_norm.weight", single, {kWidth}});
    tensors.push_back({block + "attn_q.weight", half, {kWidth, kWidth}});
    tensors.push_back({block + "attn_k.weight", half, {kWidth, kKvWidth}});
    tensors.push_back({block + "attn_v.weight", half, {kWidth, kKvWidth}});
    tensors.push_back({block + "attn_output.weight", half, {kWidth, kWidth}});
    tensors.push_back({block + "ffn_norm.weight", single, {kWidth}});
    tensors.push_back({block + "ffn_gate.weight", half, {kWidth, kFfn}});
    tensors.push_back({block + "ffn_up.weight", half, {kWidth, kFfn}});
    tensors.push_back({block + "ffn_down.weight", half, {kFfn, kWidth}});
  }
  tensors.push_back({"output_norm.weight", single, {kWidth}});
  tensors.push_back({"output.weight", half, {kWidth, kVocabulary}});
  return tensors;
}

gguf::MetadataBuilder metadata_of(std::uint64_t layers) {
  gguf::MetadataBuilder keys;
  keys.set("general.architecture", std::string("llama"));
  keys.set("general.name", std::string("Random weights"));
  keys.set("general.file_type", std::uint32_t{1});
  keys.set("llama.block_count", static_cast<std::uint32_t>(layers));
  keys.set("llama.context_length", std::uint32_t{2048});
  keys.set("llama.embedding_length", static_cast<std::uint32_t>(kWidth));
  keys.set("llama.feed_forward_length", static_cast<std::uint32_t>(kFfn));
  keys.set("llama.attention.head_count", std::uint32_t{32});
  keys.set("llama.attention.head_count_kv", std::uint32_t{4});
  keys.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  return keys;
}

// Returns normally distributed values, like those of real weights. Tensors take different sections of them, so that no
// two are alike.
std::vector<Half> random_weights() {
  std::mt19937 generator(1);
  std::normal_distribution<float> distribution(0, 0.02f);
  std::vector<Half> weights((1 << 22) + 1);
  for (Half& weight : weights) weight = to_half(distribution(generator));
  return weights;
}

}  // namespace

std::uint64_t make_model(const std::string& path, std::uint64_t parameters) {
  const std::uint64_t wanted = parameters > kOtherParameters ? parameters - kOtherParameters : 0;
  const std::uint64_t layers = std::max<std::uint64_t>((wanted + kLayerParameters / 2) / kLayerParameters, 1);
  const std::vector<Half> weights = random_weights();
  const std::vector<float> norm(kWidth, 1.0f);
  const std::vector<gguf::TensorSpec> tensors = tensors_of(layers);
  gguf::Writer writer(path, metadata_of(layers), tensors);
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const bool is_norm = tensors[t].format->id == quant::FormatId::kF32;
    const std::span source = is_norm ? std::as_bytes(std::span(norm)) : std::as_bytes(std::span(weights));
    const std::uint64_t size = gguf::stored_size(*tensors[t].format, tensors[t].shape).bytes;
    for (std::uint64_t offset = 0; offset < size;) {
      const std::uint64_t start = is_norm ? 0 : (offset + t * 4099 * sizeof(Half)) % source.size();
      const std::uint64_t length = std::min(size - offset, source.size() - start);
      writer.write_at(t, offset, source.subspan(start, length));
      offset += length;
    }
  }
  writer.finish();
  return layers * kLayerParameters + kOtherParameters;
}

}  // namespace rocmforge::bench
