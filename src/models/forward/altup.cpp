// Gemma 3n's AltUp layer: it predicts all streams from the first one, computes the first, and corrects the predictions
// of all.
#include <cmath>
#include <numbers>

#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Backend;
using ops::Tensor;
using ops::Write;

namespace {

// Computes the weights of the streams from one of them: [rows, streams].
Tensor route_streams(const AltUpLayer& part, Backend& on, const LayerContext& context, Tensor of) {
  const Tensor weights = context.activations.router.slice(0, part.router.weight.rows);
  on.norm(of, part.router_norm, Write::kSet, context.activations.normed);
  on.scale(1 / static_cast<float>(of.columns), context.activations.normed);
  on.linear(context.activations.normed, part.router, weights);
  on.soft_cap(1, weights);  // tanh
  return weights;
}

// Computes the layer's result for the predicted first stream into context.activations.block.
void compute_block(const Layer& layer, const LayerContext& context, Tensor predicted) {
  Backend& on = *layer.backend;
  const Activations& activations = context.activations;
  const AltUpLayer& part = layer.altup;
  on.norm(predicted, layer.mixer_norm, Write::kSet, activations.normed);
  const Tensor low = activations.low.slice(0, part.laurel_down.weight.rows);
  on.linear(activations.normed, part.laurel_down, low);
  on.linear(low, part.laurel_up, activations.delta);
  copy(on, activations.normed, activations.laurel);
  on.norm(activations.delta, part.laurel_norm, Write::kAdd, activations.laurel);

  copy(on, predicted, activations.block);
  layer.mix(layer, context, activations.normed, Write::kSet, activations.delta);
  on.norm(activations.delta, layer.mixer_post_norm, Write::kAdd, activations.block);
  on.add(activations.laurel, 1, activations.block);
  on.scale(1 / std::numbers::sqrt2_v<float>, activations.block);

  on.norm(activations.block, layer.ffn_norm, Write::kSet, activations.normed);
  layer.feed_forward(layer, context, activations.normed, Write::kSet, activations.delta);
  on.norm(activations.delta, layer.ffn_post_norm, Write::kAdd, activations.block);
}

}  // namespace

void altup_layer(const Layer& layer, const LayerContext& context) {
  Backend& on = *layer.backend;
  const Activations& activations = context.activations;
  const AltUpLayer& part = layer.altup;
  const std::int64_t width = activations.x.columns;
  const Tensor predicted = activations.predicted.slice(0, width);

  const std::int64_t streams = part.router.weight.rows;
  on.linear(route_streams(part, on, context, activations.x), part.predict, activations.coefficients);
  on.mix_streams(activations.streams, activations.coefficients, activations.predicted);
  compute_block(layer, context, predicted);
  const Tensor corrections = activations.coefficients.slice(0, streams);
  on.linear(route_streams(part, on, context, activations.block), part.correct, corrections);
  on.add(predicted, -1, activations.block);
  on.add_to_streams(activations.block, corrections, activations.predicted);
  copy(on, activations.predicted, activations.streams);

  copy(on, activations.x, activations.block);
  on.scale_columns(part.correct_scale, activations.block);
  compute_layer_input(layer, context, activations.block);
  for (std::int64_t stream = 1; stream < streams; ++stream) {
    on.add(activations.delta, 1, activations.streams.slice(stream * width, width));
  }
}

}  // namespace rocmforge::models
