// Writes a small Llama with random weights to a file, for tests of whole commands.
#pragma once

#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/float_formats.h"
#include "gguf/writer.h"
#include "support/llama_shapes.h"

namespace rocmforge::testing {

inline constexpr LlamaShape kTinyLlama = {2, 256, 512, 320, 4, 2};

inline gguf::MetadataBuilder llama_metadata(const LlamaShape& llama) {
  gguf::MetadataBuilder keys;
  keys.set("general.architecture", std::string("llama"));
  keys.set("general.name", std::string("Tiny"));
  keys.set("llama.block_count", static_cast<std::uint32_t>(llama.layers));
  keys.set("llama.context_length", std::uint32_t{2048});
  keys.set("llama.embedding_length", static_cast<std::uint32_t>(llama.width));
  keys.set("llama.feed_forward_length", static_cast<std::uint32_t>(llama.ffn));
  keys.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  keys.set("llama.attention.head_count", static_cast<std::uint32_t>(llama.heads));
  keys.set("llama.attention.head_count_kv", static_cast<std::uint32_t>(llama.kv_heads));
  return keys;
}

// Changes the values of a tensor as a test requires.
using Change = std::function<void(const std::string& tensor, std::vector<float>& values)>;

// Writes a Llama with matrices in F32, F16 or BF16.
inline void write_llama(const std::string& path, const LlamaShape& llama,
                        quant::FormatId matrices = quant::FormatId::kF16, const Change& change = {},
                        const gguf::MetadataBuilder& keys = {}) {
  const std::vector<NamedShape> tensors = llama_tensors(llama, matrices);
  std::vector<gguf::TensorSpec> specs;
  for (const NamedShape& tensor : tensors)
    specs.push_back({tensor.name, &quant::format_of(tensor.format), tensor.shape});
  gguf::Writer writer(path, keys, specs);
  std::mt19937 generator(7);
  std::normal_distribution<float> distribution(0, 0.02f);
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    std::vector<float> values(tensors[t].shape.count());
    for (float& value : values) value = distribution(generator);
    if (change) change(tensors[t].name, values);
    std::vector<Half> halves(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      halves[i] = matrices == quant::FormatId::kBF16 ? Half{to_bfloat16(values[i]).bits} : to_half(values[i]);
    }
    const bool is_single = tensors[t].format == quant::FormatId::kF32;
    writer.write_at(t, 0, is_single ? std::as_bytes(std::span(values)) : std::as_bytes(std::span(halves)));
  }
  writer.finish();
}

inline std::string tiny_llama(const std::string& path, quant::FormatId matrices = quant::FormatId::kF16,
                              const Change& change = {}) {
  write_llama(path, kTinyLlama, matrices, change, llama_metadata(kTinyLlama));
  return path;
}

}  // namespace rocmforge::testing
