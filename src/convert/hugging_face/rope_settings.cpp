#include "convert/hugging_face/rope_settings.h"

#include <fmt/format.h>

namespace rocmforge::convert {

RopeSettings::RopeSettings(const Config& config)
    : config_(config), has_kinds_(config.has("rope_parameters.full_attention")) {}

template <typename Find>
auto RopeSettings::first_of(std::string_view name, Find find) const {
  const std::string kind = fmt::format("rope_parameters.full_attention.{}", name);
  const std::string now = fmt::format("rope_parameters.{}", name);
  const std::string before = fmt::format("rope_scaling.{}", name);
  if (has_kinds_) return find(Config::Names{kind, now});
  return find(Config::Names{now, before});
}

std::optional<float> RopeSettings::number(std::string_view name) const {
  const auto found = first_of(name, [&](Config::Names names) { return config_.number(names); });
  if (found) return found;
  // Older files have it beside the object.
  if (name == "rope_theta")
    return config_.number(
        {"rope_theta", "rotary_emb_base", "global_rope_theta", "rope_base", "attn_config.rope_theta"});
  if (name == "original_max_position_embeddings") return config_.number({name});
  return std::nullopt;
}

std::optional<std::uint32_t> RopeSettings::count(std::string_view name) const {
  const auto found = first_of(name, [&](Config::Names names) { return config_.count(names); });
  return found || name != "original_max_position_embeddings" ? found : config_.count({name});
}

std::optional<std::string> RopeSettings::text(std::string_view name) const {
  return first_of(name, [&](Config::Names names) { return config_.text(names); });
}

std::optional<std::vector<float>> RopeSettings::numbers(std::string_view name) const {
  return first_of(name, [&](Config::Names names) { return config_.numbers(names); });
}

std::optional<float> RopeSettings::window_base() const {
  return config_.number(
      {"rope_parameters.sliding_attention.rope_theta", "rope_local_base_freq", "local_rope_theta", "swa_rope_theta"});
}

}  // namespace rocmforge::convert
