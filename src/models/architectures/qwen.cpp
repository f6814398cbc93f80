// Qwen 2 and 3, dense and with experts: llama's block with other biases and norms.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

void rotate_halves(Hyperparameters& h, DecoderSpec& spec) {
  const RopeSpec rope = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves});
  for_each_attention(spec, [&](AttentionSpec& attention) { attention.rope = rope; });
}

void normalize_queries_and_keys(DecoderSpec& spec) {
  for_each_attention(spec, [](AttentionSpec& attention) {
    attention.query_key_norm = QueryKeyNorm::kPerHead;
    attention.qkv_bias = Need::kOptional;
    attention.output_bias = Need::kOptional;
  });
}

// Experts everywhere; feed_forward_length means nothing then and may be missing.
DecoderSpec with_experts(Hyperparameters& h, const ExpertsSpec& experts) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].mixer = attention_of(h, i);
    spec.layers[i].ffn.emplace().experts = experts;
  }
  rotate_halves(h, spec);
  return spec;
}

}  // namespace

DecoderSpec qwen2(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  rotate_halves(h, spec);
  for_each_attention(spec, [](AttentionSpec& attention) { attention.qkv_bias = Need::kOptional; });
  spec.output_bias = Need::kOptional;
  return spec;
}

// The chosen weights stay as they are, and a shared expert has a gate of its own.
DecoderSpec qwen2moe(Hyperparameters& h) {
  ExpertsSpec experts = experts_of(h);
  experts.shared_width = h.optional("expert_shared_feed_forward_length", h.ffn_width.front(), 1, kMostWidth);
  experts.shared_gate = true;
  DecoderSpec spec = with_experts(h, experts);
  for_each_attention(spec, [](AttentionSpec& attention) { attention.qkv_bias = Need::kOptional; });
  spec.output = OutputMatrix::kOwn;
  return spec;
}

DecoderSpec qwen3(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  rotate_halves(h, spec);
  normalize_queries_and_keys(spec);
  spec.ignored_tensors.emplace_back("cls.output");  // a classifier's head
  return spec;
}

DecoderSpec qwen3moe(Hyperparameters& h) {
  ExpertsSpec experts = experts_of(h);
  experts.renormalizes = true;
  DecoderSpec spec = with_experts(h, experts);
  normalize_queries_and_keys(spec);
  return spec;
}

}  // namespace rocmforge::models
