// Reads the numbers that an architecture's metadata states and checks the range of each.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gguf/metadata.h"
#include "gguf/tensor.h"

namespace rocmforge::models {

// A value that the file does not state and that was assumed. If `matters`, the user gets a warning: files of this kind
// normally state it.
struct Assumption {
  std::string what;
  bool matters = false;
};

// The sources of the numbers: a file's metadata and its tensors.
struct Facts {
  const gguf::Metadata& metadata;
  int vocabulary = 0;  // rows of the embeddings
  std::function<bool(const std::string& tensor)> has_tensor;
  // Empty if the shapes are not known.
  std::function<std::optional<gguf::Shape>(const std::string& tensor)> shape_of = {};
};

class Hyperparameters {
 public:
  // The metadata must outlive this object.
  Hyperparameters(Facts facts, std::string architecture);

  const std::string& architecture() const { return architecture_; }
  const gguf::Metadata& metadata() const { return facts_.metadata; }
  bool has_tensor(const std::string& name) const { return facts_.has_tensor(name); }
  // Returns the shape of a tensor, for numbers that no key states, or nothing if there is no such tensor.
  std::optional<gguf::Shape> shape_of(const std::string& name) const;
  // Returns whether any layer that runs has the tensor, such as "attn_q_norm.weight". Every layer that may have it must
  // then have it.
  bool has_in_any_layer(std::string_view name) const;
  std::vector<Assumption>& assumptions() { return assumptions_; }

  // Returns the full key: "llama.block_count" for "block_count".
  std::string key(std::string_view name) const;
  bool has(std::string_view name) const;

  // Read a key, given without the architecture's prefix. All throw Error, with the key's name, if the value is outside
  // the range. If the key is missing, required() throws Error, expected() returns `otherwise` and adds a warning, and
  // optional() returns `otherwise`.
  int required(std::string_view name, int least, int greatest) const;
  int expected(std::string_view name, int otherwise, int least, int greatest);
  int optional(std::string_view name, int otherwise, int least, int greatest) const;
  float required_number(std::string_view name, float least, float greatest) const;
  float expected_number(std::string_view name, float otherwise, float least, float greatest);
  float optional_number(std::string_view name, float otherwise, float least, float greatest) const;
  bool optional_flag(std::string_view name, bool otherwise) const;
  bool required_flag(std::string_view name) const { return metadata().get<bool>(key(name)); }

  // Return one value per layer. The file has an array, or one value for all layers.
  std::vector<int> per_layer(std::string_view name, int least, int greatest) const;
  std::vector<int> per_layer_or(std::string_view name, const std::vector<int>& otherwise, int least,
                                int greatest) const;

  // Records an assumption, once even if several layers make it.
  void assume(const std::string& what, bool matters);

  // Returns an Error that names the file, for a combination of keys that is impossible.
  template <typename... Args>
  Error wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return error(ErrorCode::kMalformed, "{}: {}", metadata().file(), fmt::format(format, std::forward<Args>(args)...));
  }

  // ---- Numbers that all architectures have ----

  int width = 0;
  int layers = 0;  // layers that run; the file may have further ones for multi-token prediction
  int stored_layers() const { return stored_layers_; }
  int vocabulary = 0;
  int context = 0;         // trained length
  std::vector<int> heads;  // per layer; 0 if the layer has no attention
  std::vector<int> kv_heads;
  std::vector<int> ffn_width;
  int experts = 0;
  int experts_used = 0;

  // For architectures in which all layers have the same head sizes.
  int key_size() const;
  int value_size() const;

 private:
  void check_vocabulary();
  int head_size(std::string_view name) const;

  Facts facts_;
  std::string architecture_;
  int stored_layers_ = 0;
  std::vector<Assumption> assumptions_;
};

// Upper bounds of what is accepted from a file: far above any model, and small enough that no product of them
// overflows.
inline constexpr int kMostWidth = 1 << 20;
inline constexpr int kMostLayers = 4096;
inline constexpr int kMostHeads = 1 << 14;
inline constexpr int kMostHeadSize = 1 << 14;
inline constexpr int kMostExperts = 1 << 14;
inline constexpr int kMostTaps = 64;          // of a convolution
inline constexpr int kMostExpertGroups = 64;  // backends may keep a bit for each
inline constexpr int kMostContext = 1 << 26;
inline constexpr int kMostTokens = 1 << 28;

// Throws Error unless the value of a key is within the range. A value that is not a number is in no range.
template <typename T>
void check_range(const gguf::Metadata& metadata, std::string_view key, T value, T least, T greatest) {
  if (value >= least && value <= greatest) return;
  throw error(ErrorCode::kMalformed, "{}: '{}' is {}, expected {} to {}", metadata.file(), key, value, least, greatest);
}

}  // namespace rocmforge::models
