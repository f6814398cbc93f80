// Maps the names of a checkpoint's tensors to their names in GGUF files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::convert {

// The parts of a checkpoint's tensor name: "model.layers.3.mlp.experts.7.up_proj.weight" is layer 3, expert 7, role
// "mlp.experts.up_proj", ending ".weight".
struct TensorName {
  std::string full;
  std::string role;
  std::string ending;  // ".weight", ".bias", or nothing
  std::optional<int> layer;
  std::optional<int> expert;
  enum class Stack { kDecoder, kEncoder } stack = Stack::kDecoder;  // for models that have both

  // Parses a name and drops the prefixes of wrapper classes.
  static TensorName parse(std::string_view name);
};

// Returns whether the language model does not use the tensor: images, sound, computed position tables, causal masks.
bool is_left_out(std::string_view name);

// Returns the GGUF name without its ending, such as "blk.3.ffn_up_exps", or nothing if no name is known.
std::optional<std::string> gguf_name(const TensorName& name, std::string_view architecture);

}  // namespace rocmforge::convert
