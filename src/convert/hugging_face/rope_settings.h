// Reads the settings of rotary positions from a configuration, in the old form (`rope_theta`, `rope_scaling`) and in
// the new one (`rope_parameters`, with an object for each kind of attention if there are several).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "convert/hugging_face/config.h"

namespace rocmforge::convert {

class RopeSettings {
 public:
  explicit RopeSettings(const Config& config);

  // "default", "linear", "yarn", "llama3", "longrope", ...
  std::string type() const { return text("rope_type").value_or(text("type").value_or("default")); }

  // These return the settings of layers with full attention.
  std::optional<float> number(std::string_view name) const;
  std::optional<std::uint32_t> count(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;
  std::optional<std::vector<float>> numbers(std::string_view name) const;

  std::optional<float> window_base() const;  // of layers with a sliding window

 private:
  template <typename Find>
  auto first_of(std::string_view name, Find find) const;

  const Config& config_;
  bool has_kinds_ = false;
};

}  // namespace rocmforge::convert
