// Models with layer norms and rotary positions: GPT-NeoX, Falcon, StableLM, Nemotron, Jais 2, Orion.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

void put_side_by_side(DecoderSpec& spec) {
  for (LayerSpec& layer : spec.layers) layer.form = LayerForm::kParallel;
}

}  // namespace

// Each part has its own norm even if the parts run in parallel.
DecoderSpec gptneox(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_dimensions = true, .states_base = false});
  allow_attention_biases(spec, Need::kRequired);
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) { attention.is_stored_fused = true; });
  remove_gates(spec, ops::Activation::kGeluErf, Need::kRequired);  // erf, as the models' own code has it
  if (h.required_flag("use_parallel_residual")) put_side_by_side(spec);
  return spec;
}

// The larger models have a norm for each part; attn_norm_2 is that of attention.
DecoderSpec falcon(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_base = false});
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) { attention.is_stored_fused = true; });
  remove_gates(spec, ops::Activation::kGeluErf);  // erf, as the models' own code has it
  put_side_by_side(spec);
  const bool has_two = h.has_in_any_layer("attn_norm_2.weight");
  for (LayerSpec& layer : spec.layers) {
    layer.norms.ffn = has_two ? "attn_norm" : "";
    if (has_two) layer.norms.mixer = "attn_norm_2";
  }
  return spec;
}

// If the feed-forward part has no norm of its own, it runs in parallel to attention.
DecoderSpec stablelm(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_dimensions = true, .states_base = false});
  if (h.has_in_any_layer("attn_q_norm.weight")) {
    normalize_queries_and_keys(spec, {.weights = NormWeights::kOfEachHead});
  }
  if (h.has_in_any_layer("ffn_norm.weight")) return spec;
  put_side_by_side(spec);
  for (LayerSpec& layer : spec.layers) layer.norms.ffn.clear();
  return spec;
}

DecoderSpec nemotron(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  allow_attention_biases(spec);
  remove_gates(spec, ops::Activation::kReluSquared, Need::kOptional);
  return spec;
}

DecoderSpec jais2(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  allow_attention_biases(spec, Need::kRequired);
  remove_gates(spec, ops::Activation::kReluSquared, Need::kRequired);
  return spec;
}

DecoderSpec orion(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves, .states_base = false});
  return spec;
}

}  // namespace rocmforge::models
