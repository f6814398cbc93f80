// DeepSeek and MiniCPM 3: latent attention, and (DeepSeek) many small experts after some dense layers.
#include <cmath>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"
#include "models/architectures/latent_attention.h"

namespace rocmforge::models {
namespace {

LatentAttentionSpec latent_sizes(Hyperparameters& h, int heads) {
  LatentAttentionSpec latent;
  latent.heads = heads;
  if (heads == 0) throw h.wrong("'{}' is missing or 0, expected 1 to {}", h.key("attention.head_count"), kMostHeads);
  latent.query_rank = h.optional("attention.q_lora_rank", 0, 0, kMostWidth);
  latent.kv_rank = h.required("attention.kv_lora_rank", 1, kMostWidth);
  latent.rope_size = h.required("rope.dimension_count", 2, kMostHeadSize);
  // Older files state the head sizes with the common keys.
  const int key_size = h.has("attention.key_length_mla") ? h.required("attention.key_length_mla", 1, kMostHeadSize)
                                                         : h.required("attention.key_length", 1, kMostHeadSize);
  latent.value_size =
      h.has("attention.value_length_mla") ? h.required("attention.value_length_mla", 1, kMostHeadSize) : h.value_size();
  latent.plain_size = key_size - latent.rope_size;
  if (latent.plain_size < 1) {
    throw h.wrong("'{}' is {}, expected less than the heads' {} ('{}')", h.key("rope.dimension_count"),
                  latent.rope_size, key_size, h.key("attention.key_length_mla"));
  }
  latent.temperature = h.optional_number("attention.temperature_scale", 0, 0, 1e3f);
  if (latent.temperature > 0) latent.temperature_length = h.required_number("attention.temperature_length", 1, 1e9f);

  latent.scale = 1 / std::sqrt(static_cast<float>(key_size));
  return latent;
}

// If the file has a multiplier, YaRN's magnitude applies to the scale of the logits instead of cosine and sine.
void rotate_latent(Hyperparameters& h, ops::RopePairing pairing, LatentAttentionSpec& latent) {
  RopeSpec rope =
      rope_of(h, latent.rope_size, {.pairing = pairing, .states_base = pairing == ops::RopePairing::kNeighbours});
  if (rope.scaling == RopeScaling::kYarn) {
    if (h.has("rope.scaling.yarn_log_multiplier")) rope.magnitude = 1;
    const float magnitude = 1 + h.expected_number("rope.scaling.yarn_log_multiplier", 0, 0, 10) * std::log(rope.factor);
    latent.scale *= magnitude * magnitude;
  }
  latent.rope = rope;
}

DecoderSpec latent_model(Hyperparameters& h, ops::RopePairing pairing) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].mixer = latent_attention_of(h, i, spec.norm.epsilon, pairing);
  }
  return spec;
}

}  // namespace

LatentAttentionSpec latent_attention_of(Hyperparameters& h, std::size_t layer, float norm_epsilon,
                                        std::optional<ops::RopePairing> pairing) {
  LatentAttentionSpec latent = latent_sizes(h, h.heads[layer]);
  latent.norm_epsilon = norm_epsilon;
  if (pairing) rotate_latent(h, *pairing, latent);
  return latent;
}

namespace {

DecoderSpec deepseek2_like(Hyperparameters& h) {
  DecoderSpec spec = latent_model(h, ops::RopePairing::kNeighbours);
  put_experts(
      h, spec,
      {.weights = ExpertHabits::Weights::kStated, .states_scale = true, .shared = ExpertHabits::Shared::kByCount});
  return spec;
}

}  // namespace

DecoderSpec deepseek(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, {.pairing = ops::RopePairing::kNeighbours});
  put_experts(h, spec, {.states_scale = true, .shared = ExpertHabits::Shared::kByCount});
  return spec;
}

DecoderSpec deepseek2(Hyperparameters& h) { return deepseek2_like(h); }

// An indexer selects keys. Its queries are computed from the same low-rank vector as the attention's.
DecoderSpec deepseek32(Hyperparameters& h) {
  DecoderSpec spec = deepseek2_like(h);
  KeyIndexerSpec indexer;
  indexer.heads = h.required("attention.indexer.head_count", 1, kMostHeads);
  indexer.key_size = h.required("attention.indexer.key_length", 2, kMostHeadSize);
  indexer.most = h.required("attention.indexer.top_k", 1, kMostContext);
  for (LayerSpec& layer : spec.layers) {
    auto& latent = std::get<LatentAttentionSpec>(layer.mixer);
    if (latent.query_rank == 0) throw h.wrong("'{}' is missing or 0", h.key("attention.q_lora_rank"));
    if (latent.rope_size > indexer.key_size) {
      throw h.wrong("'{}' is {}, expected at least '{}' {}", h.key("attention.indexer.key_length"), indexer.key_size,
                    h.key("rope.dimension_count"), latent.rope_size);
    }
    indexer.rope = latent.rope;
    indexer.rope->pairing = ops::RopePairing::kHalves;
    latent.indexer = indexer;
  }
  return spec;
}

// The scales are stated by the model's own code only. 256 is the base width of its logit scale.
DecoderSpec minicpm3(Hyperparameters& h) {
  DecoderSpec spec = latent_model(h, ops::RopePairing::kHalves);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].ffn = feed_forward_of(h, i);
    spec.layers[i].residual_scale = 1.4f / std::sqrt(static_cast<float>(h.layers));
  }
  spec.embedding_scale = 12;
  spec.logit_scale = 256 / static_cast<float>(h.width);
  return spec;
}

}  // namespace rocmforge::models
