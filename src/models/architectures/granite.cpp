// Granite and MiniCPM: llama's block with factors on embeddings, on the parts' results, on attention and on logits; and
// Granite's hybrids with Mamba 2.
#include <cmath>

#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"
#include "models/architectures/recurrent_blocks.h"

namespace rocmforge::models {
namespace {

void scale_results(DecoderSpec& spec, float factor) {
  for (LayerSpec& layer : spec.layers) layer.residual_scale = factor;
}

void read_factors(Hyperparameters& h, DecoderSpec& spec) {
  spec.embedding_scale = expected_factor(h, "embedding_scale", 1);
  spec.logit_scale = 1 / expected_factor(h, "logit_scale", 1);
  scale_results(spec, expected_factor(h, "residual_scale", 1));
  const float scale = expected_factor(h, "attention.scale", 1 / std::sqrt(static_cast<float>(h.key_size())));
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.scale = scale; });
}

void rotate_if_trained(Hyperparameters& h, DecoderSpec& spec) {
  if (!h.optional_flag("rope.scaling.finetuned", true)) {
    spec.ignored_tensors.emplace_back("rope_f");  // rope_freqs, rope_factors_long, …
    return;
  }
  rotate(h, spec, {.pairing = ops::RopePairing::kNeighbours});
}

void put_granite_experts(Hyperparameters& h, DecoderSpec& spec) {
  for (LayerSpec& layer : spec.layers) layer.ffn->bias = Need::kOptional;
  if (h.experts == 0) return;
  const ExpertsSpec experts = experts_by(h, {.weights = ExpertHabits::Weights::kRenormalized,
                                             .width = ExpertHabits::Width::kDense,
                                             .shared = ExpertHabits::Shared::kByWidth});
  for (LayerSpec& layer : spec.layers) layer.ffn->experts = experts;
}

}  // namespace

DecoderSpec granite(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  rotate_if_trained(h, spec);
  allow_attention_biases(spec);
  read_factors(h, spec);
  put_granite_experts(h, spec);
  return spec;
}

DecoderSpec granite_hybrid(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.ffn = feed_forward_of(h, i);
    if (h.kv_heads[i] > 0) {
      layer.mixer = attention_of(h, i);
    } else {
      layer.mixer = mamba2_of(h, spec.norm.epsilon);
    }
  }
  if (!h.has("rope.scaling.finetuned")) {
    h.assume(fmt::format("'{}' is missing: positions are rotated", h.key("rope.scaling.finetuned")), true);
  }
  rotate_if_trained(h, spec);
  allow_attention_biases(spec);
  read_factors(h, spec);
  put_granite_experts(h, spec);
  return spec;
}

// The default factors are those of the model's own code.
DecoderSpec minicpm(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, {.pairing = ops::RopePairing::kNeighbours});
  spec.embedding_scale = expected_factor(h, "embedding_scale", 12);
  scale_results(spec, expected_factor(h, "residual_scale", 1.4f / std::sqrt(static_cast<float>(h.layers))));
  spec.logit_scale = 1 / expected_factor(h, "logit_scale", static_cast<float>(h.width) / 256);
  put_granite_experts(h, spec);
  return spec;
}

}  // namespace rocmforge::models
