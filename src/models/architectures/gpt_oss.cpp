// gpt-oss: experts with biases in MXFP4, attention sinks, a window on every other layer.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {

DecoderSpec gpt_oss(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  spec.output = OutputMatrix::kOwn;
  const RopeSpec rope = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves});
  const int window = h.required("attention.sliding_window", 1, kMostContext);
  const std::vector<bool> windowed = windowed_layers(h, 2);

  ExpertsSpec experts = experts_by(h, {});
  experts.gating = ops::Gating::kSoftmaxOfChosen;
  experts.has_biases = true;

  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.norms.ffn = "post_attention_norm";
    AttentionSpec attention = attention_of(h, i);
    attention.qkv_bias = Need::kRequired;
    attention.output_bias = Need::kRequired;
    attention.has_sinks = true;
    attention.rope = rope;
    if (windowed[i]) {
      attention.window = window;
      attention.rope = with_window_base(h, rope);
    }
    layer.mixer = attention;
    layer.ffn.emplace().experts = experts;
    layer.ffn->activation = ops::Activation::kGptOss;
  }
  return spec;
}

}  // namespace rocmforge::models
