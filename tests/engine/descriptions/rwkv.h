// Computes RWKV 6 and 7: each head has a state of keys by values, and both parts of a layer use the previous position.
#pragma once

#include "engine/descriptions/numbers.h"

namespace rocmforge::testing {

inline constexpr double kRwkvGroupEpsilon = 64e-5;

// Returns the difference of the previous position to each position; at the first position the previous one is zero.
inline Rows rwkv_shifts(const Described& model, const Rows& x) {
  Rows shifts;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Vector before = t == 0 ? Vector(x[t].size()) : x[t - 1];
    shifts.push_back(model.keeps("token shift") ? minus(before, x[t]) : Vector(x[t].size()));
  }
  return shifts;
}

inline Vector rwkv_group_norm(const Described& model, const std::string& b, const Vector& x, std::size_t size) {
  const Vector normed = by_head(x, size, [&](const Vector& head, std::size_t) {
    return model.keeps("group norm") ? layer_norm(head, kRwkvGroupEpsilon) : head;
  });
  if (!model.has(b + "time_mix_ln.weight")) return normed;
  return plus(times(normed, model.tensor(b + "time_mix_ln.weight")), model.tensor(b + "time_mix_ln.bias"));
}

inline Rows normed_rows(const Described& model, const std::string& norm, const Rows& x) {
  Rows result;
  for (const Vector& row : x)
    result.push_back(layer_norm(model, norm, row, model.number("attention.layer_norm_epsilon")));
  return result;
}

// `layer` maps the input rows to the output rows.
template <typename Layer>
std::vector<float> rwkv(const Described& model, std::span<const int> tokens, Layer layer) {
  Rows x = normed_rows(model, "token_embd_norm", embeddings(model, tokens));
  for (int i = 0; i < model.count("block_count"); ++i) x = layer(i, x);
  x = normed_rows(model, "output_norm", x);
  for (Vector& row : x) row = linear(model, "output", row);
  return flat(x);
}

inline Vector squared_relu(const Vector& x) {
  return each(x, [](double value) { return relu(value) * relu(value); });
}

// ---- RWKV 6 ----

struct Rwkv6Inputs {
  Vector decay, key, value, receptance, gate;
};

// Computes the five inputs: each mixes in a share of the previous position that depends on both positions.
inline Rwkv6Inputs rwkv6_inputs(const Described& model, const std::string& b, const Vector& x, const Vector& shift) {
  const std::size_t width = x.size();
  const Vector first = plus(x, times(shift, model.tensor(b + "time_mix_lerp_x.weight")));
  const Vector low = each(linear(model, b + "time_mix_w1", first), [](double value) { return std::tanh(value); });
  const std::size_t rank = low.size() / 5;
  const auto input = [&](std::size_t number) {
    const Vector lerp = row_of(model.tensor(b + "time_mix_lerp_fused.weight"), number, width);
    const Vector up = row_of(model.tensor(b + "time_mix_w2.weight"), number, rank * width);
    const Vector more = product(up, row_of(low, number, rank));
    return plus(x, times(shift, model.keeps("data-dependent lerp") ? plus(lerp, more) : lerp));
  };
  return {.decay = input(0), .key = input(1), .value = input(2), .receptance = input(3), .gate = input(4)};
}

inline Vector rwkv6_decay(const Described& model, const std::string& b, const Vector& x) {
  Vector logs = model.tensor(b + "time_mix_decay.weight");
  if (model.keeps("data-dependent decay")) {
    const Vector low = each(linear(model, b + "time_mix_decay_w1", x), [](double value) { return std::tanh(value); });
    logs = plus(logs, linear(model, b + "time_mix_decay_w2", low));
  }
  return each(logs, [](double value) { return std::exp(-std::exp(value)); });
}

// Computes one head at one position. The state is [key][value].
inline Vector rwkv6_head(Rows& state, const Vector& decay, const Vector& key, const Vector& value,
                         const Vector& receptance, const Vector& bonus) {
  Vector result(value.size());
  for (std::size_t i = 0; i < key.size(); ++i) {
    for (std::size_t j = 0; j < value.size(); ++j) {
      result[j] += (state[i][j] + bonus[i] * key[i] * value[j]) * receptance[i];
      state[i][j] = decay[i] * state[i][j] + key[i] * value[j];
    }
  }
  return result;
}

inline Rows rwkv6_time_mix(const Described& model, const std::string& b, const Rows& x) {
  const auto size = static_cast<std::size_t>(model.count("wkv.head_size"));
  const std::size_t width = x.front().size();
  const Rows shifts = rwkv_shifts(model, x);
  Vector bonus = model.tensor(b + "time_mix_first.weight");
  if (!model.keeps("bonus")) bonus = Vector(bonus.size());
  std::vector<Rows> states(width / size, Rows(size, Vector(size)));
  Rows result;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Rwkv6Inputs of = rwkv6_inputs(model, b, x[t], shifts[t]);
    const Vector decay = rwkv6_decay(model, b, of.decay);
    const Vector key = linear(model, b + "time_mix_key", of.key);
    const Vector value = linear(model, b + "time_mix_value", of.value);
    const Vector receptance = linear(model, b + "time_mix_receptance", of.receptance);
    Vector mixed = by_head(decay, size, [&](const Vector& head_decay, std::size_t head) {
      return rwkv6_head(states[head], head_decay, row_of(key, head, size), row_of(value, head, size),
                        row_of(receptance, head, size), row_of(bonus, head, size));
    });
    mixed = rwkv_group_norm(model, b, mixed, size);
    if (model.keeps("gate")) mixed = times(mixed, each(linear(model, b + "time_mix_gate", of.gate), silu));
    result.push_back(linear(model, b + "time_mix_output", mixed));
  }
  return result;
}

inline Vector rwkv6_channel_mix(const Described& model, const std::string& b, const Vector& x, const Vector& shift) {
  const Vector for_key = plus(x, times(shift, model.tensor(b + "channel_mix_lerp_k.weight")));
  const Vector for_receptance = plus(x, times(shift, model.tensor(b + "channel_mix_lerp_r.weight")));
  const Vector value =
      linear(model, b + "channel_mix_value", squared_relu(linear(model, b + "channel_mix_key", for_key)));
  if (!model.keeps("receptance of the channel mix")) return value;
  return times(value, each(linear(model, b + "channel_mix_receptance", for_receptance), sigmoid));
}

inline std::vector<float> rwkv6(const RandomModel& random, std::span<const int> tokens, std::string_view dropped) {
  const Described model(random, dropped);
  const int rescale = model.has_key("rescale_every_n_layers") ? model.count("rescale_every_n_layers") : 0;
  return rwkv(model, tokens, [&](int layer, const Rows& x) {
    const std::string b = block(layer);
    const Rows mixed = rwkv6_time_mix(model, b, normed_rows(model, b + "attn_norm", x));
    Rows h;
    for (std::size_t t = 0; t < x.size(); ++t) h.push_back(plus(x[t], mixed[t]));
    const Rows normed = normed_rows(model, b + "attn_norm_2", h);
    const Rows shifts = rwkv_shifts(model, normed);
    const bool is_rescaled = rescale > 0 && (layer + 1) % rescale == 0 && model.keeps("rescale");
    for (std::size_t t = 0; t < x.size(); ++t) {
      h[t] = scaled(plus(h[t], rwkv6_channel_mix(model, b, normed[t], shifts[t])), is_rescaled ? 0.5 : 1);
    }
    return h;
  });
}

// ---- RWKV 7 ----

struct Rwkv7Inputs {
  Vector receptance, decay, key, value, rate, gate;
};

inline Rwkv7Inputs rwkv7_inputs(const Described& model, const std::string& b, const Vector& x, const Vector& shift) {
  const Vector& lerps = model.tensor(b + "time_mix_lerp_fused.weight");
  const auto input = [&](std::size_t number) {
    const bool is_there = (number + 1) * x.size() <= lerps.size();  // without a gate there are five
    return is_there ? plus(x, times(shift, row_of(lerps, number, x.size()))) : x;
  };
  return {.receptance = input(0),
          .decay = input(1),
          .key = input(2),
          .value = input(3),
          .rate = input(4),
          .gate = input(5)};
}

// Returns NAME0 + NAME2 NAME1 x.
inline Vector rwkv7_low_rank(const Described& model, const std::string& name, const Vector& x) {
  return plus(linear(model, name + "2", linear(model, name + "1", x)), model.tensor(name + "0.weight"));
}

inline Vector rwkv7_decay(const Described& model, const std::string& b, const Vector& x) {
  const Vector low = each(linear(model, b + "time_mix_w1", x), [](double value) { return std::tanh(value); });
  const Vector logits = plus(linear(model, b + "time_mix_w2", low), model.tensor(b + "time_mix_w0.weight"));
  return each(logits, [&](double logit) {
    return model.keeps("form of the decay") ? std::exp(-0.606531 * sigmoid(logit)) : std::exp(-std::exp(logit));
  });
}

struct Rwkv7Head {
  Vector receptance, decay, key, value, removed, rate;  // `removed`: the key that is removed, of length 1
};

// The state is [value][key]. Its content for the removed key is removed, at its rate, before the new key's value is
// added.
inline Vector rwkv7_head(const Described& model, Rows& state, const Rwkv7Head& head) {
  Vector result(head.value.size());
  for (std::size_t i = 0; i < head.value.size(); ++i) {
    const double held = model.keeps("removal") ? -dot(state[i], head.removed) : 0;
    for (std::size_t j = 0; j < head.key.size(); ++j) {
      state[i][j] = state[i][j] * head.decay[j] + head.value[i] * head.key[j] + held * head.removed[j] * head.rate[j];
    }
    result[i] = dot(state[i], head.receptance);
  }
  return result;
}

inline Vector unit_length(const Vector& x) { return scaled(x, 1 / std::max(std::sqrt(dot(x, x)), 1e-12)); }

// Layer 0's values, which later layers blend into theirs.
using Rwkv7FirstValues = Rows;

inline Vector rwkv7_value(const Described& model, const std::string& b, const Vector& x, Rwkv7FirstValues& first,
                          std::size_t position) {
  const Vector value = linear(model, b + "time_mix_value", x);
  if (first.size() == position) {
    first.push_back(value);
    return value;
  }
  if (!model.keeps("value residual")) return value;
  const Vector share = each(rwkv7_low_rank(model, b + "time_mix_v", x), sigmoid);
  return plus(value, times(minus(first[position], value), share));
}

// Returns each head's values scaled by the product of its receptance and key.
inline Vector rwkv7_bonus(const Described& model, const std::string& b, const Vector& receptance, const Vector& key,
                          const Vector& value, std::size_t size) {
  const Vector fit = times(times(key, receptance), model.tensor(b + "time_mix_r_k.weight"));
  return by_head(value, size, [&](const Vector& head, std::size_t number) {
    return scaled(head, dot(row_of(fit, number, size), Vector(size, 1)));
  });
}

inline Vector rwkv7_position(const Described& model, const std::string& b, const Rwkv7Inputs& of, const Vector& value,
                             std::vector<Rows>& states) {
  const auto size = static_cast<std::size_t>(model.count("wkv.head_size"));
  const Vector receptance = linear(model, b + "time_mix_receptance", of.receptance);
  const Vector decay = rwkv7_decay(model, b, of.decay);
  const Vector rate = each(rwkv7_low_rank(model, b + "time_mix_a", of.rate), sigmoid);
  Vector key = linear(model, b + "time_mix_key", of.key);
  const Vector to_remove = model.keeps("k_k") ? times(key, model.tensor(b + "time_mix_k_k.weight")) : key;
  const Vector removed = by_head(to_remove, size, [](const Vector& head, std::size_t) { return unit_length(head); });
  if (model.keeps("key rate")) {
    const Vector weighted = times(key, model.tensor(b + "time_mix_k_a.weight"));
    key = plus(key, minus(times(rate, weighted), weighted));
  }
  Vector mixed = by_head(receptance, size, [&](const Vector& head_receptance, std::size_t head) {
    return rwkv7_head(model, states[head],
                      {.receptance = head_receptance,
                       .decay = row_of(decay, head, size),
                       .key = row_of(key, head, size),
                       .value = row_of(value, head, size),
                       .removed = row_of(removed, head, size),
                       .rate = row_of(rate, head, size)});
  });
  mixed = rwkv_group_norm(model, b, mixed, size);
  if (model.keeps("bonus")) mixed = plus(mixed, rwkv7_bonus(model, b, receptance, key, value, size));
  if (model.has(b + "time_mix_g1.weight") && model.keeps("gate")) {
    const Vector low = each(linear(model, b + "time_mix_g1", of.gate), sigmoid);
    mixed = times(mixed, linear(model, b + "time_mix_g2", low));
  }
  return linear(model, b + "time_mix_output", mixed);
}

inline Rows rwkv7_time_mix(const Described& model, const std::string& b, const Rows& x, Rwkv7FirstValues& first) {
  const auto size = static_cast<std::size_t>(model.count("wkv.head_size"));
  const Rows shifts = rwkv_shifts(model, x);
  std::vector<Rows> states(x.front().size() / size, Rows(size, Vector(size)));
  Rows result;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Rwkv7Inputs of = rwkv7_inputs(model, b, x[t], shifts[t]);
    const Vector value = rwkv7_value(model, b, of.value, first, t);
    result.push_back(rwkv7_position(model, b, of, value, states));
  }
  return result;
}

inline std::vector<float> rwkv7(const RandomModel& random, std::span<const int> tokens, std::string_view dropped) {
  const Described model(random, dropped);
  Rwkv7FirstValues first;
  return rwkv(model, tokens, [&](int layer, const Rows& x) {
    const std::string b = block(layer);
    const Rows mixed = rwkv7_time_mix(model, b, normed_rows(model, b + "attn_norm", x), first);
    Rows h;
    for (std::size_t t = 0; t < x.size(); ++t) h.push_back(plus(x[t], mixed[t]));
    const Rows normed = normed_rows(model, b + "attn_norm_2", h);
    const Rows shifts = rwkv_shifts(model, normed);
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Vector in = plus(normed[t], times(shifts[t], model.tensor(b + "channel_mix_lerp_k.weight")));
      const Vector hidden = squared_relu(linear(model, b + "channel_mix_key", in));
      h[t] = plus(h[t], linear(model, b + "channel_mix_value", hidden));
    }
    return h;
  });
}

}  // namespace rocmforge::testing
