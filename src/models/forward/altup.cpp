// Gemma 3n: a layer predicts all streams from the first, computes that one, and corrects the prediction of all.
#include <cmath>
#include <numbers>

#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Backend;
using ops::Tensor;
using ops::Write;

namespace {

// How much each stream matters, from one of them: [rows, streams].
Tensor route_streams(const AltUpLayer& part, Backend& on, const Pass& pass, Tensor of) {
  const Tensor weights = pass.work.router.slice(0, part.router.weight.rows);
  on.norm(of, part.router_norm, Write::kSet, pass.work.normed);
  on.scale(1 / static_cast<float>(of.columns), pass.work.normed);
  on.linear(pass.work.normed, part.router, weights);
  on.soft_cap(1, weights);  // tanh
  return weights;
}

// pass.work.block: what the layer makes of the predicted first stream.
void compute_block(const Layer& layer, const Pass& pass, Tensor predicted) {
  Backend& on = *layer.backend;
  const Workspace& work = pass.work;
  const AltUpLayer& part = layer.altup;
  on.norm(predicted, layer.mixer_norm, Write::kSet, work.normed);
  const Tensor low = work.low.slice(0, part.laurel_down.weight.rows);
  on.linear(work.normed, part.laurel_down, low);
  on.linear(low, part.laurel_up, work.delta);
  copy(on, work.normed, work.laurel);
  on.norm(work.delta, part.laurel_norm, Write::kAdd, work.laurel);

  copy(on, predicted, work.block);
  layer.mix(layer, pass, work.normed, Write::kSet, work.delta);
  on.norm(work.delta, layer.mixer_post_norm, Write::kAdd, work.block);
  on.add(work.laurel, 1, work.block);
  on.scale(1 / std::numbers::sqrt2_v<float>, work.block);

  on.norm(work.block, layer.ffn_norm, Write::kSet, work.normed);
  layer.feed_forward(layer, pass, work.normed, Write::kSet, work.delta);
  on.norm(work.delta, layer.ffn_post_norm, Write::kAdd, work.block);
}

}  // namespace

void altup_layer(const Layer& layer, const Pass& pass) {
  Backend& on = *layer.backend;
  const Workspace& work = pass.work;
  const AltUpLayer& part = layer.altup;
  const std::int64_t width = work.x.columns;
  const Tensor predicted = work.predicted.slice(0, width);

  const std::int64_t streams = part.router.weight.rows;
  on.linear(route_streams(part, on, pass, work.x), part.predict, work.coefficients);
  on.mix_streams(work.streams, work.coefficients, work.predicted);
  compute_block(layer, pass, predicted);
  const Tensor corrections = work.coefficients.slice(0, streams);
  on.linear(route_streams(part, on, pass, work.block), part.correct, corrections);
  on.add(predicted, -1, work.block);
  on.add_to_streams(work.block, corrections, work.predicted);
  copy(on, work.predicted, work.streams);

  copy(on, work.x, work.block);
  on.scale_columns(part.correct_scale, work.block);
  compute_layer_input(layer, pass, work.block);
  for (std::int64_t stream = 1; stream < streams; ++stream) {
    on.add(work.delta, 1, work.streams.slice(stream * width, width));
  }
}

}  // namespace rocmforge::models
