// The forward pass before the first layer and after the last: embeddings and output.
#include <cmath>
#include <numbers>

#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Backend;
using ops::Tensor;
using ops::Write;

namespace {

// Computes all layers' own embeddings, in equal parts from the token and from its main embedding.
void embed_for_layers(const LayerInputSource& source, Backend& on, const LayerContext& context) {
  const Tensor all = context.activations.layer_inputs;
  const Tensor projected = context.activations.hidden.slice(0, all.columns);
  on.embed(context.step, Backend::RowOf::kToken, source.tokens.rows, source.tokens.scale, Write::kSet, all);
  on.linear(context.activations.x, source.projection, projected);
  on.scale(source.projection_scale, projected);
  on.norm(projected, source.norm, Write::kAdd, all);
  on.scale(1 / std::numbers::sqrt2_v<float>, all);
}

// Initializes the further streams: each is the first stream times its own matrix, scaled to the length of the first.
void open_streams(const InputLayer& input, Backend& on, const LayerContext& context) {
  const Activations& activations = context.activations;
  const auto width = static_cast<int>(activations.x.columns);
  const int further = input.stream_count - 1;
  on.linear_heads({activations.x, further, width, 0, 0}, input.streams,
                  {activations.streams, further, width, width, width});
  on.match_length(activations.x, width, activations.streams.slice(width, std::int64_t{further} * width));
}

}  // namespace

void close_streams(const OutputLayer& output, Backend& on, const Activations& activations) {
  if (output.stream_count == 0) return;
  const auto width = static_cast<int>(activations.x.columns);
  const int further = output.stream_count - 1;
  const Tensor ends = activations.wide.slice(0, std::int64_t{further} * width);
  on.linear_heads({activations.streams, further, width, width, width}, output.streams,
                  {ends, further, width, width, 0});
  on.match_length(activations.x, width, ends);
  for (int stream = 0; stream < further; ++stream)
    on.add(ends.slice(std::int64_t{stream} * width, width), 1, activations.x);
  on.scale(1 / static_cast<float>(output.stream_count), activations.x);
}

void embed(const InputLayer& input, Backend& on, const LayerContext& context) {
  const Tensor x = context.activations.x;
  const auto embed = [&](Backend::RowOf which, const EmbeddingTable& table, Write write) {
    if (table.is_present()) on.embed(context.step, which, table.rows, table.scale, write, x);
  };
  embed(Backend::RowOf::kToken, input.tokens, Write::kSet);
  embed(Backend::RowOf::kFirst, input.token_types, Write::kAdd);
  embed(Backend::RowOf::kPosition, input.positions, Write::kAdd);
  if (input.norm.is_present()) on.norm(x, input.norm, Write::kSet, x);
  if (input.layer_inputs.is_present()) embed_for_layers(input.layer_inputs, on, context);
  if (input.stream_count > 0) open_streams(input, on, context);
}

void compute_states(const OutputLayer& output, Backend& on, const Activations& activations,
                    std::span<const std::int32_t> rows, Tensor states) {
  on.gather_rows(activations.x, rows, states);
  if (output.norm.is_present()) on.norm(states, output.norm, Write::kSet, states);
}

void compute_output(const DecoderSpec& spec, const OutputLayer& output, Backend& on, const Activations& activations,
                    std::span<const std::int32_t> rows, Tensor logits) {
  if (!output.logits.is_present()) return compute_states(output, on, activations, rows, logits);
  const Tensor states = activations.normed.first_rows(static_cast<std::int64_t>(rows.size()));
  compute_states(output, on, activations, rows, states);
  on.linear(states, output.logits, logits);
  if (spec.logit_scale != 1) on.scale(spec.logit_scale, logits);
  if (spec.logit_soft_cap > 0) on.soft_cap(spec.logit_soft_cap, logits);
}

}  // namespace rocmforge::models
