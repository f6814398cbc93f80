// OLMo: norms without weights (OLMo 1), norms of results only (OLMo 2 and 3), and a mixture of experts (OLMoE).
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {

DecoderSpec olmo(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, false);
  spec.norm.has_weight = false;
  rotate(h, spec, {.pairing = ops::RopePairing::kNeighbours});
  const float clamp = h.has("attention.clamp_kqv") ? number_or_none(h, "attention.clamp_kqv", 0, 1e6f) : 0;
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.clamp = clamp; });
  return spec;
}

// Windowed layers, which OLMo 3 has, are rotated without scaling.
DecoderSpec olmo2(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  normalize_queries_and_keys(spec, {.weights = NormWeights::kOfWhole});
  normalize_results(spec);
  for (LayerSpec& layer : spec.layers) {
    layer.norms.mixer.clear();
    layer.norms.ffn.clear();
  }
  const bool has_windows = h.has("attention.sliding_window") || h.has("attention.sliding_window_pattern");
  const int window = has_windows ? h.expected("attention.sliding_window", 0, 0, kMostContext) : 0;
  if (window == 0) return spec;
  const std::vector<bool> windowed = windowed_layers(h, 4);
  set_windows(spec, windowed, window);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    if (!windowed[i]) return;
    attention.rope = with_window_base(h,
                                      RopeSpec{.pairing = ops::RopePairing::kHalves,
                                               .dimensions = attention.rope->dimensions,
                                               .base = attention.rope->base,
                                               .has_divisors = false},
                                      true);
  });
  return spec;
}

DecoderSpec olmoe(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  normalize_queries_and_keys(spec, {.weights = NormWeights::kOfWhole});
  put_experts_everywhere(spec, experts_by(h, {.width = ExpertHabits::Width::kDense}));
  return spec;
}

}  // namespace rocmforge::models
