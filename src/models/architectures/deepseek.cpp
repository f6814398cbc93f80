// DeepSeek 2 and 3: attention over a latent vector, and many small experts after some dense layers.
#include <cmath>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

LatentAttentionSpec latent_attention(Hyperparameters& h, int heads) {
  LatentAttentionSpec latent;
  latent.heads = heads;
  if (heads == 0) throw h.wrong("'{}' is missing or 0, expected 1 to {}", h.key("attention.head_count"), kMostHeads);
  latent.query_rank = h.optional("attention.q_lora_rank", 0, 0, kMostWidth);
  latent.kv_rank = h.required("attention.kv_lora_rank", 1, kMostWidth);
  latent.rope_size = h.required("rope.dimension_count", 2, kMostHeadSize);
  // Older files state a head's own sizes by the common keys.
  const int key_size = h.has("attention.key_length_mla") ? h.required("attention.key_length_mla", 1, kMostHeadSize)
                                                         : h.required("attention.key_length", 1, kMostHeadSize);
  latent.value_size = h.has("attention.value_length_mla") ? h.required("attention.value_length_mla", 1, kMostHeadSize)
                                                          : h.required("attention.value_length", 1, kMostHeadSize);
  latent.plain_size = key_size - latent.rope_size;
  if (latent.plain_size < 1) {
    throw h.wrong("'{}' is {}, expected less than the heads' {} ('{}')", h.key("rope.dimension_count"),
                  latent.rope_size, key_size, h.key("attention.key_length_mla"));
  }
  latent.temperature = h.optional_number("attention.temperature_scale", 0, 0, 1e3f);
  if (latent.temperature > 0) latent.temperature_length = h.required_number("attention.temperature_length", 1, 1e9f);

  // Where the file has a multiplier, YaRN's magnitude is in the scale of the logits, and cosine and sine have none.
  RopeSpec rope = rope_of(h, latent.rope_size, {.pairing = ops::RopePairing::kNeighbours});
  float magnitude = 1;
  if (rope.scaling == RopeScaling::kYarn) {
    if (h.has("rope.scaling.yarn_log_multiplier")) rope.magnitude = 1;
    magnitude += h.expected_number("rope.scaling.yarn_log_multiplier", 0, 0, 10) * std::log(rope.factor);
  }
  latent.scale = magnitude * magnitude / std::sqrt(static_cast<float>(key_size));
  latent.rope = rope;
  return latent;
}

ExpertsSpec deepseek_experts(Hyperparameters& h) {
  ExpertsSpec experts = experts_of(h);
  experts.width = h.required("expert_feed_forward_length", 1, kMostWidth);
  if (!h.has("expert_weights_scale")) {
    h.assume(fmt::format("'{}' is missing: 1 is taken", h.key("expert_weights_scale")), true);
  }
  const int gating = h.optional("expert_gating_func", 0, 0, 2);
  experts.gating = gating == 2 ? ops::Gating::kSigmoid : ops::Gating::kSoftmax;
  experts.selection_bias = Need::kOptional;
  const bool has_bias = h.has_tensor(fmt::format("blk.{}.exp_probs_b.bias", h.layers - 1));
  if (gating == 0 && has_bias) {
    h.assume(fmt::format("'{}' is missing: softmax is taken", h.key("expert_gating_func")), true);
  }
  if (!h.has("expert_weights_norm") && gating == 2) {
    h.assume(fmt::format("'{}' is missing: the experts' weights are not normalized", h.key("expert_weights_norm")),
             true);
  }
  if (gating == 2 && !has_bias) h.assume("no tensor 'exp_probs_b.bias': experts are chosen without it", true);
  experts.renormalizes = h.optional_flag("expert_weights_norm", false);
  const int shared = h.required("expert_shared_count", 0, kMostExperts);
  if (shared > kMostWidth / experts.width) {
    throw h.wrong("'{}' is {}, too many of '{}' {}", h.key("expert_shared_count"), shared,
                  h.key("expert_feed_forward_length"), experts.width);
  }
  experts.shared_width = shared * experts.width;
  return experts;
}

}  // namespace

DecoderSpec deepseek2(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  const int dense_layers = h.optional("leading_dense_block_count", 0, 0, h.layers);
  for (int i = 0; i < h.layers; ++i) {
    LayerSpec& layer = spec.layers[static_cast<std::size_t>(i)];
    LatentAttentionSpec latent = latent_attention(h, h.heads[static_cast<std::size_t>(i)]);
    latent.norm_epsilon = spec.norm.epsilon;
    layer.mixer = latent;
    if (i < dense_layers) {
      layer.ffn = feed_forward_of(h, static_cast<std::size_t>(i));
    } else {
      layer.ffn.emplace().experts = deepseek_experts(h);
    }
  }
  return spec;
}

}  // namespace rocmforge::models
