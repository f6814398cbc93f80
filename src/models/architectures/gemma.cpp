// Gemma 1 to 3, and the encoder based on Gemma 3: scaled embeddings and GELU; from Gemma 2 on, norms on both sides of
// each part, and windows. The 1 that Gemma adds to the weights of its norms is already part of the file's values.
#include <cmath>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

constexpr RopeHabits kSilentOnBase = {.pairing = ops::RopePairing::kHalves, .states_base = false};

DecoderSpec gemma_like(Hyperparameters& h, const RopeHabits& habits) {
  DecoderSpec spec = llama_like(h);
  spec.embedding_scale = std::sqrt(static_cast<float>(h.width));
  spec.output = OutputMatrix::kTied;
  const RopeSpec rope = rope_of(h, h.key_size(), habits);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.rope = rope; });
  for (LayerSpec& layer : spec.layers) layer.ffn->activation = ops::Activation::kGeluTanh;
  return spec;
}

// The largest model of a generation divides the width by the number of heads, not the head size, for its attention
// scale. No key states this. The number of layers identifies the model, as in the reference implementation.
void scale_by_share_of_width(Hyperparameters& h, DecoderSpec& spec, int layers_of_the_greatest) {
  if (h.layers != layers_of_the_greatest) return;
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    attention.scale = 1 / std::sqrt(static_cast<float>(h.width) / static_cast<float>(attention.heads));
  });
}

}  // namespace

DecoderSpec gemma(Hyperparameters& h) { return gemma_like(h, kSilentOnBase); }

DecoderSpec gemma2(Hyperparameters& h) {
  DecoderSpec spec = gemma_like(h, kSilentOnBase);
  normalize_results(spec);
  scale_by_share_of_width(h, spec, 46);
  const int window = h.expected("attention.sliding_window", 4096, 1, kMostContext);
  const float soft_cap = expected_soft_cap(h, "attn_logit_softcapping", 50);
  spec.logit_soft_cap = expected_soft_cap(h, "final_logit_softcapping", 30);
  const std::vector<bool> windowed = windowed_layers(h, 2);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    auto& attention = std::get<AttentionSpec>(spec.layers[i].mixer);
    attention.soft_cap = soft_cap;
    if (!windowed[i]) continue;
    attention.window = window;
    attention.rope = with_window_base(h, *attention.rope);
  }
  return spec;
}

namespace {

// Windowed layers have their own rope base and no rope scaling.
void set_gemma3_windows(Hyperparameters& h, DecoderSpec& spec, ops::WindowKind kind) {
  const int window = h.expected("attention.sliding_window", 0, 0, kMostContext);
  const std::vector<bool> windowed = windowed_layers(h, 6);
  const float window_base = h.expected_number("rope.freq_base_swa", 10000, kLeastRopeBase, kMostRopeBase);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    if (window == 0 || !windowed[i]) return;
    attention.window = window;
    attention.window_kind = kind;
    attention.rope = RopeSpec{.pairing = ops::RopePairing::kHalves,
                              .dimensions = attention.rope->dimensions,
                              .base = window_base,
                              .has_divisors = false};
  });
}

DecoderSpec gemma3_like(Hyperparameters& h, ops::WindowKind kind) {
  DecoderSpec spec = gemma_like(h, {.pairing = ops::RopePairing::kHalves});
  normalize_results(spec);
  normalize_queries_and_keys(spec);
  set_gemma3_windows(h, spec, kind);
  // Projections after pooling, in embedding models.
  spec.ignored_tensors.insert(spec.ignored_tensors.end(), {"dense_2.", "dense_3."});
  return spec;
}

}  // namespace

DecoderSpec gemma3(Hyperparameters& h) {
  DecoderSpec spec = gemma3_like(h, ops::WindowKind::kSliding);
  spec.output = OutputMatrix::kOwnOrTied;
  scale_by_share_of_width(h, spec, 62);
  spec.logit_soft_cap = soft_cap_or_none(h, "final_logit_softcapping");
  return spec;
}

// EmbeddingGemma, an encoder.
DecoderSpec gemma_embedding(Hyperparameters& h) {
  DecoderSpec spec = gemma3_like(h, ops::WindowKind::kCentred);
  spec.output = OutputMatrix::kNone;
  const bool is_causal = h.optional_flag("attention.causal", false);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.is_causal = is_causal; });
  return spec;
}

}  // namespace rocmforge::models
