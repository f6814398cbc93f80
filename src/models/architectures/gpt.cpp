// GPT-2 and StarCoder 2: layer norms with biases, and no gate.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

DecoderSpec gpt_like(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kLayer, true);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    AttentionSpec attention = attention_of(h, i);
    attention.qkv_bias = Need::kRequired;
    attention.output_bias = Need::kRequired;
    spec.layers[i].mixer = attention;
    FeedForwardSpec ffn = feed_forward_of(h, i);
    ffn.is_gated = false;
    ffn.activation = ops::Activation::kGeluTanh;
    ffn.bias = Need::kRequired;
    spec.layers[i].ffn = ffn;
  }
  return spec;
}

}  // namespace

DecoderSpec gpt2(Hyperparameters& h) {
  DecoderSpec spec = gpt_like(h);
  spec.learned_positions = Need::kRequired;
  for_each_attention(spec, [](AttentionSpec& attention) { attention.is_stored_fused = true; });
  return spec;
}

DecoderSpec starcoder2(Hyperparameters& h) {
  DecoderSpec spec = gpt_like(h);
  const RopeSpec rope = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves});
  for_each_attention(spec, [&](AttentionSpec& attention) { attention.rope = rope; });
  return spec;
}

}  // namespace rocmforge::models
