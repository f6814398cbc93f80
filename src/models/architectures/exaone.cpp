// EXAONE 3 and 4, and K-EXAONE, which has experts.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

// Windowed layers are rotated; the others see all positions and have no rotation.
void rotate_windowed_layers(DecoderSpec& spec, const std::vector<bool>& windowed, int window) {
  set_windows(spec, windowed, window);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    if (!windowed[i]) attention.rope.reset();
  });
}

void use_window_base(Hyperparameters& h, DecoderSpec& spec) {
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    if (attention.rope) attention.rope = with_window_base(h, *attention.rope);
  });
}

}  // namespace

DecoderSpec exaone(Hyperparameters& h) { return rotated_llama(h, {.pairing = ops::RopePairing::kHalves}); }

DecoderSpec exaone4(Hyperparameters& h) {
  constexpr int kLayersOfTheWindowed = 64;
  DecoderSpec spec = llama_like(h);
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  normalize_queries_and_keys(spec);
  normalize_results(spec);
  for (LayerSpec& layer : spec.layers) {
    layer.norms.mixer.clear();
    layer.norms.ffn.clear();
  }
  // The reference implementation applies windows only in the model with this many layers; the models' own code applies
  // them in any.
  const int window = h.layers == kLayersOfTheWindowed ? h.expected("attention.sliding_window", 4096, 0, kMostContext)
                                                      : h.optional("attention.sliding_window", 0, 0, kMostContext);
  if (window == 0) return spec;
  rotate_windowed_layers(spec, windowed_layers(h, 4), window);
  use_window_base(h, spec);
  return spec;
}

DecoderSpec exaone_moe(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  normalize_queries_and_keys(spec);
  const int window = h.required("attention.sliding_window", 1, kMostContext);
  rotate_windowed_layers(spec, windowed_layers(h, 4), window);
  use_window_base(h, spec);
  put_experts(h, spec,
              {.gating = ops::Gating::kSigmoid,
               .states_gating = true,
               .weights = ExpertHabits::Weights::kStated,
               .states_scale = true,
               .shared = ExpertHabits::Shared::kByWidth});
  return spec;
}

}  // namespace rocmforge::models
