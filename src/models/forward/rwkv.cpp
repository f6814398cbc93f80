// The forward pass of RWKV 6 and 7.
#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Activation;
using ops::Backend;
using ops::Tensor;
using ops::Write;

namespace {

// Returns one of several adjacent tensors of the model's width.
Tensor part_of(Tensor all, int number, std::int64_t width) { return all.slice(number * width, width); }

// Returns down x, or tanh(down x).
Tensor to_low_rank(Backend& on, const LayerContext& context, Tensor x, const ops::Linear& down, bool has_tanh) {
  const Tensor low = context.activations.low.slice(0, down.weight.rows);
  on.linear(x, down, low);
  if (has_tanh) on.soft_cap(1, low);
  return low;
}

void low_rank_tanh(Backend& on, const LayerContext& context, Tensor x, const ops::Linear& down, const ops::Linear& up,
                   Tensor out) {
  on.linear(to_low_rank(on, context, x, down, true), up, out);
}

void low_rank(Backend& on, const LayerContext& context, Tensor x, const ops::Linear& down, const ops::Linear& up,
              Tensor out) {
  on.linear(to_low_rank(on, context, x, down, false), up, out);
}

}  // namespace

void rwkv6(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<Rwkv6Layer>(layer.mixer);
  const std::int64_t width = in.columns;
  const Tensor all = context.activations.hidden.slice(0, kRwkvTensors * width);
  const Tensor difference = part_of(all, 0, width);
  const Tensor input = part_of(all, 1, width);
  const Tensor decay = part_of(all, 2, width);
  const Tensor key = part_of(all, 3, width);
  const Tensor value = part_of(all, 4, width);
  const Tensor receptance = part_of(all, 5, width);
  const Tensor gate = part_of(all, 6, width);
  const Tensor mixed = context.activations.mixed.slice(0, width);
  const Tensor mixes = context.activations.wide.slice(0, 5 * width);

  on.shift_difference(context.step, layer.mixer_state, in, difference);
  on.interpolate(in, difference, part.first_lerp, {}, input);
  const Tensor low = to_low_rank(on, context, input, part.mix_down, true);
  const int rank = part.spec.mix_rank;
  const auto size = static_cast<int>(width);
  on.linear_heads({low, 5, rank, rank, 0}, part.mix_up, {mixes, 5, size, size, 0});
  const auto take_input = [&](int number) {
    on.interpolate(in, difference, part.lerps + number * width, part_of(mixes, number, width), input);
  };
  take_input(0);
  low_rank_tanh(on, context, input, part.decay_down, part.decay, decay);
  take_input(1);
  on.linear(input, part.key, key);
  take_input(2);
  on.linear(input, part.value, value);
  take_input(3);
  on.linear(input, part.receptance, receptance);
  take_input(4);
  on.linear(input, part.gate, gate);

  on.wkv6_scan(context.step, part.wkv, layer.mixer_state, receptance, key, value, decay, mixed);
  on.norm(mixed, part.norm, Write::kSet, mixed);
  on.gate(Activation::kSilu, gate, mixed, mixed);
  on.linear(mixed, part.out, out, write);
}

void rwkv7(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<Rwkv7Layer>(layer.mixer);
  const std::int64_t width = in.columns;
  const Tensor all = context.activations.hidden.slice(0, kRwkvTensors * width);
  const Tensor difference = part_of(all, 0, width);
  const Tensor input = part_of(all, 1, width);
  const Tensor receptance = part_of(all, 2, width);
  const Tensor decay = part_of(all, 3, width);
  const Tensor key = part_of(all, 4, width);
  const Tensor rate = part_of(all, 5, width);
  const Tensor gate = part_of(all, 6, width);
  const Tensor value = part.spec.is_first ? context.activations.first_value.slice(0, width) : part_of(all, 7, width);
  const Tensor mixed = context.activations.mixed.slice(0, width);

  on.shift_difference(context.step, layer.mixer_state, in, difference);
  const auto take_input = [&](int number) { on.interpolate(in, difference, part.lerps + number * width, {}, input); };
  take_input(0);
  on.linear(input, part.receptance, receptance);
  take_input(1);
  low_rank_tanh(on, context, input, part.decay_down, part.decay, decay);
  take_input(2);
  on.linear(input, part.key, key);
  take_input(3);
  on.linear(input, part.value, value);
  if (!part.spec.is_first) {
    low_rank(on, context, input, part.value_gate_down, part.value_gate, mixed);
    on.blend(context.activations.first_value.slice(0, width), mixed, value);
  }
  take_input(4);
  low_rank(on, context, input, part.rate_down, part.rate, rate);
  on.wkv7_scan(context.step, part.wkv, layer.mixer_state, receptance, key, value, decay, rate, mixed);
  if (part.gate.up.is_present()) {
    take_input(5);
    const Tensor low = context.activations.low.slice(0, part.gate.up.weight.rows);
    on.gate_up(input, part.gate, low);
    on.linear(low, part.gate.down, gate);
    on.gate(Activation::kIdentity, gate, mixed, mixed);
  }
  on.linear(mixed, part.out, out, write);
}

void channel_mix(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const ChannelMixLayer& part = layer.channel_mix;
  const std::int64_t width = in.columns;
  const Tensor difference = context.activations.hidden.slice(0, width);
  const Tensor input = context.activations.hidden.slice(width, width);
  const Tensor hidden = context.activations.hidden.slice(2 * width, part.ffn.up.weight.rows);
  on.shift_difference(context.step, layer.ffn_state, in, difference);
  on.interpolate(in, difference, part.key_lerp, {}, input);
  on.gate_up(input, part.ffn, hidden);
  if (!part.receptance.is_present()) return on.linear(hidden, part.ffn.down, out, write);
  on.interpolate(in, difference, part.receptance_lerp, {}, input);
  on.linear(hidden, part.ffn.down, difference);
  const Tensor receptance = context.activations.mixed.slice(0, width);
  on.linear(input, part.receptance, receptance);
  on.gate(Activation::kSigmoid, receptance, difference, difference);
  if (write == Write::kAdd) return on.add(difference, 1, out);
  copy(on, difference, out);
}

}  // namespace rocmforge::models
