// Computes T5: an encoder that sees both directions, and a decoder that sees earlier positions and the encoder's
// output. Positions are encoded by a bias for each range of distances, which all layers share with the first. Logits
// are not divided by the root of the head size.
#pragma once

#include "engine/descriptions/numbers.h"

namespace rocmforge::testing {

// ---- Distances ----

inline constexpr double kT5FarthestDistance = 128;

// Half of the buckets are for single distances, the others for ranges that grow with the distance.
inline int t5_bucket_of_distance(int distance, int buckets) {
  const int exact = buckets / 2;
  if (distance < exact) return distance;
  const double share = std::log(static_cast<double>(distance) / exact) / std::log(kT5FarthestDistance / exact);
  return std::min(buckets - 1, exact + static_cast<int>(std::floor(share * (buckets - exact))));
}

// The upper half of the buckets is for keys after the query.
inline int t5_encoder_bucket(int query, int key, int buckets) {
  const int side = key > query ? buckets / 2 : 0;
  return side + t5_bucket_of_distance(std::abs(query - key), buckets / 2);
}

inline int t5_decoder_bucket(int query, int key, int buckets) {
  return t5_bucket_of_distance(std::max(query - key, 0), buckets);
}

// ---- Parts of layers ----

inline Vector t5_norm(const Described& model, const std::string& name, const Vector& x) {
  return rms_norm(x, model.tensor(name + ".weight"), model.number("attention.layer_norm_rms_epsilon"));
}

inline Rows t5_norms(const Described& model, const std::string& name, const Rows& x) {
  Rows result;
  for (const Vector& row : x) result.push_back(t5_norm(model, name, row));
  return result;
}

inline Rows t5_products(const Described& model, const std::string& name, const Rows& x) {
  Rows result;
  for (const Vector& row : x) result.push_back(linear(model, name, row));
  return result;
}

inline AttentionRule t5_rule(const Described& model) {
  const auto size = static_cast<std::size_t>(model.count("attention.key_length"));
  return {.heads = static_cast<std::size_t>(model.count("attention.head_count")),
          .head_size = size,
          .scale = model.keeps("no scale") ? 1 : 1 / std::sqrt(static_cast<double>(size)),
          .sees = sees_all,
          .bias = {}};
}

// `name` is the layer's prefix, followed by "cross_" for cross attention.
inline Rows t5_attention(const Described& model, const AttentionRule& rule, const std::string& name, const Rows& asking,
                         const Rows& asked) {
  const Rows mixed = attention(rule, t5_products(model, name + "attn_q", asking),
                               t5_products(model, name + "attn_k", asked), t5_products(model, name + "attn_v", asked));
  return t5_products(model, name + "attn_o", mixed);
}

inline Rows t5_feed_forward(const Described& model, const std::string& b, const Rows& x) {
  Rows result;
  for (const Vector& row : x) {
    Vector hidden = linear(model, b + "ffn_up", row);
    if (model.has(b + "ffn_gate.weight") && model.keeps("gated feed-forward part")) {
      hidden = times(hidden, each(linear(model, b + "ffn_gate", row), gelu_tanh));
    } else {
      hidden = each(hidden, relu);
    }
    result.push_back(linear(model, b + "ffn_down", hidden));
  }
  return result;
}

inline void add(Rows& x, const Rows& more) {
  for (std::size_t t = 0; t < x.size(); ++t) x[t] = plus(x[t], more[t]);
}

// ---- The encoder ----

inline AttentionRule t5_encoder_rule(const Described& model) {
  AttentionRule rule = t5_rule(model);
  const int buckets = model.count("attention.relative_buckets_count");
  rule.bias = [&model, buckets, heads = rule.heads](std::size_t head, std::size_t query, std::size_t key) {
    if (!model.keeps("encoder's buckets")) return 0.0;
    const int q = static_cast<int>(query);
    const int k = static_cast<int>(key);
    const int bucket = model.keeps("two sides of buckets") ? t5_encoder_bucket(q, k, buckets)
                                                           : t5_bucket_of_distance(std::abs(q - k), buckets);
    return model.tensor("enc.blk.0.attn_rel_b.weight")[static_cast<std::size_t>(bucket) * heads + head];
  };
  if (!model.keeps("bidirectional encoder")) rule.sees = sees_up_to_itself;
  return rule;
}

inline Rows t5_encoded(const Described& model, std::span<const int> tokens) {
  const AttentionRule rule = t5_encoder_rule(model);
  Rows x = embeddings(model, tokens);
  for (int layer = 0; layer < model.count("block_count"); ++layer) {
    const std::string b = "enc." + block(layer);
    const Rows normed = t5_norms(model, b + "attn_norm", x);
    add(x, t5_attention(model, rule, b, normed, normed));
    add(x, t5_feed_forward(model, b, t5_norms(model, b + "ffn_norm", x)));
  }
  return t5_norms(model, "enc.output_norm", x);
}

// Returns the hidden states.
inline std::vector<float> t5_encoder(const RandomModel& random, std::span<const int> tokens, std::string_view dropped) {
  const Described model(random, dropped);
  return flat(t5_encoded(model, tokens));
}

// ---- The decoder ----

inline AttentionRule t5_decoder_rule(const Described& model) {
  AttentionRule rule = t5_rule(model);
  const int buckets = model.count("attention.relative_buckets_count");
  const std::string biases = model.keeps("decoder's own biases") ? "dec" : "enc";
  rule.sees = sees_up_to_itself;
  rule.bias = [&model, buckets, biases, heads = rule.heads](std::size_t head, std::size_t query, std::size_t key) {
    const int q = static_cast<int>(query);
    const int k = static_cast<int>(key);
    const int bucket = model.keeps("decoder's buckets all behind") ? t5_decoder_bucket(q, k, buckets)
                                                                   : t5_encoder_bucket(q, k, buckets);
    return model.tensor(biases + ".blk.0.attn_rel_b.weight")[static_cast<std::size_t>(bucket) * heads + head];
  };
  return rule;
}

// Returns the logits of the decoder's tokens. The first token is the start token that the file names.
inline std::vector<float> t5_logits(const RandomModel& random, std::span<const int> encoder_tokens,
                                    std::span<const int> decoder_tokens, std::string_view dropped) {
  const Described model(random, dropped);
  const Rows encoded = t5_encoded(model, encoder_tokens);
  const AttentionRule rule = t5_decoder_rule(model);
  const int layers = model.count(model.has_key("decoder_block_count") ? "decoder_block_count" : "block_count");
  Rows x = embeddings(model, decoder_tokens);
  for (int layer = 0; layer < layers; ++layer) {
    const std::string b = "dec." + block(layer);
    const Rows normed = t5_norms(model, b + "attn_norm", x);
    add(x, t5_attention(model, rule, b, normed, normed));
    if (model.keeps("cross attention")) {
      add(x, t5_attention(model, t5_rule(model), b + "cross_", t5_norms(model, b + "cross_attn_norm", x), encoded));
    }
    add(x, t5_feed_forward(model, b, t5_norms(model, b + "ffn_norm", x)));
  }
  Rows logits = t5_norms(model, "dec.output_norm", x);
  for (Vector& row : logits) {
    // If the embeddings are the output matrix, the model divides by the square root of the width.
    const bool is_tied = !model.has("output.weight");
    if (is_tied) row = scaled(row, 1 / std::sqrt(static_cast<double>(row.size())));
    row = linear(model, is_tied ? "token_embd" : "output", row);
  }
  return flat(logits);
}

}  // namespace rocmforge::testing
