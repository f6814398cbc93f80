// Binds the tensors of attention and computes its position biases.
#include <algorithm>
#include <cmath>
#include <vector>

#include "models/bind/parts.h"

namespace rocmforge::models {
namespace {

std::int64_t all_of(int heads, int size) { return static_cast<std::int64_t>(heads) * size; }

// Binds queries, keys and values, which are three matrices or row ranges of one.
void bind_query_key_value(const AttentionSpec& spec, int width, const std::string& block, TensorSource& tensors,
                          AttentionLayer& layer) {
  // In each head, the gate's rows follow the query's.
  const std::int64_t query = all_of(spec.heads, spec.key_size) * (spec.gate == OutputGate::kInQueries ? 2 : 1);
  const std::int64_t key = all_of(spec.kv_heads, spec.key_size);
  const std::int64_t value = all_of(spec.kv_heads, spec.value_size);
  const Extent in = {width, kWidthKey};
  const bool is_fused =
      tensors.has(block + "attn_qkv.weight") || (spec.is_stored_fused && !tensors.has(block + "attn_q.weight"));
  if (is_fused) {
    const Extent all = {query + key + value, "queries, keys and values of all heads"};
    const auto part = [&](std::int64_t first, std::int64_t count) {
      return ops::Linear{
          tensors.matrix(block + "attn_qkv.weight", {in, all}, Need::kRequired, {first, count}),
          tensors.vector(block + "attn_qkv.bias", {all}, spec.qkv_bias, {first, count}),
      };
    };
    layer.query = part(0, query);
    if (!spec.has_own_keys()) return;
    layer.key = part(query, key);
    layer.value = part(query + key, value);
    return;
  }
  const auto own = [&](const char* name, Extent rows) {
    return ops::Linear{tensors.matrix(block + name + ".weight", {in, rows}),
                       tensors.vector(block + name + ".bias", {rows}, spec.qkv_bias)};
  };
  layer.query = own("attn_q", {query, "attention.head_count × key_length"});
  if (!spec.has_own_keys()) return;
  layer.key = own("attn_k", {key, "attention.head_count_kv × key_length"});
  if (spec.has_values) layer.value = own("attn_v", {value, "attention.head_count_kv × value_length"});
}

// ---- Norms ----

ops::Norm bind_head_norm(const NormSpec& of_model, const QueryKeyNormSpec& spec, const std::string& name, int heads,
                         int size, TensorSource& tensors) {
  ops::Norm norm{.kind = of_model.kind, .epsilon = of_model.epsilon, .group = size};
  if (spec.weights == NormWeights::kNone) return norm;
  const NormSpec with_weights{of_model.kind, of_model.epsilon, spec.has_bias};
  const bool is_shared = spec.weights == NormWeights::kOfHead;
  const std::int64_t count = is_shared ? size : all_of(heads, size);
  norm = bind_norm(with_weights, name, {count, is_shared ? "a head's values" : "all heads' values"}, tensors);
  norm.group = spec.weights == NormWeights::kOfWhole ? 0 : size;
  return norm;
}

void bind_norms(const DecoderSpec& model, const AttentionSpec& spec, const std::string& block, TensorSource& tensors,
                ops::Attention& attention) {
  if (spec.query_key_norm) {
    const QueryKeyNormSpec& norm = *spec.query_key_norm;
    attention.norms_after_rope = norm.is_after_rope;
    attention.query_norm = bind_head_norm(model.norm, norm, block + "attn_q_norm", spec.heads, spec.key_size, tensors);
    if (spec.has_own_keys()) {
      attention.key_norm =
          bind_head_norm(model.norm, norm, block + "attn_k_norm", spec.kv_heads, spec.key_size, tensors);
    }
  }
  if (spec.normalizes_values) {
    attention.value_norm = {.kind = ops::NormKind::kRms, .epsilon = model.norm.epsilon, .group = spec.value_size};
  }
}

// ---- Biases of positions ----

// Returns ALiBi's slopes: a geometric sequence for as many heads as the greatest power of two, and values between these
// for the remaining heads.
std::vector<float> alibi_slopes(int heads, float greatest) {
  int power = 1;
  while (power * 2 <= heads) power *= 2;
  std::vector<float> slopes;
  for (int head = 0; head < heads; ++head) {
    const double step = static_cast<double>(greatest) / power;
    const double exponent = head < power ? step * (head + 1) : step / 2 * (2 * (head - power) + 1);
    slopes.push_back(static_cast<float>(std::pow(2.0, -exponent)));
  }
  return slopes;
}

// Positions at least this far apart share the last bucket.
constexpr int kFarthest = 128;

// Returns the bucket of T5's relative positions.
int bucket_of(int distance, int buckets, bool is_causal) {
  int first = 0;
  int apart = std::max(-distance, 0);
  if (!is_causal) {
    buckets /= 2;
    if (distance > 0) first = buckets;
    apart = std::abs(distance);
  }
  const int exact = buckets / 2;
  if (apart < exact) return first + apart;
  if (apart >= kFarthest) return first + buckets - 1;
  const double share = std::log(static_cast<double>(apart) / exact) / std::log(static_cast<double>(kFarthest) / exact);
  return first + std::min(buckets - 1, exact + static_cast<int>(share * (buckets - exact)));
}

void bind_distance_bias(const AttentionSpec& spec, TensorSource& tensors, ops::Attention& attention) {
  const DistanceBiasSpec& bias = *spec.distance_bias;
  const std::vector<float> of_buckets =
      tensors.numbers(bias.tensor, {{spec.heads, "attention.head_count"}, {bias.buckets, "relative_buckets_count"}});
  if (of_buckets.empty()) return;
  std::vector<float> of_distances;
  for (int head = 0; head < spec.heads; ++head) {
    for (int distance = -kFarthest; distance <= kFarthest; ++distance) {
      const auto bucket = static_cast<std::size_t>(bucket_of(distance, bias.buckets, spec.is_causal));
      of_distances.push_back(
          of_buckets[bucket * static_cast<std::size_t>(spec.heads) + static_cast<std::size_t>(head)]);
    }
  }
  attention.distance_bias = tensors.constants(of_distances);
  attention.distance_reach = kFarthest;
}

void set_numbers(const AttentionSpec& spec, ops::Attention& attention) {
  attention.heads = spec.heads;
  attention.kv_heads = spec.kv_heads;
  attention.key_size = spec.key_size;
  attention.value_size = spec.value_size;
  attention.scale = spec.scale;
  attention.window = spec.window;
  attention.window_kind = spec.window_kind;
  attention.is_causal = spec.is_causal;
  attention.is_cross_attention = spec.is_cross_attention;
  attention.soft_cap = spec.soft_cap;
  attention.clamp = spec.clamp;
  attention.temperature = spec.temperature;
  attention.temperature_length = spec.temperature_length;
  attention.temperature_offset = spec.temperature_offset;
}

}  // namespace

AttentionLayer bind_attention(const DecoderSpec& model, const AttentionSpec& spec, const std::string& block,
                              TensorSource& tensors, RopeTable& ropes) {
  AttentionLayer layer;
  bind_query_key_value(spec, model.width, block, tensors, layer);
  const Extent width = {model.width, kWidthKey};
  const Extent mixed = {all_of(spec.heads, spec.value_size), "attention.head_count × value_length"};
  layer.gate_is_in_queries = spec.gate == OutputGate::kInQueries;
  if (spec.gate == OutputGate::kOwnMatrix) layer.gate = bind_product(block + "attn_gate", width, mixed, tensors);
  layer.output = {tensors.matrix(block + spec.output_name + ".weight", {mixed, width}),
                  tensors.vector(block + spec.output_name + ".bias", {width}, spec.output_bias)};
  layer.output_scale = spec.output_scale;

  set_numbers(spec, layer.attention);
  bind_norms(model, spec, block, tensors, layer.attention);
  const Extent heads = {spec.heads, "attention.head_count"};
  if (spec.has_sinks) layer.attention.sinks = tensors.vector(block + "attn_sinks.weight", {heads});
  if (spec.alibi > 0) layer.attention.slopes = tensors.constants(alibi_slopes(spec.heads, spec.alibi));
  if (spec.distance_bias) bind_distance_bias(spec, tensors, layer.attention);
  if (spec.rope) {
    layer.attention.pairing = spec.rope->pairing;
    layer.rope = ropes.number_of(*spec.rope);
  }
  return layer;
}

}  // namespace rocmforge::models
