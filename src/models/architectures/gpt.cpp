// GPT-2, StarCoder, BLOOM and MPT: layer norms, no gates, and learned positions or biases of attention by distance.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

DecoderSpec gpt_like(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  allow_attention_biases(spec, Need::kRequired);
  remove_gates(spec, ops::Activation::kGeluTanh, Need::kRequired);
  return spec;
}

DecoderSpec with_learned_positions(Hyperparameters& h) {
  DecoderSpec spec = gpt_like(h);
  spec.learned_positions = Need::kRequired;
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) { attention.is_stored_fused = true; });
  return spec;
}

}  // namespace

DecoderSpec gpt2(Hyperparameters& h) { return with_learned_positions(h); }
DecoderSpec starcoder(Hyperparameters& h) { return with_learned_positions(h); }

DecoderSpec starcoder2(Hyperparameters& h) {
  DecoderSpec spec = gpt_like(h);
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  return spec;
}

DecoderSpec bloom(Hyperparameters& h) {
  DecoderSpec spec = gpt_like(h);
  spec.normalizes_embeddings = true;
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) {
    attention.is_stored_fused = true;
    attention.alibi = 8;
  });
  return spec;
}

// Many parts of MPT are optional: biases, norms and clamping of queries and keys, learned positions, divisors of hidden
// values.
DecoderSpec mpt(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, h.has_tensor("output_norm.bias") || h.has_in_any_layer("attn_norm.bias"));
  spec.learned_positions = Need::kOptional;
  const bool has_positions = h.has_tensor("position_embd.weight");
  const float alibi = has_positions ? h.optional_number("attention.max_alibi_bias", 0, 0, 1e3f)
                                    : h.expected_number("attention.max_alibi_bias", 8, 0, 1e3f);
  const float clamp = h.has("attention.clamp_kqv") ? number_or_none(h, "attention.clamp_kqv", 0, 1e6f) : 0;
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    attention.is_stored_fused = true;
    attention.alibi = alibi;
    attention.clamp = clamp;
  });
  allow_attention_biases(spec);
  remove_gates(spec, ops::Activation::kGeluErf, Need::kOptional);  // erf, as in the models' own code
  const bool has_divisors = h.has_in_any_layer("ffn.act.scales");
  for (LayerSpec& layer : spec.layers) layer.ffn->has_divisors = has_divisors;
  if (h.has_in_any_layer("attn_q_norm.weight")) {
    const bool has_bias = h.has_in_any_layer("attn_q_norm.bias");
    normalize_queries_and_keys(spec, {.weights = NormWeights::kOfWhole, .has_bias = has_bias});
  }
  return spec;
}

}  // namespace rocmforge::models
