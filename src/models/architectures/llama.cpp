// Llama 1 to 4, Mistral, Mixtral, Yi and the many that share their form.
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

// Queries grow with the position, from the original context on; YaRN's magnitude is divided by one of its own.
DecoderSpec mistral3(Hyperparameters& h) {
  DecoderSpec spec = llama(h);
  RopeSpec rope = *std::get<AttentionSpec>(spec.layers.front().mixer).rope;
  float temperature = 0;
  if (rope.scaling == RopeScaling::kYarn) {
    const float multiplier = h.expected_number("rope.scaling.yarn_log_multiplier", 0, 0, 10);
    rope.magnitude /= 1 + 0.1f * multiplier * std::log(rope.factor);
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

// Which layers are rotated, and see a chunk only: all but every fourth, unless the file says that there are no chunks.
std::vector<bool> chunked_layers(Hyperparameters& h) {
  const bool has_chunks = h.optional("attention.sliding_window", 1, 0, kMostContext) > 0;
  if (has_chunks) return windowed_layers(h, 4);
  std::vector<bool> all_but_last(static_cast<std::size_t>(h.layers), true);
  all_but_last.back() = false;
  return all_but_last;
}

constexpr int kChunk = 8192;              // of positions; no file says another
constexpr float kTemperature = 0.1f;      // likewise
constexpr int kExpertsWithoutNorm = 128;  // the one that is known by its experts has no norms of queries and keys

}  // namespace

DecoderSpec llama4(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  const std::vector<bool> local = chunked_layers(h);
  const bool has_chunks = h.optional("attention.sliding_window", 1, 0, kMostContext) > 0;
  const RopeSpec rope = with_window_base(h, rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kNeighbours}));
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    if (!local[i]) {
      attention.temperature = kTemperature;
      attention.temperature_length = kChunk;
      attention.temperature_offset = 1;
      return;
    }
    attention.rope = rope;
    if (has_chunks) attention.window = kChunk;
    attention.window_kind = ops::WindowKind::kChunked;
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
