// Computes SmallThinker: llama's block with experts that are selected by the layer's input, before attention and norms.
// Every fourth layer, beginning with the first, sees all positions and has no rotation; the others have windows.
#pragma once

#include "engine/descriptions/numbers.h"

namespace rocmforge::testing {

inline Rows smallthinker_attention(const Described& model, int layer, const Rows& x) {
  const auto heads = static_cast<std::size_t>(model.count("attention.head_count"));
  const auto kv_heads = static_cast<std::size_t>(model.count("attention.head_count_kv"));
  const auto size = static_cast<std::size_t>(model.count("attention.key_length"));
  const auto window = static_cast<std::size_t>(model.count("attention.sliding_window"));
  Projected all = query_key_value(model, block(layer), x, heads * size, kv_heads * size);
  const bool is_windowed = window > 0 && layer % 4 != 0;
  const bool is_rotated = is_windowed || window == 0 || !model.keeps("no rope on every fourth layer");
  for (std::size_t t = 0; t < x.size() && is_rotated; ++t) {
    all.queries[t] = rotated_heads(all.queries[t], size, t, model.number("rope.freq_base"), Pairs::kHalves);
    all.keys[t] = rotated_heads(all.keys[t], size, t, model.number("rope.freq_base"), Pairs::kHalves);
  }
  AttentionRule rule{.heads = heads, .head_size = size, .scale = 1 / std::sqrt(static_cast<double>(size))};
  rule.sees = [=, &model](std::size_t query, std::size_t key) {
    return key <= query && (!is_windowed || !model.keeps("window") || query - key < window);
  };
  return attention(rule, all.queries, all.keys, all.values);
}

inline Vector smallthinker_experts(const Described& model, int layer, const Vector& x, const Vector& router_input) {
  const std::string b = block(layer);
  const auto experts = static_cast<std::size_t>(model.count("expert_count"));
  const Vector logits = linear(model, b + "ffn_gate_inp", router_input);
  const bool is_sigmoid = model.has_key("expert_gating_func") && model.count("expert_gating_func") == 2;
  const Vector probabilities = is_sigmoid ? each(logits, sigmoid) : softmax(logits);
  const std::vector<std::size_t> chosen = best(probabilities, model.count("expert_used_count"));
  double sum = 0;
  for (const std::size_t expert : chosen) sum += probabilities[expert];
  if (!model.keeps("renormalised")) sum = 1;
  Vector result(x.size());
  for (const std::size_t expert : chosen) {
    const Vector gate = product(expert_matrix(model, b + "ffn_gate_exps.weight", expert, experts), x);
    const Vector up = product(expert_matrix(model, b + "ffn_up_exps.weight", expert, experts), x);
    const Vector hidden = times(each(gate, model.keeps("relu experts") ? relu : silu), up);
    const Vector down = product(expert_matrix(model, b + "ffn_down_exps.weight", expert, experts), hidden);
    result = plus(result, scaled(down, probabilities[expert] / sum));
  }
  return result;
}

inline std::vector<float> smallthinker(const RandomModel& random, std::span<const int> tokens,
                                       std::string_view dropped) {
  const Described model(random, dropped);
  const double epsilon = model.number("attention.layer_norm_rms_epsilon");
  Rows x = embeddings(model, tokens);
  for (int layer = 0; layer < model.count("block_count"); ++layer) {
    const std::string b = block(layer);
    Rows normed;
    for (const Vector& row : x) normed.push_back(rms_norm(row, model.tensor(b + "attn_norm.weight"), epsilon));
    const Rows mixed = smallthinker_attention(model, layer, normed);
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Vector h = plus(x[t], linear(model, b + "attn_output", mixed[t]));
      const Vector n = rms_norm(h, model.tensor(b + "ffn_norm.weight"), epsilon);
      x[t] = plus(h, smallthinker_experts(model, layer, n, model.keeps("router from the layer's input") ? x[t] : n));
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
