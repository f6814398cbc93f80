// LFM 2: short convolutions, and attention in some layers.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

DecoderSpec lfm2_like(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  spec.output_norm = "token_embd_norm";
  spec.ignored_tensors.emplace_back("dense_2.");  // a projection after pooling, in embedding models
  if (!h.optional_flag("attention.causal", true)) {
    throw error(ErrorCode::kUnsupported, "{}: '{}' is false: short convolutions around a position are not supported",
                h.metadata().file(), h.key("attention.causal"));
  }
  const int taps = h.required("shortconv.l_cache", 1, kMostTaps);
  const int window = h.optional("attention.sliding_window", 0, 0, kMostContext);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    if (h.kv_heads[i] == 0) {
      layer.mixer = ShortConvolutionSpec{taps};
      continue;
    }
    AttentionSpec attention = attention_of(h, i);
    attention.window = window;
    layer.mixer = attention;
  }
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  normalize_queries_and_keys(spec);
  return spec;
}

}  // namespace

DecoderSpec lfm2(Hyperparameters& h) {
  DecoderSpec spec = lfm2_like(h);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) spec.layers[i].ffn = feed_forward_of(h, i);
  return spec;
}

DecoderSpec lfm2moe(Hyperparameters& h) {
  DecoderSpec spec = lfm2_like(h);
  put_experts(
      h, spec,
      {.gating = ops::Gating::kSigmoid, .states_gating = true, .weights = ExpertHabits::Weights::kRenormalized});
  return spec;
}

}  // namespace rocmforge::models
