// The parts of the forward pass, which computes logits from a step's tokens. The functions of a model's layers and
// parts are chosen once, at load.
#pragma once

#include <span>

#include "models/activations.h"
#include "models/layer.h"

namespace rocmforge::models {

// What the functions of a layer share in one step: the step, and activations with as many rows.
struct LayerContext {
  const ops::Step& step;
  const Activations& activations;
};

inline ops::Tensor rope_table_of(const LayerContext& context, int rope) {
  return rope < 0 ? ops::Tensor{} : context.activations.rope_tables[static_cast<std::size_t>(rope)];
}

inline void copy(ops::Backend& on, ops::Tensor from, ops::Tensor to) {
  const auto columns = static_cast<int>(from.columns);
  on.copy_heads({from, 1, columns, 0, 0}, {to, 1, columns, 0, 0});
}

// ---- The functions for a spec; nullptr if the layer lacks the part ----

LayerFunction layer_function(const LayerSpec& spec);
PartFunction mixer_function(const LayerSpec& spec);
PartFunction feed_forward_function(const LayerSpec& spec);

// ---- Parts: set `out` to their result or add it to `out`, and leave `in` unchanged ----

void attention(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
// Requires: append_encoder_output() has stored the keys and values.
void cross_attention(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                     ops::Tensor out);
// Stores the keys and values of the encoder's output, [rows, width]. Leaves `encoder_output` unchanged.
void append_encoder_output(const Layer& layer, const LayerContext& context, ops::Tensor encoder_output);
void latent_attention(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                      ops::Tensor out);
void mamba(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
void mamba2(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
void plamo2_mamba(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
void attention_and_mamba2(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                          ops::Tensor out);
void short_convolution(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                       ops::Tensor out);
void delta_net(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
void rwkv6(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
void rwkv7(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);

void feed_forward(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
void scaled_feed_forward(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                         ops::Tensor out);
void sparse_feed_forward(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                         ops::Tensor out);
void mixture_of_experts(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                        ops::Tensor out);
void dense_and_experts(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                       ops::Tensor out);
void channel_mix(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);

// Computes the router's logits into context.activations.router.
void compute_router(const Layer& layer, const LayerContext& context, ops::Tensor in);

// ---- Layers ----

// Adds a part's result to context.activations.x. The result is normalized or scaled first if the layer says so.
void add_part(PartFunction part, const ops::Norm& post_norm, const Layer& layer, const LayerContext& context,
              ops::Tensor in);
void altup_layer(const Layer& layer, const LayerContext& context);
// Computes the contribution of the layer's own embedding into context.activations.delta. gated_by: [rows, width].
void compute_layer_input(const Layer& layer, const LayerContext& context, ops::Tensor gated_by);

// ---- The ends ----

void embed(const InputLayer& input, ops::Backend& on, const LayerContext& context);

// Combines several streams into one after the last layer. Does nothing if there is only one.
void close_streams(const OutputLayer& output, ops::Backend& on, const Activations& activations);
// Computes the last norm of the given rows of x. states: [rows, width].
void compute_states(const OutputLayer& output, ops::Backend& on, const Activations& activations,
                    std::span<const std::int32_t> rows, ops::Tensor states);
// Computes the output of the given rows of x: logits, [rows, vocabulary], or an encoder's hidden states, [rows, width].
void compute_output(const DecoderSpec& spec, const OutputLayer& output, ops::Backend& on,
                    const Activations& activations, std::span<const std::int32_t> rows, ops::Tensor logits);

}  // namespace rocmforge::models
