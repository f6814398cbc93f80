// Command R: attention and feed-forward part in parallel, and a logit scale.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

DecoderSpec cohere_like(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, false);
  spec.output = OutputMatrix::kTied;
  spec.logit_scale = expected_factor(h, "logit_scale", 1);
  rotate(h, spec, {.pairing = ops::RopePairing::kNeighbours});
  allow_attention_biases(spec);
  for (LayerSpec& layer : spec.layers) {
    layer.form = LayerForm::kParallel;
    layer.norms.ffn.clear();
  }
  return spec;
}

}  // namespace

DecoderSpec command_r(Hyperparameters& h) {
  DecoderSpec spec = cohere_like(h);
  if (h.has_in_any_layer("attn_q_norm.weight")) {
    normalize_queries_and_keys(spec, {.weights = NormWeights::kOfEachHead});
  }
  return spec;
}

DecoderSpec cohere2(Hyperparameters& h) {
  DecoderSpec spec = cohere_like(h);
  const int window = h.required("attention.sliding_window", 1, kMostContext);
  const std::vector<bool> windowed = windowed_layers(h, 4);
  set_windows(spec, windowed, window);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    if (windowed[i]) {
      attention.rope = with_window_base(h, *attention.rope);
    } else {
      attention.rope.reset();
    }
  });
  return spec;
}

}  // namespace rocmforge::models
