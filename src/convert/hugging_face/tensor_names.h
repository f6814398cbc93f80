// What a checkpoint's tensors are called in GGUF files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::convert {

// A checkpoint's tensor name, taken apart: "model.layers.3.mlp.experts.7.up_proj.weight" is layer 3, expert 7, role
// "mlp.experts.up_proj", ending ".weight".
struct TensorName {
  std::string full;
  std::string role;
  std::string ending;  // ".weight", ".bias", or nothing
  std::optional<int> layer;
  std::optional<int> expert;
  enum class Stack { kDecoder, kEncoder } stack = Stack::kDecoder;  // of models that have both

  // Without what the model's wrappers put in front.
  static TensorName parse(std::string_view name);
};

// Tensors of no use to the language model: images, sound, position tables that are computed, causal masks.
bool is_left_out(std::string_view name);

// "blk.3.ffn_up_exps", without an ending; nothing when no name is known for it.
std::optional<std::string> gguf_name(const TensorName& name, std::string_view architecture);

}  // namespace rocmforge::convert
