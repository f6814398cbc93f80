#include "models/architectures/building_blocks.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace rocmforge::models {

DecoderSpec bare_decoder(Hyperparameters& h, ops::NormKind norm, bool norm_bias) {
  DecoderSpec spec;
  spec.architecture = h.architecture();
  spec.width = h.width;
  spec.vocabulary = h.vocabulary;
  spec.context = h.context;
  spec.norm.kind = norm;
  spec.norm.has_bias = norm_bias;
  const char* epsilon =
      norm == ops::NormKind::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  spec.norm.epsilon = h.required_number(epsilon, 1e-16f, 0.1f);
  spec.layers.resize(static_cast<std::size_t>(h.layers));
  for (int i = h.layers; i < h.stored_layers(); ++i) spec.ignored_tensors.push_back(fmt::format("blk.{}.", i));
  return spec;
}

DecoderSpec llama_like(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].mixer = attention_of(h, i);
    spec.layers[i].ffn = feed_forward_of(h, i);
  }
  return spec;
}

AttentionSpec attention_of(Hyperparameters& h, std::size_t layer) {
  AttentionSpec attention;
  attention.heads = h.heads[layer];
  attention.kv_heads = h.kv_heads[layer];
  if (attention.heads == 0) {
    throw h.wrong("'{}' is missing or 0, expected 1 to {}", h.key("attention.head_count"), kMostHeads);
  }
  if (attention.kv_heads == 0 || attention.heads % attention.kv_heads != 0) {
    throw h.wrong("'{}' is {}, not a divisor of '{}' {}", h.key("attention.head_count_kv"), attention.kv_heads,
                  h.key("attention.head_count"), attention.heads);
  }
  attention.key_size = h.key_size();
  attention.value_size = h.value_size();
  attention.scale = 1 / std::sqrt(static_cast<float>(attention.key_size));
  return attention;
}

FeedForwardSpec feed_forward_of(Hyperparameters& h, std::size_t layer) {
  FeedForwardSpec ffn;
  ffn.width = h.ffn_width[layer];
  if (ffn.width == 0) throw h.wrong("'{}' is missing or 0, expected 1 to {}", h.key("feed_forward_length"), kMostWidth);
  return ffn;
}

float number_or_none(Hyperparameters& h, std::string_view name, float none, float greatest) {
  const float value = h.required_number(name, 0, greatest);
  if (value == 0) return none;
  return h.required_number(name, 1e-2f, greatest);
}

namespace {

bool has_long_factors(const Hyperparameters& h) {
  return h.has_tensor("rope_factors_long.weight") || h.has_tensor("rope_factors_short.weight");
}

// The length from which on YaRN and long factors stretch the positions.
int read_original_context(Hyperparameters& h, bool is_yarn) {
  const char* const name = "rope.scaling.original_context_length";
  const int original = h.optional(name, h.context, 1, kMostContext);
  if (!is_yarn && !has_long_factors(h)) return original;
  if (!h.has(name))
    h.assume(fmt::format("'{}' is missing: the trained length {} is taken", h.key(name), h.context), true);
  if (original > h.context) {
    h.assume(fmt::format("'{}' is {}, more than the trained length {}", h.key(name), original, h.context), true);
  }
  return original;
}

void read_scaling(Hyperparameters& h, RopeSpec& rope) {
  const std::string type = h.metadata().get_or<std::string>(h.key("rope.scaling.type"), "");
  const bool has_factor = h.has("rope.scaling.factor") || h.has("rope.scale_linear");
  if (type != "" && type != "none" && type != "linear" && type != "yarn" && type != "longrope") {
    throw h.wrong("'{}' is '{}', expected none, linear, yarn or longrope", h.key("rope.scaling.type"), type);
  }
  rope.original_context = static_cast<float>(read_original_context(h, type == "yarn"));
  rope.magnitude = h.optional_number("rope.scaling.attn_factor", 1, 1e-3f, 1e3f);
  if (type == "none" || type == "longrope" || (type == "" && !has_factor)) return;
  if (!has_factor)
    throw h.wrong("'{}' is '{}', but '{}' is missing", h.key("rope.scaling.type"), type, h.key("rope.scaling.factor"));
  rope.factor = number_or_none(h, h.has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear", 1, 1e6f);
  if (type == "")
    h.assume(fmt::format("'{}' is missing: linear is taken, as there is a factor", h.key("rope.scaling.type")), true);
  rope.scaling = type == "yarn" ? RopeScaling::kYarn : RopeScaling::kLinear;
  if (rope.scaling == RopeScaling::kLinear) return;
  rope.beta_fast = h.optional_number("rope.scaling.yarn_beta_fast", 32, 1e-3f, 1e6f);
  rope.beta_slow = h.optional_number("rope.scaling.yarn_beta_slow", 1, 1e-3f, 1e6f);
  rope.magnitude *= h.optional_number("rope.scaling.yarn_attn_factor", 1, 1e-3f, 1e3f);
  rope.magnitude *= 1 + 0.1f * std::log(rope.factor);
}

// Groups of experts of which a few are chosen first. A count of 0 or 1 is how converters say that there are none.
void read_groups(Hyperparameters& h, ExpertsSpec& experts) {
  const std::string count = "expert_group_count";
  const std::string used = "expert_group_used_count";
  if (h.has(used) && !h.has(count)) h.assume(fmt::format("'{}' is missing: one group is taken", h.key(count)), true);
  experts.groups = std::max(1, h.optional(count, 1, 0, std::min(h.experts, kMostExpertGroups)));
  const int stated = h.optional(used, 0, 0, h.experts);
  if (stated > experts.groups || (experts.groups > 1 && stated == 0)) {
    throw h.wrong("'{}' is {}, of '{}' {}", h.key(used), stated, h.key(count), experts.groups);
  }
  experts.groups_used = std::max(1, stated);
  if (h.experts % experts.groups != 0) {
    throw h.wrong("'{}' is {}, not a divisor of '{}' {}", h.key("expert_group_count"), experts.groups,
                  h.key("expert_count"), h.experts);
  }
  if (h.experts / experts.groups * experts.groups_used < h.experts_used) {
    throw h.wrong("'{}' is {}: their {} experts are fewer than '{}' {}", h.key("expert_group_used_count"),
                  experts.groups_used, h.experts / experts.groups * experts.groups_used, h.key("expert_used_count"),
                  h.experts_used);
  }
}

}  // namespace

RopeSpec rope_of(Hyperparameters& h, int head_size, const RopeHabits& habits) {
  RopeSpec rope;
  rope.pairing = habits.pairing;
  rope.dimensions = habits.states_dimensions ? h.expected("rope.dimension_count", head_size, 1, kMostHeadSize)
                                             : h.optional("rope.dimension_count", head_size, 1, kMostHeadSize);
  if (rope.dimensions % 2 != 0 || rope.dimensions > head_size) {
    throw h.wrong("{} of a head's {} values ('{}') are to be rotated ('{}'), expected an even number of them",
                  rope.dimensions, head_size, h.key("attention.key_length"), h.key("rope.dimension_count"));
  }
  rope.base = habits.states_base ? h.expected_number("rope.freq_base", 10000, kLeastRopeBase, kMostRopeBase)
                                 : h.optional_number("rope.freq_base", 10000, kLeastRopeBase, kMostRopeBase);
  read_scaling(h, rope);
  return rope;
}

ExpertsSpec experts_of(Hyperparameters& h) {
  ExpertsSpec experts;
  if (h.experts == 0) throw h.wrong("'{}' is missing or 0, expected 1 to {}", h.key("expert_count"), kMostExperts);
  experts.count = h.experts;
  experts.used = h.experts_used;
  const int share = h.ffn_width.front() / h.experts_used;
  experts.width = h.optional("expert_feed_forward_length", share, 1, kMostWidth);
  if (experts.width == 0) {
    throw h.wrong("'{}' is missing, and so is '{}'", h.key("expert_feed_forward_length"), h.key("feed_forward_length"));
  }
  experts.scale = h.has("expert_weights_scale") ? number_or_none(h, "expert_weights_scale", 1, 1e3f) : 1;
  read_groups(h, experts);
  return experts;
}

std::vector<bool> windowed_layers(Hyperparameters& h, int period) {
  const auto count = static_cast<std::size_t>(h.layers);
  std::vector<bool> windowed(count);
  const gguf::Value* pattern = h.metadata().value(h.key("attention.sliding_window_pattern"));
  if (pattern != nullptr && pattern->type() == gguf::ValueType::kArray) {
    if (pattern->array().element_type() == gguf::ValueType::kBool) {
      const std::string key = h.key("attention.sliding_window_pattern");
      windowed = h.metadata().per_layer<bool>(key, static_cast<std::size_t>(h.stored_layers()));
    } else {
      const std::vector<int> flags = h.per_layer("attention.sliding_window_pattern", 0, 1);
      windowed.assign(flags.begin(), flags.end());
    }
    windowed.resize(count);
    return windowed;
  }
  const int every = h.optional("attention.sliding_window_pattern", period, 1, kMostLayers);
  for (std::size_t i = 0; i < count; ++i) windowed[i] = static_cast<int>(i) % every < every - 1;
  return windowed;
}

}  // namespace rocmforge::models
