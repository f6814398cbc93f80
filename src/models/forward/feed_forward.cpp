// The forward pass of feed-forward parts, dense and with experts.
#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Backend;
using ops::Tensor;
using ops::Write;

namespace {

void dense(Backend& on, const ops::FeedForward& ffn, const LayerContext& context, Tensor in, Write write, Tensor out) {
  const Tensor hidden = context.activations.hidden.slice(0, ffn.up.weight.rows);
  on.gate_up(in, ffn, hidden);
  on.linear(hidden, ffn.down, out, write);
}

// Requires: compute_router() has computed the logits.
void choose_experts(const FeedForwardLayer& part, Backend& on, const LayerContext& context, ops::Routing& routing) {
  routing = context.activations.routing;
  routing.used = part.router.used;
  routing.weighs_inputs = part.weighs_inputs;
  on.route(context.activations.router.slice(0, part.router.experts), part.router, routing);
}

// Computes experts that work in a space of their own width.
void latent_experts(const FeedForwardLayer& part, Backend& on, const LayerContext& context, const ops::Routing& routing,
                    Tensor in, Write write, Tensor out) {
  const std::int64_t width = part.latent_down.weight.rows;
  const Tensor low = context.activations.low.slice(0, width);
  const Tensor sum = context.activations.low.slice(width, width);
  on.linear(in, part.latent_down, low);
  on.moe_ffn(low, part.experts, routing, Write::kSet, sum);
  on.linear(sum, part.latent_up, out, write);
}

}  // namespace

void feed_forward(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  dense(*layer.backend, layer.ffn.dense, context, in, write, out);
}

void scaled_feed_forward(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  ops::Backend& on = *layer.backend;
  const ops::FeedForward& ffn = layer.ffn.dense;
  const Tensor hidden = context.activations.hidden.slice(0, ffn.up.weight.rows);
  on.gate_up(in, ffn, hidden);
  on.scale_columns(layer.ffn.hidden_scales, hidden);
  on.linear(hidden, ffn.down, out, write);
}

// A feed-forward part that keeps only the gates far above their mean.
void sparse_feed_forward(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const ops::FeedForward& ffn = layer.ffn.dense;
  const std::int64_t width = ffn.up.weight.rows;
  const Tensor gate = context.activations.hidden.slice(0, width);
  const Tensor up = context.activations.hidden.slice(width, width);
  const ops::Projection projections[] = {{ffn.gate, gate}, {ffn.up, up}};
  on.linear(in, projections, Write::kSet);
  on.keep_outliers(layer.ffn.outliers, gate);
  on.gate(ffn.activation, gate, up, gate);
  on.linear(gate, ffn.down, out, write);
}

void compute_router(const Layer& layer, const LayerContext& context, Tensor in) {
  layer.backend->linear(in, layer.ffn.router_product, context.activations.router.slice(0, layer.ffn.router.experts));
}

void mixture_of_experts(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const FeedForwardLayer& part = layer.ffn;
  ops::Routing routing;
  if (!part.routes_by_input) compute_router(layer, context, in);
  choose_experts(part, on, context, routing);
  if (part.latent_down.is_present()) {
    latent_experts(part, on, context, routing, in, write, out);
  } else {
    on.moe_ffn(in, part.experts, routing, write, out);
  }
  if (!part.shared.up.is_present()) return;
  if (!part.shared_gate.is_present()) return dense(on, part.shared, context, in, Write::kAdd, out);
  dense(on, part.shared, context, in, Write::kSet, context.activations.shared);
  on.linear(in, part.shared_gate, context.activations.gate);
  on.add_gated(context.activations.shared, context.activations.gate, out);
}

// Router and experts read the layer's input, each through its own norm. The sum replaces the contents of `out` whatever
// `write` says, so such a layer always has a norm after it.
void dense_and_experts(const Layer& layer, const LayerContext& context, Tensor in, Write, Tensor out) {
  Backend& on = *layer.backend;
  const FeedForwardLayer& part = layer.ffn;
  dense(on, part.dense, context, in, Write::kSet, out);
  on.norm(out, part.dense_post_norm, Write::kSet, out);

  const Tensor normed = context.activations.normed;
  ops::Routing routing;
  on.norm(context.activations.x, part.router_norm, Write::kSet, normed);
  compute_router(layer, context, normed);
  choose_experts(part, on, context, routing);
  on.norm(context.activations.x, part.experts_norm, Write::kSet, normed);
  on.moe_ffn(normed, part.experts, routing, Write::kSet, context.activations.shared);
  on.norm(context.activations.shared, part.experts_post_norm, Write::kAdd, out);
}

}  // namespace rocmforge::models
