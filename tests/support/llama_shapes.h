// Lists the tensors of well-known models, by name, format and shape, without their data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gguf/tensor.h"
#include "quant/formats.h"

namespace rocmforge::testing {

struct NamedShape {
  std::string name;
  quant::FormatId format;
  gguf::Shape shape;
};

struct LlamaShape {
  std::uint64_t layers;
  std::uint64_t width;
  std::uint64_t ffn;
  std::uint64_t vocabulary;
  std::uint64_t heads;
  std::uint64_t kv_heads;
  bool has_rope_freqs = false;
};

inline constexpr LlamaShape kLlama2_7B = {32, 4096, 11008, 32000, 32, 32};
inline constexpr LlamaShape kLlama31_8B = {32, 4096, 14336, 128256, 32, 8, true};

// Returns the tensors as converters store them: matrices in `matrices`, norms in F32.
inline std::vector<NamedShape> llama_tensors(const LlamaShape& llama,
                                             quant::FormatId matrices = quant::FormatId::kF16) {
  using enum quant::FormatId;
  const std::uint64_t kv_width = llama.width / llama.heads * llama.kv_heads;
  std::vector<NamedShape> tensors = {{"token_embd.weight", matrices, {llama.width, llama.vocabulary}}};
  if (llama.has_rope_freqs) tensors.push_back({"rope_freqs.weight", kF32, {llama.width / llama.heads / 2}});
  for (std::uint64_t layer = 0; layer < llama.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    tensors.push_back({block + "attn_norm.weight", kF32, {llama.width}});
    tensors.push_back({block + "attn_q.weight", matrices, {llama.width, llama.width}});
    tensors.push_back({block + "attn_k.weight", matrices, {llama.width, kv_width}});
    tensors.push_back({block + "attn_v.weight", matrices, {llama.width, kv_width}});
    tensors.push_back({block + "attn_output.weight", matrices, {llama.width, llama.width}});
    tensors.push_back({block + "ffn_norm.weight", kF32, {llama.width}});
    tensors.push_back({block + "ffn_gate.weight", matrices, {llama.width, llama.ffn}});
    tensors.push_back({block + "ffn_up.weight", matrices, {llama.width, llama.ffn}});
    tensors.push_back({block + "ffn_down.weight", matrices, {llama.ffn, llama.width}});
  }
  tensors.push_back({"output_norm.weight", kF32, {llama.width}});
  tensors.push_back({"output.weight", matrices, {llama.width, llama.vocabulary}});
  return tensors;
}

}  // namespace rocmforge::testing
