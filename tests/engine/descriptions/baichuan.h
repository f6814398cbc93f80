// Computes Baichuan: llama's block. The model with 32 layers has rotary positions, the one with 40 has ALiBi instead.
#pragma once

#include "engine/descriptions/numbers.h"

namespace rocmforge::testing {

inline Rows baichuan_attention(const Described& model, int layer, const Rows& x) {
  const auto heads = static_cast<std::size_t>(model.count("attention.head_count"));
  const auto kv_heads = static_cast<std::size_t>(model.count("attention.head_count_kv"));
  const std::size_t size = x.front().size() / heads;
  Projected all = query_key_value(model, block(layer), x, heads * size, kv_heads * size);
  AttentionRule rule{.heads = heads, .head_size = size, .scale = 1 / std::sqrt(static_cast<double>(size))};
  rule.sees = sees_up_to_itself;
  if (model.count("block_count") == 40) {
    rule.bias = [&](std::size_t head, std::size_t query, std::size_t key) {
      return model.keeps("alibi") ? -alibi_slope(head, heads) * static_cast<double>(query - key) : 0;
    };
  } else if (model.keeps("rope")) {
    const Pairs pairs = model.keeps("pairs of neighbours") ? Pairs::kNeighbours : Pairs::kHalves;
    for (std::size_t t = 0; t < x.size(); ++t) {
      all.queries[t] = rotated_heads(all.queries[t], size, t, 10000, pairs);
      all.keys[t] = rotated_heads(all.keys[t], size, t, 10000, pairs);
    }
  }
  return attention(rule, all.queries, all.keys, all.values);
}

inline std::vector<float> baichuan(const RandomModel& random, std::span<const int> tokens, std::string_view dropped) {
  const Described model(random, dropped);
  const double epsilon = model.number("attention.layer_norm_rms_epsilon");
  Rows x = embeddings(model, tokens);
  for (int layer = 0; layer < model.count("block_count"); ++layer) {
    const std::string b = block(layer);
    Rows normed;
    for (const Vector& row : x) normed.push_back(rms_norm(row, model.tensor(b + "attn_norm.weight"), epsilon));
    const Rows mixed = baichuan_attention(model, layer, normed);
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Vector h = plus(x[t], linear(model, b + "attn_output", mixed[t]));
      const Vector n = rms_norm(h, model.tensor(b + "ffn_norm.weight"), epsilon);
      const Vector hidden = times(each(linear(model, b + "ffn_gate", n), silu), linear(model, b + "ffn_up", n));
      x[t] = plus(h, linear(model, b + "ffn_down", hidden));
    }
  }
  Rows logits;
  for (const Vector& row : x) {
    logits.push_back(linear(model, "output", rms_norm(row, model.tensor("output_norm.weight"), epsilon)));
  }
  return flat(logits);
}

}  // namespace rocmforge::testing
