// Models with many small experts and attention like llama's: dots1, Ling 2, Hunyuan, Ernie 4.5, MiniMax M2, Hy 3, DBRX,
// SmallThinker.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

// Experts are weighted by sigmoids; the file states normalization and scale.
constexpr ExpertHabits kSigmoids = {.gating = ops::Gating::kSigmoid,
                                    .states_gating = true,
                                    .weights = ExpertHabits::Weights::kStated,
                                    .states_scale = true};

DecoderSpec rotated_attention(Hyperparameters& h, const RopeHabits& habits) {
  DecoderSpec spec = attention_only(h);
  rotate(h, spec, habits);
  allow_attention_biases(spec);
  return spec;
}

ExpertHabits with(ExpertHabits habits, ExpertHabits::Shared shared) {
  habits.shared = shared;
  return habits;
}

}  // namespace

DecoderSpec dots1(Hyperparameters& h) {
  DecoderSpec spec = rotated_attention(h, kRotatesHalves);
  spec.output = OutputMatrix::kOwn;
  normalize_queries_and_keys(spec);
  put_experts(h, spec, with(kSigmoids, ExpertHabits::Shared::kByCount));
  return spec;
}

DecoderSpec bailingmoe2(Hyperparameters& h) {
  DecoderSpec spec = rotated_attention(h, {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  spec.output = OutputMatrix::kOwn;
  normalize_queries_and_keys(spec);
  put_experts(h, spec, with(kSigmoids, ExpertHabits::Shared::kByWidthAndCount));
  return spec;
}

DecoderSpec hunyuan_moe(Hyperparameters& h) {
  DecoderSpec spec = rotated_attention(h, kRotatesHalves);
  normalize_queries_and_keys(spec, {.is_after_rope = true});
  put_experts_everywhere(
      spec, experts_by(h, {.weights = ExpertHabits::Weights::kRenormalized, .shared = ExpertHabits::Shared::kByWidth}));
  return spec;
}

DecoderSpec ernie4_5_moe(Hyperparameters& h) {
  DecoderSpec spec = rotated_attention(h, {.pairing = ops::RopePairing::kNeighbours});
  put_experts(h, spec,
              {.weights = ExpertHabits::Weights::kRenormalized,
               .bias = ExpertHabits::Bias::kAlways,
               .shared = ExpertHabits::Shared::kByWidth});
  const int step = h.required("interleave_moe_layer_step", 1, kMostLayers);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if ((i + 1) % static_cast<std::size_t>(step) != 0) spec.layers[i].ffn = feed_forward_of(h, i);
  }
  return spec;
}

DecoderSpec minimax_m2(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  normalize_queries_and_keys(spec, {.weights = NormWeights::kOfWhole});
  put_experts_everywhere(spec, experts_by(h, {.gating = ops::Gating::kSigmoid,
                                              .states_gating = true,
                                              .weights = ExpertHabits::Weights::kRenormalized}));
  return spec;
}

// No key states which layers are dense; the tensors show it.
DecoderSpec hy_v3(Hyperparameters& h) {
  DecoderSpec spec = rotated_attention(h, kRotatesHalves);
  normalize_queries_and_keys(spec);
  put_experts_by_routers(h, spec, with(kSigmoids, ExpertHabits::Shared::kByWidth));
  return spec;
}

DecoderSpec dbrx(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h, ops::NormKind::kLayer);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, kRotatesHalves);
  const float clamp = h.required_number("attention.clamp_kqv", 1e-2f, 1e6f);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    attention.is_stored_fused = true;
    attention.clamp = clamp;
  });
  put_experts_everywhere(
      spec, experts_by(h, {.weights = ExpertHabits::Weights::kRenormalized, .width = ExpertHabits::Width::kDense}));
  for (LayerSpec& layer : spec.layers) layer.norms.ffn = "attn_output_norm";
  return spec;
}

// The router reads the layer's input. If there are windows, every fourth layer sees all positions and is not rotated.
// The window of the published models is 4096, which the reference implementation uses whatever the file says.
DecoderSpec smallthinker(Hyperparameters& h) {
  DecoderSpec spec = rotated_attention(h, kRotatesHalves);
  const int window = h.optional("attention.sliding_window", 0, 0, kMostContext);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    if (window == 0) return;
    if (i % 4 == 0) {
      attention.rope.reset();
    } else {
      attention.window = window;
      attention.rope = with_window_base(h, *attention.rope);
    }
  });
  ExpertsSpec experts = experts_by(
      h,
      {.states_gating = true, .weights = ExpertHabits::Weights::kRenormalized, .bias = ExpertHabits::Bias::kOptional});
  experts.routes_by_input = true;
  put_experts_everywhere(spec, experts);
  for (LayerSpec& layer : spec.layers) layer.ffn->activation = ops::Activation::kRelu;
  return spec;
}

}  // namespace rocmforge::models
