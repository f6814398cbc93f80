// The forms of layers, and the functions that a layer's spec selects.
#include "base/error.h"
#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Tensor;
using ops::Write;

void add_part(PartFunction part, const ops::Norm& post_norm, const Layer& layer, const LayerContext& context,
              Tensor in) {
  const Activations& activations = context.activations;
  if (!post_norm.is_present() && layer.residual_scale == 1) return part(layer, context, in, Write::kAdd, activations.x);
  part(layer, context, in, Write::kSet, activations.delta);
  if (post_norm.is_present()) {
    layer.backend->norm(activations.delta, post_norm, Write::kAdd, activations.x);
  } else {
    layer.backend->add(activations.delta, layer.residual_scale, activations.x);
  }
}

void compute_layer_input(const Layer& layer, const LayerContext& context, Tensor gated_by) {
  ops::Backend& on = *layer.backend;
  const LayerInput& input = layer.input;
  const std::int64_t width = input.gate.weight.rows;
  const Tensor low = context.activations.low.slice(0, width);
  on.linear(gated_by, input.gate, low);
  on.gate(ops::Activation::kGeluTanh, low, context.activations.layer_inputs.slice(input.number * width, width), low);
  on.linear(low, input.projection, context.activations.delta);
  on.norm(context.activations.delta, input.norm, Write::kSet, context.activations.delta);
}

namespace {

// Returns x normalized, or x itself if there is no norm. The latter is safe since no part writes its output before it
// has read all of its input.
Tensor normalized(const Layer& layer, const ops::Norm& norm, const LayerContext& context, Tensor to) {
  if (!norm.is_present()) return context.activations.x;
  layer.backend->norm(context.activations.x, norm, Write::kSet, to);
  return to;
}

void finish(const Layer& layer, const LayerContext& context) {
  if (layer.input.is_present()) {
    compute_layer_input(layer, context, context.activations.x);
    layer.backend->add(context.activations.delta, 1, context.activations.x);
  }
  if (layer.output_scale != 1) layer.backend->scale(layer.output_scale, context.activations.x);
}

void sequential_layer(const Layer& layer, const LayerContext& context) {
  const Tensor normed = context.activations.normed;
  if (layer.ffn.routes_by_input) compute_router(layer, context, context.activations.x);
  if (layer.mix != nullptr) {
    add_part(layer.mix, layer.mixer_post_norm, layer, context, normalized(layer, layer.mixer_norm, context, normed));
  }
  if (layer.cross_attention != nullptr) {
    add_part(layer.cross_attention, {}, layer, context, normalized(layer, layer.cross_norm, context, normed));
  }
  if (layer.feed_forward != nullptr) {
    add_part(layer.feed_forward, layer.ffn_post_norm, layer, context,
             normalized(layer, layer.ffn_norm, context, normed));
  }
  finish(layer, context);
}

void parallel_layer(const Layer& layer, const LayerContext& context) {
  const Tensor of_mixer = normalized(layer, layer.mixer_norm, context, context.activations.normed);
  const Tensor of_ffn =
      layer.ffn_norm.is_present() ? normalized(layer, layer.ffn_norm, context, context.activations.delta) : of_mixer;
  layer.mix(layer, context, of_mixer, Write::kAdd, context.activations.x);
  layer.feed_forward(layer, context, of_ffn, Write::kAdd, context.activations.x);
  finish(layer, context);
}

void post_norm_layer(const Layer& layer, const LayerContext& context) {
  const Tensor x = context.activations.x;
  const bool is_added_again = layer.mixer_second_post_norm.is_present();
  if (is_added_again) copy(*layer.backend, x, context.activations.delta);
  layer.mix(layer, context, x, Write::kAdd, x);
  layer.backend->norm(x, layer.mixer_post_norm, Write::kSet, x);
  if (is_added_again) {
    layer.backend->add(context.activations.delta, 1, x);
    layer.backend->norm(x, layer.mixer_second_post_norm, Write::kSet, x);
  }
  layer.feed_forward(layer, context, x, Write::kAdd, x);
  layer.backend->norm(x, layer.ffn_post_norm, Write::kSet, x);
}

struct MixerFunction {
  PartFunction operator()(std::monostate) const { return nullptr; }
  PartFunction operator()(const AttentionSpec&) const { return attention; }
  PartFunction operator()(const LatentAttentionSpec&) const { return latent_attention; }
  PartFunction operator()(const MambaSpec&) const { return mamba; }
  PartFunction operator()(const Mamba2Spec&) const { return mamba2; }
  PartFunction operator()(const Plamo2MambaSpec&) const { return plamo2_mamba; }
  PartFunction operator()(const ShortConvolutionSpec&) const { return short_convolution; }
  PartFunction operator()(const DeltaNetSpec&) const { return delta_net; }
  PartFunction operator()(const Rwkv6Spec&) const { return rwkv6; }
  PartFunction operator()(const Rwkv7Spec&) const { return rwkv7; }
};

}  // namespace

LayerFunction layer_function(const LayerSpec& spec) {
  switch (spec.form) {
    case LayerForm::kSequential: return sequential_layer;
    case LayerForm::kParallel: return parallel_layer;
    case LayerForm::kPostNorm: return post_norm_layer;
    case LayerForm::kAltUp: return altup_layer;
  }
  return nullptr;
}

PartFunction mixer_function(const LayerSpec& spec) {
  if (spec.beside) return attention_and_mamba2;
  return std::visit(MixerFunction(), spec.mixer);
}

PartFunction feed_forward_function(const LayerSpec& spec) {
  if (spec.channel_mix) return channel_mix;
  if (!spec.ffn) return nullptr;
  if (spec.ffn->has_dense_beside) return dense_and_experts;
  if (spec.ffn->experts) return mixture_of_experts;
  if (spec.ffn->has_divisors) return scaled_feed_forward;
  return spec.ffn->outliers ? sparse_feed_forward : feed_forward;
}

}  // namespace rocmforge::models
