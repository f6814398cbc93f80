// The forward pass: what a step computes, from tokens to logits. Functions of layers and parts are chosen once, at
// load.
#pragma once

#include <span>

#include "models/activations.h"
#include "models/layer.h"

namespace rocmforge::models {

// A step with the views that have its number of rows.
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

// ---- The kinds of layers and parts, by what a spec asks for ----

LayerFunction layer_function(const LayerSpec& spec);
PartFunction mixer_function(const LayerSpec& spec);
PartFunction feed_forward_function(const LayerSpec& spec);

// ---- Parts: out is set to their result, or it is added. `in` is left as it is ----

void attention(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write, ops::Tensor out);
// Of what the encoder made, once append_encoder_output() has kept it; and this, which leaves `encoder_output` as it is.
void cross_attention(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                     ops::Tensor out);
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

// The router's logits, to context.activations.router.
void compute_router(const Layer& layer, const LayerContext& context, ops::Tensor in);

// ---- Layers ----

// A part's result is added to context.activations.x, normalized or scaled first where the layer says so.
void add_part(PartFunction part, const ops::Norm& post_norm, const Layer& layer, const LayerContext& context,
              ops::Tensor in);
void altup_layer(const Layer& layer, const LayerContext& context);
// What the layer's own embedding of the token becomes, in context.activations.delta. `gated_by`: [rows, width].
void compute_layer_input(const Layer& layer, const LayerContext& context, ops::Tensor gated_by);

// ---- The ends ----

void embed(const InputLayer& input, ops::Backend& on, const LayerContext& context);

// What layers with several streams leave becomes one, after the last of them.
void close_streams(const OutputLayer& output, ops::Backend& on, const Activations& activations);
// The given rows of x behind the last norm. states: [rows, width].
void compute_states(const OutputLayer& output, ops::Backend& on, const Activations& activations,
                    std::span<const std::int32_t> rows, ops::Tensor states);
// logits: [rows, vocabulary], of the given rows of x; or for an encoder their hidden states, [rows, width].
void compute_output(const DecoderSpec& spec, const OutputLayer& output, ops::Backend& on,
                    const Activations& activations, std::span<const std::int32_t> rows, ops::Tensor logits);

}  // namespace rocmforge::models
