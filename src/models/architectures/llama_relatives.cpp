// Architectures that are llama's block with one difference, or under another name.
#include <cmath>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

constexpr RopeHabits kNeighbours = {.pairing = ops::RopePairing::kNeighbours};

}  // namespace

DecoderSpec arcee(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, kNeighbours);
  remove_gates(spec, ops::Activation::kReluSquared);
  return spec;
}

// Positions are rotated in three of four layers.
DecoderSpec smollm3(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, kNeighbours);
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t i) {
    if ((i + 1) % 4 == 0) attention.rope.reset();
  });
  return spec;
}

DecoderSpec internlm2(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, kNeighbours);
  spec.output = OutputMatrix::kOwn;
  return spec;
}

DecoderSpec ernie4_5(Hyperparameters& h) { return rotated_llama(h, kNeighbours); }

DecoderSpec seed_oss(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, kRotatesHalves);
  for (LayerSpec& layer : spec.layers) layer.norms.ffn = "post_attention_norm";
  return spec;
}

// Queries and keys are normalized after their rotation. For longer contexts the rope base is multiplied by a power of
// `alpha`.
DecoderSpec hunyuan_dense(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, kRotatesHalves);
  normalize_queries_and_keys(spec, {.is_after_rope = true});
  if (!h.has("rope.scaling.alpha")) return spec;
  const float alpha = number_or_none(h, "rope.scaling.alpha", 1, 1e6f);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    const auto size = static_cast<float>(attention.key_size);
    attention.rope->base *= std::pow(alpha, size / (size - 2));
  });
  return spec;
}

namespace {

// Reads one number per layer, or one for all, from a key that has no architecture prefix.
std::vector<float> read_xielu(Hyperparameters& h, const char* name) {
  std::vector<float> values = h.metadata().per_layer<float>(name, static_cast<std::size_t>(h.layers));
  if (values.empty()) throw h.wrong("key '{}' is missing", name);
  for (const float value : values) {
    if (!(std::abs(value) <= 1e3f)) throw h.wrong("'{}' holds {}, expected -1000 to 1000", name, value);
  }
  return values;
}

float softplus(float x) { return x > 20 ? x : std::log1p(std::exp(x)); }

}  // namespace

DecoderSpec apertus(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, kRotatesHalves);
  spec.output = OutputMatrix::kOwn;
  normalize_queries_and_keys(spec, {.has_bias = h.has_in_any_layer("attn_q_norm.bias")});
  remove_gates(spec, ops::Activation::kXielu);
  const std::vector<float> positive = read_xielu(h, "xielu.alpha_p");
  const std::vector<float> negative = read_xielu(h, "xielu.alpha_n");
  const std::vector<float> beta = read_xielu(h, "xielu.beta");
  const std::vector<float> epsilon = read_xielu(h, "xielu.eps");
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].ffn->xielu = {.positive = softplus(positive[i]),
                                 .negative = beta[i] + softplus(negative[i]),
                                 .beta = beta[i],
                                 .epsilon = epsilon[i]};
  }
  return spec;
}

// The smaller model has rotary positions, the larger one ALiBi. No key states this. The number of layers identifies the
// model, as in the reference implementation.
DecoderSpec baichuan(Hyperparameters& h) {
  constexpr int kLayersOfTheGreater = 40;
  DecoderSpec spec = llama_like(h);
  spec.output = OutputMatrix::kOwn;
  allow_attention_biases(spec, Need::kNever);
  if (h.layers != kLayersOfTheGreater) {
    rotate(h, spec, {.pairing = ops::RopePairing::kNeighbours, .states_base = false});
    return spec;
  }
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) { attention.alibi = 8; });
  return spec;
}

}  // namespace rocmforge::models
