// Phi 2: attention and feed-forward part in parallel. Phi 3: llama's block with fused matrices and long rope factors.
#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {

DecoderSpec phi2(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kLayer, true);
  spec.output = OutputMatrix::kOwn;
  spec.output_bias = Need::kRequired;
  const RopeSpec rope =
      rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves, .states_dimensions = true, .states_base = false});
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.form = LayerForm::kParallel;
    layer.norms.ffn.clear();
    AttentionSpec attention = attention_of(h, i);
    attention.qkv_bias = Need::kRequired;
    attention.output_bias = Need::kRequired;
    attention.rope = rope;
    layer.mixer = attention;
    layer.ffn = feed_forward_of(h, i);
    layer.ffn->is_gated = false;
    layer.ffn->activation = ops::Activation::kGeluTanh;
    layer.ffn->bias = Need::kRequired;
  }
  return spec;
}

// The file may state a window. Other implementations do not apply it, and the models work without it.
DecoderSpec phi3(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  spec.output_bias = Need::kOptional;
  const RopeSpec rope = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  // Converters write attn_factor together with the factors: the magnitude of cosine and sine depends on them.
  if (h.has_tensor("rope_factors_long.weight") && !h.has("rope.scaling.attn_factor")) {
    h.assume(fmt::format("'{}' is missing: 1 is assumed", h.key("rope.scaling.attn_factor")), true);
  }
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    attention.is_stored_fused = true;
    attention.rope = rope;
  });
  for (LayerSpec& layer : spec.layers) layer.ffn->is_stored_fused = true;
  return spec;
}

}  // namespace rocmforge::models
