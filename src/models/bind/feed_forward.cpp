// Binds the tensors of dense feed-forward parts, of experts, and of their router.
#include <cmath>
#include <utility>
#include <vector>

#include "models/bind/parts.h"

namespace rocmforge::models {
namespace {

// The sizes and the common name ending of gate, up and down: "", "_shexp" or "_exps". `count` is used with "_exps"
// only.
struct Matrices {
  const char* ending = "";
  Extent width;
  Extent hidden;
  Need bias = Need::kNever;
  Need down_bias = Need::kNever;
  Extent count = {0, ""};
};

ops::FeedForward bind_matrices(const FeedForwardSpec& spec, const std::string& block, const Matrices& wanted,
                               TensorSource& tensors) {
  const auto linear = [&](const char* name, Extent in, Extent out, Need bias) {
    const std::string full = block + name + wanted.ending;
    if (wanted.count.size == 0) {
      return ops::Linear{tensors.matrix(full + ".weight", {in, out}), tensors.vector(full + ".bias", {out}, bias)};
    }
    return ops::Linear{tensors.matrix(full + ".weight", {in, out, wanted.count}),
                       tensors.vector(full + ".bias", {out, wanted.count}, bias)};
  };
  ops::FeedForward ffn;
  ffn.activation = spec.activation;
  ffn.xielu = spec.xielu;
  if (spec.is_gated) ffn.gate = linear("ffn_gate", wanted.width, wanted.hidden, wanted.bias);
  ffn.up = linear("ffn_up", wanted.width, wanted.hidden, wanted.bias);
  ffn.down = linear("ffn_down", wanted.hidden, wanted.width, wanted.down_bias);
  return ffn;
}

// Binds gate and up from ffn_up, which holds the rows of the gate, then those of up.
ops::FeedForward bind_fused_gate(const FeedForwardSpec& spec, const std::string& block, Extent width,
                                 TensorSource& tensors) {
  const Extent both = {std::int64_t{2} * spec.width, "2 × feed_forward_length"};
  const auto half = [&](std::int64_t first) {
    const RowRange rows{first, spec.width};
    return ops::Linear{tensors.matrix(block + "ffn_up.weight", {width, both}, Need::kRequired, rows),
                       tensors.vector(block + "ffn_up.bias", {both}, spec.bias, rows)};
  };
  return {half(0),
          half(spec.width),
          {tensors.matrix(block + "ffn_down.weight", {{spec.width, "feed_forward_length"}, width}),
           tensors.vector(block + "ffn_down.bias", {width}, spec.down_bias.value_or(spec.bias))},
          spec.activation,
          spec.xielu};
}

ops::FeedForward bind_dense(const FeedForwardSpec& spec, const std::string& block, Extent width,
                            TensorSource& tensors) {
  if (spec.is_stored_fused) return bind_fused_gate(spec, block, width, tensors);
  return bind_matrices(spec, block,
                       {"", width, {spec.width, "feed_forward_length"}, spec.bias, spec.down_bias.value_or(spec.bias)},
                       tensors);
}

// ---- Experts ----

// Binds the experts. Their gate and up may be one tensor that holds each expert's gate, then its up.
ops::FeedForward bind_experts(const FeedForwardSpec& spec, const std::string& block, Extent width,
                              TensorSource& tensors) {
  const ExpertsSpec& experts = *spec.experts;
  const Extent hidden = {experts.width, "expert_feed_forward_length"};
  const Extent count = {experts.count, "expert_count"};
  const std::string fused = block + "ffn_gate_up_exps.weight";
  if (!spec.is_gated || !tensors.has(fused)) {
    const Need bias = experts.has_biases ? Need::kRequired : Need::kNever;
    return bind_matrices(spec, block, {"_exps", width, hidden, bias, bias, count}, tensors);
  }
  const Extent both = {std::int64_t{2} * experts.width, "2 × expert_feed_forward_length"};
  ops::FeedForward ffn;
  ffn.activation = spec.activation;
  ffn.gate = {tensors.matrix(fused, {width, both, count}, Need::kRequired, {0, experts.width})};
  ffn.up = {tensors.matrix(fused, {width, both, count}, Need::kRequired, {experts.width, experts.width})};
  ffn.down = {tensors.matrix(block + "ffn_down_exps.weight", {hidden, width, count})};
  return ffn;
}

// The tensor's name ends in ".bias" in some files only.
const float* bind_selection_bias(const ExpertsSpec& experts, const std::string& block, Extent count,
                                 TensorSource& tensors) {
  const std::string bare = block + "exp_probs_b";
  return tensors.vector(tensors.has(bare) ? bare : bare + ".bias", {count}, experts.selection_bias);
}

ops::Router router_of(const ExpertsSpec& experts) {
  return {.experts = experts.count,
          .used = experts.used,
          .gating = experts.gating,
          .groups = experts.groups,
          .groups_used = experts.groups_used,
          .renormalize = experts.renormalizes,
          .scale = experts.scale};
}

void bind_mixture(const FeedForwardSpec& spec, const std::string& block, Extent width, TensorSource& tensors,
                  FeedForwardLayer& layer) {
  const ExpertsSpec& experts = *spec.experts;
  const Extent count = {experts.count, "expert_count"};
  const Need bias = experts.has_biases ? Need::kRequired : Need::kNever;
  layer.router_product = {tensors.matrix(block + "ffn_gate_inp.weight", {width, count}),
                          tensors.vector(block + "ffn_gate_inp.bias", {count}, bias)};
  layer.router = router_of(experts);
  layer.router.selection_bias = bind_selection_bias(experts, block, count, tensors);
  layer.weighs_inputs = experts.weighs_inputs;
  layer.routes_by_input = experts.routes_by_input;
  if (experts.latent_width > 0) {
    const Extent latent = {experts.latent_width, "moe_latent_size"};
    layer.latent_down = bind_product(block + "ffn_latent_down", width, latent, tensors);
    layer.latent_up = bind_product(block + "ffn_latent_up", latent, width, tensors);
    layer.experts = bind_experts(spec, block, latent, tensors);
  } else {
    layer.experts = bind_experts(spec, block, width, tensors);
  }
  if (experts.shared_width == 0) return;
  const Extent shared = {experts.shared_width, "width of the shared expert"};
  layer.shared = bind_matrices(spec, block, {"_shexp", width, shared}, tensors);
  if (experts.shared_gate) layer.shared_gate = bind_product(block + "ffn_gate_inp_shexp", width, {1, "1"}, tensors);
}

// Binds the norms of a layer with a dense part beside the experts. The router's input is the layer's input with its own
// RMS norm, divided by sqrt(width).
void bind_dense_beside(const DecoderSpec& model, const std::string& block, Extent width, TensorSource& tensors,
                       FeedForwardLayer& layer) {
  std::vector<float> scale = tensors.numbers(block + "ffn_gate_inp.scale", {width});
  for (float& factor : scale) factor /= std::sqrt(static_cast<float>(model.width));
  layer.router_norm = {.kind = ops::NormKind::kRms,
                       .weight = tensors.constants(scale),
                       .epsilon = model.norm.epsilon,
                       .weights = model.width};
  layer.experts_norm = bind_norm(model.norm, block + "pre_ffw_norm_2", width, tensors);
  layer.dense_post_norm = bind_norm(model.norm, block + "post_ffw_norm_1", width, tensors);
  layer.experts_post_norm = bind_norm(model.norm, block + "post_ffw_norm_2", width, tensors);
}

}  // namespace

FeedForwardLayer bind_feed_forward(const DecoderSpec& model, const FeedForwardSpec& spec, const std::string& block,
                                   TensorSource& tensors) {
  const Extent width = {model.width, kWidthKey};
  FeedForwardLayer layer;
  layer.outliers = spec.outliers.value_or(0);
  if (spec.has_divisors) {
    std::vector<float> scales = tensors.numbers(block + "ffn.act.scales", {{spec.width, "feed_forward_length"}});
    for (float& scale : scales) scale = 1 / scale;
    layer.hidden_scales = tensors.constants(scales);
  }
  if (spec.has_dense_beside) {
    tensors.keep_scale_apart(block + "ffn_gate_inp.weight");
    bind_dense_beside(model, block, width, tensors, layer);
  }
  if (spec.experts) bind_mixture(spec, block, width, tensors, layer);
  if (!spec.experts || spec.has_dense_beside) layer.dense = bind_dense(spec, block, width, tensors);
  return layer;
}

}  // namespace rocmforge::models
