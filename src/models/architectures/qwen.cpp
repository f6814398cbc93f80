// Qwen 1 to 3, dense and with experts, and the text part of the vision models: llama's block with other biases and
// norms.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

// All layers have experts. feed_forward_length is then meaningless and may be missing.
DecoderSpec with_experts(Hyperparameters& h, const ExpertsSpec& experts) {
  DecoderSpec spec = attention_only(h);
  put_experts_everywhere(spec, experts);
  rotate(h, spec, kRotatesHalves);
  return spec;
}

}  // namespace

// feed_forward_length is the sum of the widths of gate and up.
DecoderSpec qwen(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  spec.output = OutputMatrix::kOwn;
  rotate(h, spec, kRotatesHalves);
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) {
    attention.qkv_bias = Need::kRequired;
    attention.is_stored_fused = true;
  });
  for (LayerSpec& layer : spec.layers) {
    if (layer.ffn->width % 2 != 0) {
      throw h.wrong("'{}' is {}, expected an even number: of gate and up together", h.key("feed_forward_length"),
                    layer.ffn->width);
    }
    layer.ffn->width /= 2;
  }
  return spec;
}

DecoderSpec qwen2(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  rotate(h, spec, kRotatesHalves);
  spec.output_bias = Need::kOptional;
  return spec;
}

// The weights of the chosen experts are not renormalized, and the shared expert has a gate.
DecoderSpec qwen2moe(Hyperparameters& h) {
  ExpertsSpec experts = experts_by(h, {.width = ExpertHabits::Width::kShare});
  experts.shared_width = h.optional("expert_shared_feed_forward_length", h.ffn_width.front(), 0, kMostWidth);
  experts.shared_gate = true;
  DecoderSpec spec = with_experts(h, experts);
  spec.output = OutputMatrix::kOwn;
  return spec;
}

DecoderSpec qwen3(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, kRotatesHalves);
  normalize_queries_and_keys(spec);
  spec.ignored_tensors.emplace_back("cls.output");  // a classifier's head
  return spec;
}

DecoderSpec qwen3moe(Hyperparameters& h) {
  DecoderSpec spec = with_experts(
      h, experts_by(h, {.weights = ExpertHabits::Weights::kRenormalized, .width = ExpertHabits::Width::kShare}));
  allow_attention_biases(spec);
  normalize_queries_and_keys(spec);
  return spec;
}

// In a text all coordinates of a position are equal, so the multi-dimensional rotation is the usual one.
DecoderSpec qwen3vl(Hyperparameters& h) { return qwen3(h); }
DecoderSpec qwen3vlmoe(Hyperparameters& h) { return qwen3moe(h); }

}  // namespace rocmforge::models
