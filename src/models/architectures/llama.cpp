// Llama 1 to 4, Mistral, Mixtral, Yi, and the many models that share their form.
#include <cmath>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

void rotate_whole_heads(Hyperparameters& h, DecoderSpec& spec) {
  rotate(h, spec, {.pairing = ops::RopePairing::kNeighbours});
  const int head = h.key_size();
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    if (attention.rope->dimensions == head) return;
    throw h.wrong("'{}' is {}, expected the head's {} ('{}')", h.key("rope.dimension_count"),
                  attention.rope->dimensions, head, h.key("attention.key_length"));
  });
}

}  // namespace

DecoderSpec llama(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  rotate_whole_heads(h, spec);
  allow_attention_biases(spec);
  for (LayerSpec& layer : spec.layers) layer.ffn->bias = Need::kOptional;
  if (h.experts == 0) return spec;
  ExpertsSpec experts = experts_by(h, {.weights = ExpertHabits::Weights::kRenormalized,
                                       .width = ExpertHabits::Width::kDense,
                                       .shared = ExpertHabits::Shared::kByWidth});
  for (LayerSpec& layer : spec.layers) layer.ffn->experts = experts;
  return spec;
}

// Queries are scaled up with the position beyond the original context. YaRN's magnitude is divided by a value of this
// architecture.
DecoderSpec mistral3(Hyperparameters& h) {
  DecoderSpec spec = llama(h);
  RopeSpec rope = *std::get<AttentionSpec>(spec.layers.front().mixer).rope;
  float temperature = 0;
  if (rope.scaling == RopeScaling::kYarn) {
    const float multiplier = h.expected_number("rope.scaling.yarn_log_multiplier", 0, 0, 10);
    const float divisor = 1 + 0.1f * multiplier * std::log(rope.factor);
    if (!(divisor > 1e-3f)) {
      throw h.wrong("'{}' {} and '{}' {} give a magnitude of 1 over {}", h.key("rope.scaling.factor"), rope.factor,
                    h.key("rope.scaling.yarn_log_multiplier"), multiplier, divisor);
    }
    rope.magnitude /= divisor;
    temperature = h.expected_number("attention.temperature_scale", 0, 0, 1e3f);
  } else {
    temperature = h.optional_number("attention.temperature_scale", 0, 0, 1e3f);
  }
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    attention.rope = rope;
    attention.temperature = temperature;
    attention.temperature_length = rope.original_context;
  });
  return spec;
}

namespace {

// Returns whether positions are rotated: in all layers but every fourth, or without chunks in all but the last.
bool is_rotated(const Hyperparameters& h, std::size_t layer, bool has_chunks) {
  return has_chunks ? (layer + 1) % 4 != 0 : layer + 1 < static_cast<std::size_t>(h.layers);
}

constexpr int kChunk = 8192;              // positions per chunk; no file states it
constexpr float kTemperature = 0.1f;      // no file states it
constexpr int kExpertsWithoutNorm = 128;  // the model with this many experts does not normalize queries and keys

}  // namespace

DecoderSpec llama4(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  const bool has_chunks = h.optional("attention.sliding_window", 1, 0, kMostContext) > 0;
  const std::vector<bool> windowed = windowed_layers(h, 4);
  const RopeSpec rope = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kNeighbours});
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    const bool is_chunked = has_chunks && windowed[i];
    attention.window = is_chunked ? kChunk : 0;
    attention.window_kind = ops::WindowKind::kChunked;
    if (!is_rotated(h, i, has_chunks)) {
      attention.temperature = kTemperature;
      attention.temperature_length = kChunk;
      attention.temperature_offset = 1;
      return;
    }
    attention.rope = is_chunked ? with_window_base(h, rope) : rope;
    if (h.experts == kExpertsWithoutNorm) return;
    attention.query_key_norm = QueryKeyNormSpec{.weights = NormWeights::kNone, .is_after_rope = true};
  });

  ExpertsSpec experts = experts_by(h, {});
  experts.gating = ops::Gating::kSigmoid;
  experts.weighs_inputs = true;
  experts.shared_width = experts.width;
  const int step = h.required("interleave_moe_layer_step", 0, kMostLayers);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (step > 0 && (i + 1) % static_cast<std::size_t>(step) == 0) {
      spec.layers[i].ffn.emplace().experts = experts;
    } else {
      spec.layers[i].ffn = feed_forward_of(h, i);
    }
  }
  return spec;
}

}  // namespace rocmforge::models
