// Trinity (AFMoE) and MiMo 2: experts, and windows in most layers.
#include <cmath>

#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {

// AFMoE has four norms per layer and a gate on the attention's result.
DecoderSpec afmoe(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  spec.embedding_scale = std::sqrt(static_cast<float>(h.width));
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  normalize_queries_and_keys(spec);
  normalize_results(spec);
  const int window = h.expected("attention.sliding_window", 0, 0, kMostContext);
  const std::vector<bool> windowed = windowed_layers(h, 4);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    attention.gate = OutputGate::kOwnMatrix;
    attention.window = windowed[i] ? window : 0;
    if ((i + 1) % 4 == 0) {
      attention.rope.reset();
    } else if (attention.window > 0) {
      attention.rope = with_window_base(h, *attention.rope);
    }
  });
  put_experts(h, spec,
              {.gating = ops::Gating::kSigmoid,
               .weights = ExpertHabits::Weights::kStated,
               .states_scale = true,
               .shared = ExpertHabits::Shared::kByCount});
  return spec;
}
namespace {

// Returns whether the layers of one kind, windowed or not, have sinks. All layers of a kind have them or none.
bool have_sinks(const Hyperparameters& h, const std::vector<bool>& windowed, bool of_windowed) {
  for (std::size_t i = 0; i < windowed.size(); ++i) {
    if (windowed[i] == of_windowed && h.has_tensor(fmt::format("blk.{}.attn_sinks.weight", i))) return true;
  }
  return false;
}

}  // namespace

// Windowed layers have their own numbers of heads and rope base. Keys and values differ in size.
DecoderSpec mimo2(Hyperparameters& h) {
  DecoderSpec spec = attention_only(h);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  const int window = h.required("attention.sliding_window", 1, kMostContext);
  const std::vector<bool> windowed = stated_windowed_layers(h);
  const bool windowed_have_sinks = have_sinks(h, windowed, true);
  const bool others_have_sinks = have_sinks(h, windowed, false);
  const float value_scale = expected_factor(h, "attention.value_scale", 1);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    attention.output_scale = value_scale;
    attention.has_sinks = windowed[i] ? windowed_have_sinks : others_have_sinks;
    if (!windowed[i]) return;
    attention.window = window;
    attention.rope = with_window_base(h, *attention.rope, true);
  });
  put_experts_by_routers(
      h, spec,
      {.gating = ops::Gating::kSigmoid, .states_gating = true, .weights = ExpertHabits::Weights::kRenormalized});
  return spec;
}

}  // namespace rocmforge::models
