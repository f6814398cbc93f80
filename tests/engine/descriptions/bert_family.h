// Computes Jina's BERT 2 and Nomic's BERT with experts: encoders whose norms follow the sums. Both return hidden
// states.
#pragma once

#include "engine/descriptions/numbers.h"

namespace rocmforge::testing {

inline Rows bert_embeddings(const Described& model, std::span<const int> tokens) {
  const double epsilon = model.number("attention.layer_norm_epsilon");
  Rows x = embeddings(model, tokens);
  for (Vector& row : x) {
    if (model.has("token_types.weight") && model.keeps("token types")) {
      row = plus(row, row_of(model.tensor("token_types.weight"), 0, row.size()));
    }
    row = layer_norm(model, "token_embd_norm", row, epsilon);
  }
  return x;
}

inline AttentionRule bert_attention_rule(const Described& model, std::size_t width) {
  const auto heads = static_cast<std::size_t>(model.count("attention.head_count"));
  const std::size_t size = width / heads;
  return {.heads = heads,
          .head_size = size,
          .scale = 1 / std::sqrt(static_cast<double>(size)),
          .sees = sees_all,
          .bias = {}};
}

// ---- Jina: ALiBi to both sides, norms of whole queries and keys, a gated feed-forward part ----

inline Rows jina_attention(const Described& model, int layer, const Rows& x) {
  const std::string b = block(layer);
  const double epsilon = model.number("attention.layer_norm_epsilon");
  AttentionRule rule = bert_attention_rule(model, x.front().size());
  Projected all = query_key_value(model, b, x, x.front().size(), x.front().size());
  for (std::size_t t = 0; t < x.size() && model.keeps("q/k norm"); ++t) {
    if (!model.has(b + "attn_q_norm.weight")) break;
    all.queries[t] = layer_norm(model, b + "attn_q_norm", all.queries[t], epsilon);
    all.keys[t] = layer_norm(model, b + "attn_k_norm", all.keys[t], epsilon);
  }
  rule.bias = [&model, heads = rule.heads](std::size_t head, std::size_t query, std::size_t key) {
    const double distance = std::fabs(static_cast<double>(query) - static_cast<double>(key));
    return model.keeps("alibi") ? -alibi_slope(head, heads) * distance : 0;
  };
  return attention(rule, all.queries, all.keys, all.values);
}

// The gate has its own matrix, or is the first half of ffn_up, or does not exist.
inline Vector jina_feed_forward(const Described& model, int layer, const Vector& x) {
  const std::string b = block(layer);
  const auto width = static_cast<std::size_t>(model.count("feed_forward_length"));
  Vector up = linear(model, b + "ffn_up", x);
  Vector gate;
  if (model.has(b + "ffn_gate.weight")) {
    gate = linear(model, b + "ffn_gate", x);
  } else if (up.size() == 2 * width) {
    gate = part(up, 0, width);
    up = part(up, width, width);
  }
  if (!model.keeps("geglu")) gate.clear();
  return linear(model, b + "ffn_down", gate.empty() ? each(up, gelu_erf) : times(each(gate, gelu_erf), up));
}

inline std::vector<float> jina_bert_v2(const RandomModel& random, std::span<const int> tokens,
                                       std::string_view dropped) {
  const Described model(random, dropped);
  const double epsilon = model.number("attention.layer_norm_epsilon");
  Rows x = bert_embeddings(model, tokens);
  for (int layer = 0; layer < model.count("block_count"); ++layer) {
    const std::string b = block(layer);
    const Rows mixed = jina_attention(model, layer, x);
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Vector sum = plus(x[t], linear(model, b + "attn_output", mixed[t]));
      Vector h = layer_norm(model, b + "attn_output_norm", sum, epsilon);
      if (model.has(b + "attn_norm_2.weight") && model.keeps("attn_norm_2")) {
        h = layer_norm(model, b + "attn_norm_2", plus(x[t], h), epsilon);
      }
      x[t] = layer_norm(model, b + "layer_output_norm", plus(h, jina_feed_forward(model, layer, h)), epsilon);
    }
  }
  return flat(x);
}

// ---- Nomic: rotary positions, and in every second layer experts whose weights stay what the softmax gave ----

inline Rows nomic_attention(const Described& model, int layer, const Rows& x) {
  const AttentionRule rule = bert_attention_rule(model, x.front().size());
  const double base = model.number("rope.freq_base");
  Projected all = query_key_value(model, block(layer), x, x.front().size(), x.front().size());
  for (std::size_t t = 0; t < x.size() && model.keeps("rope"); ++t) {
    all.queries[t] = rotated_heads(all.queries[t], rule.head_size, t, base, Pairs::kHalves);
    all.keys[t] = rotated_heads(all.keys[t], rule.head_size, t, base, Pairs::kHalves);
  }
  return attention(rule, all.queries, all.keys, all.values);
}

inline Vector nomic_experts(const Described& model, int layer, const Vector& x) {
  const std::string b = block(layer);
  const auto experts = static_cast<std::size_t>(model.count("expert_count"));
  const Vector probabilities = softmax(linear(model, b + "ffn_gate_inp", x));
  const std::vector<std::size_t> chosen = best(probabilities, model.count("expert_used_count"));
  double sum = 0;
  for (const std::size_t expert : chosen) sum += probabilities[expert];
  if (model.keeps("not renormalised")) sum = 1;
  Vector result(x.size());
  for (const std::size_t expert : chosen) {
    const Vector up = product(expert_matrix(model, b + "ffn_up_exps.weight", expert, experts), x);
    const Vector hidden = each(up, model.keeps("gelu of experts") ? gelu_erf : silu);
    const Vector down = product(expert_matrix(model, b + "ffn_down_exps.weight", expert, experts), hidden);
    result = plus(result, scaled(down, probabilities[expert] / sum));
  }
  return result;
}

inline Vector nomic_feed_forward(const Described& model, int layer, const Vector& x) {
  const std::string b = block(layer);
  const int every = model.count("moe_every_n_layers");
  if (every > 0 && layer % every == 1) return nomic_experts(model, layer, x);
  const Vector hidden = each(linear(model, b + "ffn_up", x), model.keeps("gelu of the dense part") ? gelu_erf : silu);
  return linear(model, b + "ffn_down", hidden);
}

inline std::vector<float> nomic_bert_moe(const RandomModel& random, std::span<const int> tokens,
                                         std::string_view dropped) {
  const Described model(random, dropped);
  const double epsilon = model.number("attention.layer_norm_epsilon");
  Rows x = bert_embeddings(model, tokens);
  for (int layer = 0; layer < model.count("block_count"); ++layer) {
    const std::string b = block(layer);
    const Rows mixed = nomic_attention(model, layer, x);
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Vector sum = plus(x[t], linear(model, b + "attn_output", mixed[t]));
      const Vector h = layer_norm(model, b + "attn_output_norm", sum, epsilon);
      x[t] = layer_norm(model, b + "layer_output_norm", plus(h, nomic_feed_forward(model, layer, h)), epsilon);
    }
  }
  return flat(x);
}

}  // namespace rocmforge::testing
