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
  const char* other = norm == ops::NormKind::kRms ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
  if (!h.has(epsilon) && h.has(other)) {
    h.assume(fmt::format("'{}' is missing: '{}' is assumed", h.key(epsilon), h.key(other)), true);
    epsilon = other;
  }
  spec.norm.epsilon = h.required_number(epsilon, 1e-16f, 0.1f);
  spec.layers.resize(static_cast<std::size_t>(h.layers));
  for (int i = h.layers; i < h.stored_layers(); ++i) spec.ignored_tensors.push_back(fmt::format("blk.{}.", i));
  // Tensors of vision and audio encoders and of multi-token prediction.
  spec.ignored_tensors.insert(spec.ignored_tensors.end(), {"v.", "a.", "mm.", "mtp."});
  return spec;
}

namespace {

DecoderSpec attention_and_feed_forward(Hyperparameters& h, ops::NormKind norm, bool norm_bias) {
  DecoderSpec spec = bare_decoder(h, norm, norm_bias);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].mixer = attention_of(h, i);
    spec.layers[i].ffn = feed_forward_of(h, i);
  }
  return spec;
}

}  // namespace

DecoderSpec llama_like(Hyperparameters& h) { return attention_and_feed_forward(h, ops::NormKind::kRms, false); }

DecoderSpec layer_norm_like(Hyperparameters& h, bool norm_bias) {
  return attention_and_feed_forward(h, ops::NormKind::kLayer, norm_bias);
}

DecoderSpec rotated_llama(Hyperparameters& h, const RopeHabits& habits) {
  DecoderSpec spec = llama_like(h);
  rotate(h, spec, habits);
  allow_attention_biases(spec);
  return spec;
}

void allow_attention_biases(DecoderSpec& spec, Need need) {
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    attention.qkv_bias = need;
    attention.output_bias = need;
  });
}

void normalize_queries_and_keys(DecoderSpec& spec, const QueryKeyNormSpec& norm) {
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.query_key_norm = norm; });
}

void normalize_results(DecoderSpec& spec) {
  for (LayerSpec& layer : spec.layers) {
    layer.norms.mixer_post = "post_attention_norm";
    layer.norms.ffn_post = "post_ffw_norm";
  }
}

void remove_gates(DecoderSpec& spec, ops::Activation activation, Need bias) {
  for (LayerSpec& layer : spec.layers) {
    if (!layer.ffn) continue;
    layer.ffn->is_gated = false;
    layer.ffn->activation = activation;
    layer.ffn->bias = bias;
  }
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
  attention.qkv_bias = Need::kOptional;
  return attention;
}

FeedForwardSpec feed_forward_of(Hyperparameters& h, std::size_t layer) {
  FeedForwardSpec ffn;
  ffn.width = h.ffn_width[layer];
  if (ffn.width == 0) throw h.wrong("'{}' is missing or 0, expected 1 to {}", h.key("feed_forward_length"), kMostWidth);
  return ffn;
}

void check_divisor(const Hyperparameters& h, const char* key, int divisor, const char* of, int whole) {
  if (whole % divisor == 0) return;
  throw h.wrong("'{}' is {}, not a divisor of '{}' {}", h.key(key), divisor, h.key(of), whole);
}

float number_or_none(Hyperparameters& h, std::string_view name, float none, float greatest, float least) {
  const float value = h.required_number(name, 0, greatest);
  if (value == 0) return none;
  return h.required_number(name, least, greatest);
}

float soft_cap_or_none(Hyperparameters& h, std::string_view name) {
  return h.has(name) ? number_or_none(h, name, 0, 1e6f) : 0;
}

float expected_soft_cap(Hyperparameters& h, std::string_view name, float otherwise) {
  return h.has(name) ? soft_cap_or_none(h, name) : h.expected_number(name, otherwise, 0, 1e6f);
}

float expected_factor(Hyperparameters& h, std::string_view name, float otherwise) {
  if (h.has(name)) return number_or_none(h, name, otherwise, 1e4f, 1e-4f);
  return h.expected_number(name, otherwise, 0, 0);
}

namespace {

bool has_long_factors(const Hyperparameters& h) {
  return h.has_tensor("rope_factors_long.weight") || h.has_tensor("rope_factors_short.weight");
}

// Returns the length beyond which YaRN and long factors apply.
int read_original_context(Hyperparameters& h, bool is_yarn) {
  const char* const name = "rope.scaling.original_context_length";
  const int original = h.optional(name, h.context, 1, kMostContext);
  if (!is_yarn && !has_long_factors(h)) return original;
  if (!h.has(name))
    h.assume(fmt::format("'{}' is missing: the trained length {} is assumed", h.key(name), h.context), true);
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
    h.assume(fmt::format("'{}' is missing: linear is assumed, as there is a factor", h.key("rope.scaling.type")), true);
  rope.scaling = type == "yarn" ? RopeScaling::kYarn : RopeScaling::kLinear;
  if (rope.scaling == RopeScaling::kLinear) return;
  rope.beta_fast = h.optional_number("rope.scaling.yarn_beta_fast", 32, 1e-3f, 1e6f);
  rope.beta_slow = h.optional_number("rope.scaling.yarn_beta_slow", 1, 1e-3f, 1e6f);
  rope.magnitude *= h.optional_number("rope.scaling.yarn_attn_factor", 1, 1e-3f, 1e3f);
  rope.magnitude *= 1 + 0.1f * std::log(rope.factor);
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

void rotate(Hyperparameters& h, DecoderSpec& spec, const RopeHabits& habits) {
  const RopeSpec rope = rope_of(h, h.key_size(), habits);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.rope = rope; });
}

RopeSpec with_window_base(Hyperparameters& h, RopeSpec rope, bool states_base) {
  const char* const name = "rope.freq_base_swa";
  rope.base = states_base ? h.expected_number(name, rope.base, kLeastRopeBase, kMostRopeBase)
                          : h.optional_number(name, rope.base, kLeastRopeBase, kMostRopeBase);
  return rope;
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

std::vector<bool> stated_windowed_layers(Hyperparameters& h) {
  const char* const name = "attention.sliding_window_pattern";
  if (!h.has(name)) throw h.wrong("key '{}' is missing", h.key(name));
  return windowed_layers(h, 1);
}

void set_windows(DecoderSpec& spec, const std::vector<bool>& windowed, int window) {
  for_each_attention(spec,
                     [&](AttentionSpec& attention, std::size_t i) { attention.window = windowed[i] ? window : 0; });
}

}  // namespace rocmforge::models
