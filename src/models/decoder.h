// The forward pass: what a step computes, from tokens to logits.
#pragma once

#include <vector>

#include "models/layer.h"

namespace rocmforge::models {

// The activations of a step on one backend. Every tensor has the greatest number of columns that any layer needs, and
// each takes the first of them.
struct Workspace {
  ops::Tensor x;       // what runs through the layers: [rows, width]
  ops::Tensor normed;  // [rows, width]
  ops::Tensor delta;   // [rows, width]: a part's result that is normalized before it is added
  ops::Tensor shared;  // [rows, width]: the shared expert's
  ops::Tensor low;     // latent attention's queries between their two matrices
  ops::Tensor query;
  ops::Tensor wide;  // latent attention's queries in the space of its keys
  ops::Tensor key;
  ops::Tensor value;
  ops::Tensor mixed;
  ops::Tensor hidden;  // of a feed-forward part, or all that a recurrent block's input matrix gives
  ops::Tensor router;
  ops::Tensor gate;  // [rows, 1]
  ops::Routing routing;
  std::vector<ops::Tensor> rope_tables;
};

// A step with the views that have its number of rows.
struct Pass {
  const ops::Step& step;
  const Workspace& work;
};

// ---- The kinds of layers and parts, by what a spec asks for ----

LayerFunction layer_function(const LayerSpec& spec);
PartFunction mixer_function(const LayerSpec& spec);
PartFunction feed_forward_function(const LayerSpec& spec);

// ---- The ends ----

void embed(const InputLayer& input, ops::Backend& on, const Pass& pass);

// logits: [rows, vocabulary], of the given rows of x; or for an encoder their hidden states, [rows, width].
void compute_output(const DecoderSpec& spec, const OutputLayer& output, ops::Backend& on, const Workspace& work,
                    std::span<const std::int32_t> rows, ops::Tensor logits);

}  // namespace rocmforge::models
