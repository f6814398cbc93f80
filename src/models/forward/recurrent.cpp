// The forward pass of Mamba, Mamba 2, short convolutions and delta nets.
#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Activation;
using ops::Backend;
using ops::Tensor;
using ops::Write;

// ---- Mamba ----

void mamba(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<MambaLayer>(layer.mixer);
  const MambaSpec& spec = part.spec;
  const Tensor all = context.activations.hidden.slice(0, 2 * std::int64_t{spec.inner});
  const Tensor x = all.slice(0, spec.inner);
  const Tensor low = context.activations.low.slice(0, part.projection.weight.rows);
  const Tensor time = low.slice(0, spec.rank);
  const Tensor b = low.slice(spec.rank, spec.state_size);
  const Tensor c = low.slice(spec.rank + spec.state_size, spec.state_size);
  const Tensor steps = context.activations.wide.slice(0, spec.inner);
  const Tensor mixed = context.activations.mixed.slice(0, spec.inner);

  on.linear(in, part.in, all);
  on.causal_convolution(context.step, part.convolution, layer.mixer_state, x);
  on.linear(x, part.projection, low);
  if (part.time_norm.is_present()) {
    on.norm(time, part.time_norm, Write::kSet, time);
    on.norm(b, part.b_norm, Write::kSet, b);
    on.norm(c, part.c_norm, Write::kSet, c);
  }
  on.linear(time, part.time, steps);
  on.mamba_scan(context.step, part.mamba, layer.mixer_state, x, b, c, steps, mixed);
  on.gate(Activation::kSilu, all.slice(spec.inner, spec.inner), mixed, mixed);
  on.linear(mixed, part.out, out, write);
}

namespace {

void run_mamba2(const Mamba2Layer& part, const Layer& layer, const LayerContext& context, Tensor in, Write write,
                Tensor out) {
  Backend& on = *layer.backend;
  const Mamba2Spec& spec = part.spec;
  const int states = spec.groups * spec.state_size;
  const Tensor all = context.activations.hidden.slice(0, part.in.weight.rows);
  const Tensor gate = all.slice(0, spec.inner);
  const Tensor channels = all.slice(spec.inner, spec.channels());
  const Tensor time_step = all.slice(spec.inner + spec.channels(), spec.heads);
  const Tensor mixed = context.activations.mixed.slice(0, spec.inner);

  on.linear(in, part.in, all);
  on.causal_convolution(context.step, part.convolution, layer.mixer_state, channels);
  on.mamba2_scan(context.step, part.mamba, layer.mixer_state, channels.slice(0, spec.inner),
                 channels.slice(spec.inner, states), channels.slice(spec.inner + states, states), time_step, mixed);
  on.gate(Activation::kSilu, gate, mixed, mixed);
  if (part.norm.is_present()) on.norm(mixed, part.norm, Write::kSet, mixed);
  on.linear(mixed, part.out, out, write);
}

}  // namespace

void mamba2(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  run_mamba2(std::get<Mamba2Layer>(layer.mixer), layer, context, in, write, out);
}

void attention_and_mamba2(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  attention(layer, context, in, write, out);
  run_mamba2(layer.beside, layer, context, in, Write::kAdd, out);
}

void plamo2_mamba(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<Plamo2MambaLayer>(layer.mixer);
  const Plamo2MambaSpec& spec = part.spec;
  const int head = spec.inner / spec.heads;
  const Tensor all = context.activations.hidden.slice(0, 2 * std::int64_t{spec.inner});
  const Tensor x = context.activations.query.slice(0, spec.inner);
  const Tensor gate = context.activations.gates.slice(0, spec.inner);
  const Tensor low = context.activations.low.slice(0, part.projection.weight.rows);
  const Tensor b = low.slice(0, spec.state_size);
  const Tensor c = low.slice(spec.state_size, spec.state_size);
  const Tensor time = low.slice(2 * std::int64_t{spec.state_size}, spec.rank);
  const Tensor steps = context.activations.key.slice(0, spec.heads);
  const Tensor mixed = context.activations.mixed.slice(0, spec.inner);

  on.linear(in, part.in, all);
  on.copy_heads({all, spec.heads, head, 2 * head, 0}, {gate, spec.heads, head, head, 0});
  on.copy_heads({all, spec.heads, head, 2 * head, head}, {x, spec.heads, head, head, 0});
  on.causal_convolution(context.step, part.convolution, layer.mixer_state, x);
  on.linear(x, part.projection, low);
  on.norm(b, part.b_norm, Write::kSet, b);
  on.norm(c, part.c_norm, Write::kSet, c);
  on.norm(time, part.time_norm, Write::kSet, time);
  on.linear(time, part.time, steps);
  on.mamba2_scan(context.step, part.mamba, layer.mixer_state, x, b, c, steps, mixed);
  on.gate(Activation::kSilu, gate, mixed, mixed);
  on.linear(mixed, part.out, out, write);
}

// ---- Convolution alone ----

void short_convolution(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<ShortConvolutionLayer>(layer.mixer);
  const std::int64_t width = in.columns;
  const Tensor all = context.activations.hidden.slice(0, 3 * width);
  const Tensor values = all.slice(2 * width, width);
  const Tensor mixed = context.activations.mixed.slice(0, width);
  on.linear(in, part.in, all);
  on.gate(Activation::kIdentity, all.slice(0, width), values, values);
  on.causal_convolution(context.step, part.convolution, layer.mixer_state, values);
  on.gate(Activation::kIdentity, all.slice(width, width), values, mixed);
  on.linear(mixed, part.out, out, write);
}

// ---- Delta nets ----

namespace {

// The inputs of the scan, and the gate of its result.
struct DeltaNetTensors {
  Tensor query_key_value;
  Tensor gate;
  Tensor beta;
  Tensor decay;
};

// Splits the joint product, which holds for each key head a query, a key, the values of its heads, and their gates.
void take_apart(const DeltaNetSpec& spec, Backend& on, Tensor joint, const DeltaNetTensors& to) {
  const int values = spec.heads / spec.key_heads * spec.value_size;
  const int stride = 2 * spec.key_size + 2 * values;
  const auto copy = [&](int size, int offset, Tensor part) {
    on.copy_heads({joint, spec.key_heads, size, stride, offset}, {part, spec.key_heads, size, size, 0});
  };
  copy(spec.key_size, 0, to.query_key_value.slice(0, spec.keys()));
  copy(spec.key_size, spec.key_size, to.query_key_value.slice(spec.keys(), spec.keys()));
  copy(values, 2 * spec.key_size, to.query_key_value.slice(2 * std::int64_t{spec.keys()}, spec.values()));
  copy(values, 2 * spec.key_size + values, to.gate);
}

void project_by_head(const DeltaNetLayer& part, Backend& on, const LayerContext& context, Tensor in,
                     const DeltaNetTensors& to) {
  const DeltaNetSpec& spec = part.spec;
  if (part.joint.is_present()) {
    const Tensor joint = context.activations.wide.slice(0, part.joint.weight.rows);
    on.linear(in, part.joint, joint);
    take_apart(spec, on, joint, to);
  } else {
    const ops::Projection projections[] = {{part.query_key_value, to.query_key_value}, {part.gate, to.gate}};
    on.linear(in, projections, Write::kSet);
  }
  if (part.beta_and_decay.is_present()) {
    const Tensor both = context.activations.low.slice(2 * std::int64_t{spec.heads}, 2 * std::int64_t{spec.heads});
    const int share = spec.heads / spec.key_heads;
    on.linear(in, part.beta_and_decay, both);
    on.copy_heads({both, spec.key_heads, share, 2 * share, 0}, {to.beta, spec.key_heads, share, share, 0});
    on.copy_heads({both, spec.key_heads, share, 2 * share, share}, {to.decay, spec.key_heads, share, share, 0});
  } else {
    const ops::Projection projections[] = {{part.beta, to.beta}, {part.decay, to.decay}};
    on.linear(in, projections, Write::kSet);
  }
}

void project_by_channel(const DeltaNetLayer& part, Backend& on, const LayerContext& context, Tensor in,
                        const DeltaNetTensors& to) {
  const DeltaNetSpec& spec = part.spec;
  const Tensor lows = context.activations.low.slice(spec.heads, 2 * std::int64_t{spec.key_size});
  const Tensor low_decay = lows.slice(0, spec.key_size);
  const Tensor low_gate = lows.slice(spec.key_size, spec.key_size);
  const auto third = [&](int number) {
    return to.query_key_value.slice(std::int64_t{number} * spec.keys(), spec.keys());
  };
  if (part.query_key_value.is_present()) {
    on.linear(in, part.query_key_value, to.query_key_value);
  } else {
    const ops::Projection queries[] = {{part.query, third(0)}, {part.key, third(1)}, {part.value, third(2)}};
    on.linear(in, queries, Write::kSet);
  }
  const ops::Projection projections[] = {
      {part.beta, to.beta}, {part.decay_down, low_decay}, {part.gate_down, low_gate}};
  on.linear(in, projections, Write::kSet);
  on.linear(low_decay, part.decay, to.decay);
  on.linear(low_gate, part.gate, to.gate);
}

}  // namespace

void delta_net(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<DeltaNetLayer>(layer.mixer);
  const DeltaNetSpec& spec = part.spec;
  const bool by_channel = spec.form == DeltaNetForm::kByChannel;
  const DeltaNetTensors to = {
      .query_key_value = context.activations.hidden.slice(0, spec.channels()),
      .gate = context.activations.gates.slice(0, spec.values()),
      .beta = context.activations.low.slice(0, spec.heads),
      .decay = by_channel ? context.activations.query.slice(0, spec.keys())
                          : context.activations.low.slice(spec.heads, spec.heads),
  };
  const Tensor query = to.query_key_value.slice(0, spec.keys());
  const Tensor key = to.query_key_value.slice(spec.keys(), spec.keys());
  const Tensor value = to.query_key_value.slice(2 * std::int64_t{spec.keys()}, spec.values());
  const Tensor mixed = context.activations.mixed.slice(0, spec.values());

  if (by_channel) {
    project_by_channel(part, on, context, in, to);
  } else {
    project_by_head(part, on, context, in, to);
  }
  on.causal_convolution(context.step, part.convolution, layer.mixer_state, to.query_key_value);
  on.norm(query, part.length, Write::kSet, query);
  on.norm(key, part.length, Write::kSet, key);
  on.delta_scan(context.step, part.rule, layer.mixer_state, query, key, value, to.decay, to.beta, mixed);
  on.norm(mixed, part.norm, Write::kSet, mixed);
  on.gate(part.gating, to.gate, mixed, mixed);
  on.linear(mixed, part.out, out, write);
}

}  // namespace rocmforge::models
