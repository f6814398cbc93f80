// Computes PLaMo 2: layers of Mamba and of attention in turn, with norms before and after each part.
#pragma once

#include "engine/descriptions/numbers.h"

namespace rocmforge::testing {

// ---- Attention ----

inline Rows plamo2_attention(const Described& model, int layer, const Rows& x) {
  const std::string b = block(layer);
  const double epsilon = model.number("attention.layer_norm_rms_epsilon");
  const double base = model.number("rope.freq_base");
  const auto heads = static_cast<std::size_t>(model.count("attention.head_count"));
  const auto kv_heads = static_cast<std::size_t>(model.count_of_layer("attention.head_count_kv", layer));
  const auto size = static_cast<std::size_t>(model.count("attention.key_length"));
  Projected all = query_key_value(model, b, x, heads * size, kv_heads * size);
  const auto normed_and_rotated = [&](const Vector& row, const std::string& norm, std::size_t position) {
    const Vector& weights = model.tensor(b + norm + ".weight");
    const Vector normed = by_head(row, size, [&](const Vector& head, std::size_t number) {
      if (!model.keeps("q/k norm")) return head;
      return rms_norm(head, row_of(weights, model.keeps("q/k weights per head") ? number : 0, size), epsilon);
    });
    return model.keeps("rope") ? rotated_heads(normed, size, position, base, Pairs::kHalves) : normed;
  };
  for (std::size_t t = 0; t < x.size(); ++t) {
    all.queries[t] = normed_and_rotated(all.queries[t], "attn_q_norm", t);
    all.keys[t] = normed_and_rotated(all.keys[t], "attn_k_norm", t);
  }
  const AttentionRule rule{.heads = heads,
                           .head_size = size,
                           .scale = 1 / std::sqrt(static_cast<double>(size)),
                           .sees = sees_up_to_itself,
                           .bias = {}};
  Rows result = attention(rule, all.queries, all.keys, all.values);
  for (Vector& row : result) row = linear(model, b + "attn_output", row);
  return result;
}

// ---- Mamba ----

struct Plamo2Gated {
  Rows x, z;
};

// Each head's rows of ssm_in give first its gate and then the state's inputs.
inline Plamo2Gated plamo2_in(const Described& model, const std::string& b, const Rows& input, std::size_t heads) {
  Plamo2Gated result;
  for (const Vector& row : input) {
    const Vector both = linear(model, b + "ssm_in", row);
    const std::size_t inner = both.size() / 2;
    const std::size_t size = inner / heads;
    Vector first, second;
    for (std::size_t i = 0; i < inner; ++i) {
      const std::size_t at = model.keeps("z and x per head") ? i / size * 2 * size + i % size : i;
      first.push_back(both[at]);
      second.push_back(both[at + (model.keeps("z and x per head") ? size : inner)]);
    }
    result.z.push_back(model.keeps("z before x") ? first : second);
    result.x.push_back(model.keeps("z before x") ? second : first);
  }
  return result;
}

// Convolves each channel's last values, the newest with the last tap, and applies silu.
inline Rows plamo2_convolution(const Described& model, const std::string& b, const Rows& x) {
  const Vector& weight = model.tensor(b + "ssm_conv1d.weight");
  const auto taps = static_cast<std::size_t>(model.count("ssm.conv_kernel"));
  Rows result;
  for (std::size_t t = 0; t < x.size(); ++t) {
    Vector row(x[t].size());
    for (std::size_t channel = 0; channel < row.size(); ++channel) {
      for (std::size_t back = 0; back < taps && back <= t; ++back) {
        row[channel] += weight[channel * taps + taps - 1 - back] * x[t - back][channel];
      }
    }
    result.push_back(each(row, silu));
  }
  return result;
}

struct Plamo2Step {
  Vector write, read, time;  // B, C and a step size per head
};

inline Plamo2Step plamo2_step(const Described& model, const std::string& b, const Vector& x) {
  const double epsilon = model.number("attention.layer_norm_rms_epsilon");
  const auto state = static_cast<std::size_t>(model.count("ssm.state_size"));
  const Vector all = linear(model, b + "ssm_x", x);
  const auto normed = [&](const Vector& values, const std::string& norm) {
    return model.keeps("norms of B, C and dt") ? rms_norm(values, model.tensor(b + norm), epsilon) : values;
  };
  const Vector time = normed(part(all, 2 * state, all.size() - 2 * state), "ssm_dt_norm");
  return {.write = normed(part(all, 0, state), "ssm_b_norm"),
          .read = normed(part(all, state, state), "ssm_c_norm"),
          .time = each(linear(model, b + "ssm_dt", time), softplus)};
}

inline Rows plamo2_mamba(const Described& model, int layer, const Rows& input) {
  const std::string b = block(layer);
  const auto heads = static_cast<std::size_t>(model.count("ssm.time_step_rank"));
  const auto inner = static_cast<std::size_t>(model.count("ssm.inner_size"));
  const auto size = inner / heads;
  const Plamo2Gated gated = plamo2_in(model, b, input, heads);
  const Rows x = plamo2_convolution(model, b, gated.x);
  Rows states(inner, Vector(static_cast<std::size_t>(model.count("ssm.state_size"))));
  Rows result;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Plamo2Step step = plamo2_step(model, b, x[t]);
    Vector y(inner);
    for (std::size_t channel = 0; channel < inner; ++channel) {
      const std::size_t head = channel / size;
      const double time = step.time[head];
      const double rate = model.tensor(b + "ssm_a")[model.keeps("a decay a head") ? head : 0];
      states[channel] = plus(scaled(states[channel], std::exp(time * rate)), scaled(step.write, time * x[t][channel]));
      y[channel] = dot(states[channel], step.read);
      if (model.keeps("D")) y[channel] += model.tensor(b + "ssm_d")[head] * x[t][channel];
    }
    result.push_back(linear(model, b + "ssm_out", times(y, each(gated.z[t], silu))));
  }
  return result;
}

// ---- The model ----

inline Vector plamo2_feed_forward(const Described& model, int layer, const Vector& x) {
  const Vector both = linear(model, block(layer) + "ffn_up", x);
  const std::size_t width = both.size() / 2;
  const Vector hidden = times(each(part(both, 0, width), silu), part(both, width, width));
  return linear(model, block(layer) + "ffn_down", hidden);
}

inline std::vector<float> plamo2(const RandomModel& random, std::span<const int> tokens, std::string_view dropped) {
  const Described model(random, dropped);
  const double epsilon = model.number("attention.layer_norm_rms_epsilon");
  const auto after = [&](const Vector& x, const std::string& norm) {
    return model.keeps("norms after") ? rms_norm(x, model.tensor(norm), epsilon) : x;
  };
  Rows x = embeddings(model, tokens);
  for (int layer = 0; layer < model.count("block_count"); ++layer) {
    const std::string b = block(layer);
    const bool is_mamba = model.count_of_layer("attention.head_count_kv", layer) == 0;
    Rows normed;
    for (const Vector& row : x) normed.push_back(rms_norm(row, model.tensor(b + "attn_norm.weight"), epsilon));
    const Rows mixed = is_mamba ? plamo2_mamba(model, layer, normed) : plamo2_attention(model, layer, normed);
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Vector h = plus(x[t], after(mixed[t], b + "post_attention_norm"));
      const Vector n = rms_norm(h, model.tensor(b + "ffn_norm.weight"), epsilon);
      x[t] = plus(h, after(plamo2_feed_forward(model, layer, n), b + "post_ffw_norm"));
    }
  }
  const std::string output = model.has("output.weight") ? "output" : "token_embd";
  Rows logits;
  for (const Vector& row : x) {
    logits.push_back(linear(model, output, rms_norm(row, model.tensor("output_norm.weight"), epsilon)));
  }
  return flat(logits);
}

}  // namespace rocmforge::testing
