// Binds the tensors of Mamba, Mamba 2, short convolutions and delta nets.
#include <vector>

#include "models/bind/parts.h"

namespace rocmforge::models {
namespace {

ops::Norm plain_rms(const std::string& name, float epsilon, Extent size, TensorSource& tensors) {
  return bind_norm({ops::NormKind::kRms, epsilon}, name, size, tensors);
}

ops::Convolution bind_convolution(const std::string& name, int taps, Extent channels, Need bias,
                                  TensorSource& tensors) {
  return {.channels = static_cast<int>(channels.size),
          .taps = taps,
          .weight = tensors.vector(name + ".weight", {{taps, "ssm.conv_kernel"}, channels}),
          .bias = tensors.vector(name + ".bias", {channels}, bias)};
}

}  // namespace

// ---- Mamba ----

MambaLayer bind_mamba(const DecoderSpec& model, const MambaSpec& spec, const std::string& block,
                      TensorSource& tensors) {
  MambaLayer layer;
  layer.spec = spec;
  const Extent width = {model.width, kWidthKey};
  const Extent inner = {spec.inner, "ssm.inner_size"};
  const Extent rank = {spec.rank, "ssm.time_step_rank"};
  const Extent states = {spec.state_size, "ssm.state_size"};
  layer.in = bind_product(block + "ssm_in", width, {2 * spec.inner, "2 × ssm.inner_size"}, tensors);
  layer.convolution = bind_convolution(block + "ssm_conv1d", spec.taps, inner, Need::kRequired, tensors);
  layer.projection = bind_product(block + "ssm_x", inner,
                                  {spec.rank + 2 * spec.state_size, "time_step_rank + 2 × state_size"}, tensors);
  const auto norm = [&](const char* name, Extent size) -> ops::Norm {
    if (spec.norms_have_weights) return plain_rms(block + name, spec.norm_epsilon, size, tensors);
    return {.kind = spec.norms, .epsilon = spec.norm_epsilon};
  };
  layer.time_norm = norm("ssm_dt_norm", rank);
  layer.b_norm = norm("ssm_b_norm", states);
  layer.c_norm = norm("ssm_c_norm", states);
  layer.time = {tensors.matrix(block + "ssm_dt.weight", {rank, inner}), tensors.vector(block + "ssm_dt.bias", {inner})};
  layer.mamba = {.channels = spec.inner,
                 .state_size = spec.state_size,
                 .a = tensors.vector(block + "ssm_a", {states, inner}),
                 .d = tensors.vector(block + "ssm_d", {inner})};
  layer.out = bind_product(block + "ssm_out", inner, width, tensors);
  return layer;
}

Mamba2Layer bind_mamba2(const DecoderSpec& model, const Mamba2Spec& spec, const std::string& block,
                        TensorSource& tensors) {
  Mamba2Layer layer;
  layer.spec = spec;
  const Extent width = {model.width, kWidthKey};
  const Extent inner = {spec.inner, "ssm.inner_size"};
  const Extent channels = {spec.channels(), "ssm.inner_size + 2 × group_count × state_size"};
  const Extent heads = {spec.heads, "ssm.time_step_rank"};
  const Extent in = {spec.inner + spec.channels() + spec.heads,
                     "2 × ssm.inner_size + 2 × group_count × state_size + time_step_rank"};
  layer.in = bind_product(block + "ssm_in", width, in, tensors);
  layer.convolution = bind_convolution(block + "ssm_conv1d", spec.taps, channels, spec.convolution_bias, tensors);
  layer.mamba = {.heads = spec.heads,
                 .head_size = spec.inner / spec.heads,
                 .groups = spec.groups,
                 .state_size = spec.state_size,
                 .dt_bias = tensors.vector(block + "ssm_dt.bias", {heads}),
                 .a = tensors.vector(block + "ssm_a", {{1, "1"}, heads}),
                 .d = tensors.vector(block + "ssm_d", {{1, "1"}, heads})};
  const Extent in_group = {spec.inner / spec.groups, "ssm.inner_size / group_count"};
  const float* weight =
      tensors.vector(block + "ssm_norm.weight", {in_group, {spec.groups, "ssm.group_count"}}, spec.norm);
  if (spec.norm != Need::kNever) {
    layer.norm = {.kind = ops::NormKind::kRms,
                  .weight = weight,
                  .epsilon = spec.norm_epsilon,
                  .group = spec.inner / spec.groups,
                  .weights = spec.inner};
  }
  layer.out = bind_product(block + "ssm_out", inner, width, tensors);
  return layer;
}

Plamo2MambaLayer bind_plamo2_mamba(const DecoderSpec& model, const Plamo2MambaSpec& spec, const std::string& block,
                                   TensorSource& tensors) {
  Plamo2MambaLayer layer;
  layer.spec = spec;
  const Extent width = {model.width, kWidthKey};
  const Extent inner = {spec.inner, "ssm.inner_size"};
  const Extent heads = {spec.heads, "ssm.time_step_rank"};
  const Extent rank = {spec.rank, "max(64, embedding_length / 16)"};
  const Extent states = {spec.state_size, "ssm.state_size"};
  layer.in = bind_product(block + "ssm_in", width, {2 * spec.inner, "2 × ssm.inner_size"}, tensors);
  layer.convolution = bind_convolution(block + "ssm_conv1d", spec.taps, inner, Need::kNever, tensors);
  layer.projection =
      bind_product(block + "ssm_x", inner, {spec.rank + 2 * spec.state_size, "rank + 2 × state_size"}, tensors);
  layer.b_norm = plain_rms(block + "ssm_b_norm", spec.norm_epsilon, states, tensors);
  layer.c_norm = plain_rms(block + "ssm_c_norm", spec.norm_epsilon, states, tensors);
  layer.time_norm = plain_rms(block + "ssm_dt_norm", spec.norm_epsilon, rank, tensors);
  layer.time = bind_product(block + "ssm_dt", rank, heads, tensors);
  layer.mamba = {.heads = spec.heads,
                 .head_size = spec.inner / spec.heads,
                 .groups = 1,
                 .state_size = spec.state_size,
                 .dt_bias = tensors.vector(block + "ssm_dt.bias", {heads}),
                 .a = tensors.vector(block + "ssm_a", {heads}),
                 .d = tensors.vector(block + "ssm_d", {heads})};
  layer.out = bind_product(block + "ssm_out", inner, width, tensors);
  return layer;
}

// ---- Convolution alone ----

ShortConvolutionLayer bind_short_convolution(const DecoderSpec& model, const ShortConvolutionSpec& spec,
                                             const std::string& block, TensorSource& tensors) {
  const Extent width = {model.width, kWidthKey};
  ShortConvolutionLayer layer;
  layer.in = bind_product(block + "shortconv.in_proj", width, {3 * model.width, "3 × embedding_length"}, tensors);
  layer.convolution = {
      .channels = model.width,
      .taps = spec.taps,
      .weight = tensors.vector(block + "shortconv.conv.weight", {{spec.taps, "shortconv.l_cache"}, width}),
      .has_silu = false};
  layer.out = bind_product(block + "shortconv.out_proj", width, width, tensors);
  return layer;
}

// ---- Delta nets ----

namespace {

// Joins Kimi's three convolutions of queries, keys and values into one.
ops::Convolution bind_joint_convolution(const DeltaNetSpec& spec, const std::string& block, TensorSource& tensors) {
  std::vector<float> joint;
  for (const char* name : {"ssm_conv1d_q", "ssm_conv1d_k", "ssm_conv1d_v"}) {
    const std::vector<float> part = tensors.numbers(
        block + name + ".weight", {{spec.taps, "ssm.conv_kernel"}, {spec.values(), "attention.head_count × head_dim"}});
    joint.insert(joint.end(), part.begin(), part.end());
  }
  return {.channels = spec.channels(), .taps = spec.taps, .weight = tensors.constants(joint)};
}

void bind_by_channel(const DeltaNetSpec& spec, const std::string& block, Extent width, TensorSource& tensors,
                     DeltaNetLayer& layer) {
  const Extent all = {spec.values(), "attention.head_count × kda.head_dim"};
  const Extent rank = {spec.key_size, "kda.head_dim"};
  if (tensors.has(block + "attn_qkv.weight")) {
    layer.query_key_value = bind_product(block + "attn_qkv", width, {spec.channels(), "3 × all heads"}, tensors);
  } else {
    layer.query = bind_product(block + "attn_q", width, all, tensors);
    layer.key = bind_product(block + "attn_k", width, all, tensors);
    layer.value = bind_product(block + "attn_v", width, all, tensors);
  }
  layer.decay_down = bind_product(block + "ssm_f_a", width, rank, tensors);
  layer.decay = bind_product(block + "ssm_f_b", rank, all, tensors);
  layer.beta = bind_product(block + "ssm_beta", width, {spec.heads, "attention.head_count"}, tensors);
  layer.gate_down = bind_product(block + "ssm_g_a", width, rank, tensors);
  layer.gate = bind_product(block + "ssm_g_b", rank, all, tensors);
  layer.gating = ops::Activation::kSigmoid;
  layer.convolution = bind_joint_convolution(spec, block, tensors);
  layer.rule.dt_bias = tensors.vector(block + "ssm_dt.bias", {all});
  layer.rule.decays_by_channel = true;
  layer.out = bind_product(block + "attn_output", all, width, tensors);
}

void bind_by_head(const DeltaNetSpec& spec, const std::string& block, Extent width, TensorSource& tensors,
                  DeltaNetLayer& layer) {
  const Extent heads = {spec.heads, "ssm.time_step_rank"};
  const Extent values = {spec.values(), "ssm.inner_size"};
  const Extent channels = {spec.channels(), "ssm.inner_size + 2 × group_count × state_size"};
  if (spec.form == DeltaNetForm::kInterleaved) {
    if (tensors.has(block + "ssm_in.weight")) {
      layer.joint = bind_product(block + "ssm_in", width,
                                 {spec.channels() + spec.values(), "queries, keys, values and gates"}, tensors);
    }
    const Extent both = {2 * spec.heads, "2 × ssm.time_step_rank"};
    layer.beta_and_decay = bind_product(block + "ssm_ba", width, both, tensors);
  } else {
    layer.beta = bind_product(block + "ssm_beta", width, heads, tensors);
    layer.decay = bind_product(block + "ssm_alpha", width, heads, tensors);
  }
  if (!layer.joint.is_present() && !tensors.has(block + "ssm_in.weight")) {
    layer.query_key_value = bind_product(block + "attn_qkv", width, channels, tensors);
    layer.gate = bind_product(block + "attn_gate", width, values, tensors);
  }
  layer.convolution = bind_convolution(block + "ssm_conv1d", spec.taps, channels, Need::kNever, tensors);
  layer.rule.dt_bias = tensors.vector(block + "ssm_dt.bias", {heads});
  layer.rule.repeats_key_heads = spec.form == DeltaNetForm::kSeparate;
  layer.out = bind_product(block + "ssm_out", values, width, tensors);
}

}  // namespace

DeltaNetLayer bind_delta_net(const DecoderSpec& model, const DeltaNetSpec& spec, const std::string& block,
                             TensorSource& tensors) {
  DeltaNetLayer layer;
  layer.spec = spec;
  const Extent width = {model.width, kWidthKey};
  layer.rule = {.heads = spec.heads,
                .key_heads = spec.key_heads,
                .key_size = spec.key_size,
                .value_size = spec.value_size,
                .a = tensors.vector(block + "ssm_a", {{spec.heads, "heads of values"}})};
  if (spec.form == DeltaNetForm::kByChannel) {
    bind_by_channel(spec, block, width, tensors, layer);
  } else {
    bind_by_head(spec, block, width, tensors, layer);
  }
  layer.length = {.kind = ops::NormKind::kLength, .epsilon = spec.norm_epsilon, .group = spec.key_size};
  layer.norm = plain_rms(block + "ssm_norm", spec.norm_epsilon, {spec.value_size, "values of a head"}, tensors);
  layer.norm.group = spec.value_size;
  return layer;
}

}  // namespace rocmforge::models
