// Binds the tensors of RWKV 6 and 7.
#include <vector>

#include "models/bind/parts.h"

namespace rocmforge::models {
namespace {

// The epsilon of the norm of a head's results, as in the models' own code.
constexpr float kHeadNormEpsilon = 64e-5f;

ops::Norm bind_head_norm(const std::string& block, int head_size, Extent width, TensorSource& tensors) {
  ops::Norm norm = bind_norm({ops::NormKind::kLayer, kHeadNormEpsilon, true}, block + "time_mix_ln", width, tensors);
  norm.group = head_size;
  return norm;
}

// Binds the weights of the inputs. Older files have one vector per input.
const float* bind_rwkv6_lerps(const std::string& mix, Extent width, TensorSource& tensors) {
  if (!tensors.has(mix + "lerp_w.weight")) {
    return tensors.vector(mix + "lerp_fused.weight", {width, {5, "inputs"}});
  }
  std::vector<float> lerps;
  for (const char* input : {"w", "k", "v", "r", "g"}) {
    const std::vector<float> one = tensors.numbers(mix + "lerp_" + input + ".weight", {width});
    lerps.insert(lerps.end(), one.begin(), one.end());
  }
  return tensors.constants(lerps);
}

}  // namespace

Rwkv6Layer bind_rwkv6(const DecoderSpec& model, const Rwkv6Spec& spec, const std::string& block,
                      TensorSource& tensors) {
  Rwkv6Layer layer;
  layer.spec = spec;
  const Extent width = {model.width, kWidthKey};
  const Extent head = {spec.head_size, "wkv.head_size"};
  const Extent heads = {model.width / spec.head_size, "embedding_length / wkv.head_size"};
  const Extent five = {5, "inputs"};
  const Extent rank = {spec.mix_rank, "time_mix_extra_dim"};
  const Extent decay_rank = {spec.decay_rank, "time_decay_extra_dim"};
  const std::string mix = block + "time_mix_";
  layer.first_lerp = tensors.vector(mix + "lerp_x.weight", {width});
  layer.mix_down = bind_product(mix + "w1", width, {5 * spec.mix_rank, "5 × time_mix_extra_dim"}, tensors);
  layer.mix_up = tensors.matrix(mix + "w2.weight", {rank, width, five});
  layer.lerps = bind_rwkv6_lerps(mix, width, tensors);
  layer.decay_down = bind_product(mix + "decay_w1", width, decay_rank, tensors);
  layer.decay = {tensors.matrix(mix + "decay_w2.weight", {decay_rank, width}),
                 tensors.vector(mix + "decay.weight", {width})};
  layer.key = bind_product(mix + "key", width, width, tensors);
  layer.value = bind_product(mix + "value", width, width, tensors);
  layer.receptance = bind_product(mix + "receptance", width, width, tensors);
  layer.gate = bind_product(mix + "gate", width, width, tensors);
  layer.wkv = {.heads = static_cast<int>(heads.size),
               .head_size = spec.head_size,
               .bonus = tensors.vector(mix + "first.weight", {head, heads})};
  layer.norm = bind_head_norm(block, spec.head_size, width, tensors);
  layer.out = bind_product(mix + "output", width, width, tensors);
  return layer;
}

Rwkv7Layer bind_rwkv7(const DecoderSpec& model, const Rwkv7Spec& spec, const std::string& block,
                      TensorSource& tensors) {
  Rwkv7Layer layer;
  layer.spec = spec;
  const Extent width = {model.width, kWidthKey};
  const Extent inputs = {spec.gate_rank > 0 ? 6 : 5, "inputs"};
  const std::string mix = block + "time_mix_";
  const auto low_rank = [&](const char* name, Extent rank, ops::Linear& down, ops::Linear& up, bool has_bias) {
    down = bind_product(mix + name + "1", width, rank, tensors);
    up = {tensors.matrix(mix + name + "2.weight", {rank, width}),
          tensors.vector(mix + name + "0.weight", {width}, has_bias ? Need::kRequired : Need::kNever)};
  };
  layer.lerps = tensors.vector(mix + "lerp_fused.weight", {width, inputs});
  low_rank("w", {spec.decay_rank, "attention.decay_lora_rank"}, layer.decay_down, layer.decay, true);
  low_rank("a", {spec.rate_rank, "attention.iclr_lora_rank"}, layer.rate_down, layer.rate, true);
  const Extent value_rank = {spec.value_rank, "attention.value_residual_mix_lora_rank"};
  if (!spec.is_first) low_rank("v", value_rank, layer.value_gate_down, layer.value_gate, true);
  const Extent gate_rank = {spec.gate_rank, "attention.gate_lora_rank"};
  if (spec.gate_rank > 0) low_rank("g", gate_rank, layer.gate.up, layer.gate.down, false);
  layer.gate.activation = ops::Activation::kSigmoid;
  layer.key = bind_product(mix + "key", width, width, tensors);
  layer.value = bind_product(mix + "value", width, width, tensors);
  layer.receptance = bind_product(mix + "receptance", width, width, tensors);
  layer.wkv = {.heads = model.width / spec.head_size,
               .head_size = spec.head_size,
               .key_scale = tensors.vector(mix + "k_k.weight", {width}),
               .key_rate = tensors.vector(mix + "k_a.weight", {width}),
               .bonus = tensors.vector(mix + "r_k.weight", {width}),
               .norm = bind_head_norm(block, spec.head_size, width, tensors)};
  layer.out = bind_product(mix + "output", width, width, tensors);
  return layer;
}

ChannelMixLayer bind_channel_mix(const DecoderSpec& model, const ChannelMixSpec& spec, const std::string& block,
                                 TensorSource& tensors) {
  const Extent width = {model.width, kWidthKey};
  const Extent hidden = {spec.width, "feed_forward_length"};
  const std::string mix = block + "channel_mix_";
  ChannelMixLayer layer;
  layer.key_lerp = tensors.vector(mix + "lerp_k.weight", {width});
  layer.ffn.activation = ops::Activation::kReluSquared;
  layer.ffn.up = bind_product(mix + "key", width, hidden, tensors);
  layer.ffn.down = bind_product(mix + "value", hidden, width, tensors);
  if (spec.has_receptance) {
    layer.receptance_lerp = tensors.vector(mix + "lerp_r.weight", {width});
    layer.receptance = bind_product(mix + "receptance", width, width, tensors);
  }
  return layer;
}

}  // namespace rocmforge::models
