// Basic arithmetic for the descriptions of architectures: plain loops over doubles, one vector per token. Only reading
// of files is shared with the engine.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/random_model.h"

namespace rocmforge::testing {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;  // one per token

// A model's tensors by name, and the one particularity of its architecture to leave out; empty means none.
class Described {
 public:
  Described(const RandomModel& model, std::string_view dropped) : model_(model), file_(model), dropped_(dropped) {}

  bool keeps(std::string_view particularity) const { return particularity != dropped_; }

  bool has(const std::string& tensor) const { return model_.find(tensor) != nullptr; }
  const Vector& tensor(const std::string& name) const {
    const auto known = tensors_.find(name);
    if (known != tensors_.end()) return known->second;
    const std::vector<float> values = decode(model_.tensor(name));
    return tensors_[name] = Vector(values.begin(), values.end());
  }
  // Returns an empty vector if the file does not have the tensor.
  const Vector& tensor_if_there(const std::string& name) const { return has(name) ? tensor(name) : none_; }

  bool has_key(const std::string& name) const { return metadata().contains(full(name)); }
  int count(const std::string& name) const { return static_cast<int>(metadata().get<std::int64_t>(full(name))); }
  double number(const std::string& name) const { return metadata().get<float>(full(name)); }
  int count_of_layer(const std::string& name, int layer) const {
    const auto layers = static_cast<std::size_t>(count("block_count"));
    const auto values = metadata().per_layer<std::int64_t>(full(name), layers);
    return static_cast<int>(values[static_cast<std::size_t>(layer)]);
  }

 private:
  const gguf::Metadata& metadata() const { return file_.file().metadata(); }
  std::string full(const std::string& name) const {
    return metadata().get<std::string>("general.architecture") + "." + name;
  }

  const RandomModel& model_;
  ModelFile file_;
  std::string dropped_;
  Vector none_;
  mutable std::map<std::string, Vector> tensors_;
};

inline std::string block(int layer) { return "blk." + std::to_string(layer) + "."; }

// ---- Vectors ----

inline Vector part(const Vector& x, std::size_t first, std::size_t count) {
  const auto begin = x.begin() + static_cast<std::ptrdiff_t>(first);
  return Vector(begin, begin + static_cast<std::ptrdiff_t>(count));
}

inline Vector plus(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

inline Vector minus(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

inline Vector times(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] *= b[i];
  return a;
}

inline Vector scaled(Vector a, double factor) {
  for (double& value : a) value *= factor;
  return a;
}

template <typename Of>
Vector each(Vector a, Of of) {
  for (double& value : a) value = of(value);
  return a;
}

inline double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Requires: the matrix is stored by rows, each as long as the vector.
inline Vector product(const Vector& matrix, const Vector& x) {
  Vector result(matrix.size() / x.size());
  for (std::size_t row = 0; row < result.size(); ++row) {
    for (std::size_t column = 0; column < x.size(); ++column)
      result[row] += matrix[row * x.size() + column] * x[column];
  }
  return result;
}

// Adds the bias if there is one.
inline Vector linear(const Described& model, const std::string& name, const Vector& x) {
  Vector result = product(model.tensor(name + ".weight"), x);
  return model.has(name + ".bias") ? plus(result, model.tensor(name + ".bias")) : result;
}

inline Vector row_of(const Vector& matrix, std::size_t row, std::size_t columns) {
  return part(matrix, row * columns, columns);
}

// ---- Functions of one number ----

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double silu(double x) { return x * sigmoid(x); }
inline double relu(double x) { return std::max(x, 0.0); }
inline double softplus(double x) { return x > 30 ? x : std::log1p(std::exp(x)); }
inline double gelu_erf(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }
inline double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

// ---- Norms ----

// An empty weight means no weight.
inline Vector rms_norm(const Vector& x, const Vector& weight, double epsilon) {
  const double mean = dot(x, x) / static_cast<double>(x.size());
  const Vector normed = scaled(x, 1 / std::sqrt(mean + epsilon));
  return weight.empty() ? normed : times(normed, weight);
}

inline Vector layer_norm(const Vector& x, double epsilon) {
  double mean = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  return rms_norm(each(x, [&](double value) { return value - mean; }), {}, epsilon);
}

// Uses the tensors NAME.weight and NAME.bias.
inline Vector layer_norm(const Described& model, const std::string& name, const Vector& x, double epsilon) {
  return plus(times(layer_norm(x, epsilon), model.tensor(name + ".weight")), model.tensor(name + ".bias"));
}

// Normalizes each group of `size` values separately.
template <typename Norm>
Vector by_head(const Vector& x, std::size_t size, Norm norm) {
  Vector result;
  for (std::size_t head = 0; head < x.size() / size; ++head) {
    const Vector normed = norm(part(x, head * size, size), head);
    result.insert(result.end(), normed.begin(), normed.end());
  }
  return result;
}

// ---- Attention ----

enum class Pairs { kNeighbours, kHalves };

inline Vector rotated(const Vector& head, std::size_t position, double base, Pairs pairs) {
  Vector result = head;
  const std::size_t half = head.size() / 2;
  for (std::size_t p = 0; p < half; ++p) {
    const double exponent = -2.0 * static_cast<double>(p) / static_cast<double>(head.size());
    const double angle = static_cast<double>(position) * std::pow(base, exponent);
    const std::size_t first = pairs == Pairs::kHalves ? p : 2 * p;
    const std::size_t second = pairs == Pairs::kHalves ? p + half : 2 * p + 1;
    result[first] = head[first] * std::cos(angle) - head[second] * std::sin(angle);
    result[second] = head[first] * std::sin(angle) + head[second] * std::cos(angle);
  }
  return result;
}

// Rotates all heads of queries or keys.
inline Vector rotated_heads(const Vector& heads, std::size_t size, std::size_t position, double base, Pairs pairs) {
  return by_head(heads, size, [&](const Vector& head, std::size_t) { return rotated(head, position, base, pairs); });
}

// Returns the slope of ALiBi with a maximum bias of 8. Heads beyond a power of two have slopes between those of the
// others.
inline double alibi_slope(std::size_t head, std::size_t heads) {
  std::size_t power = 1;
  while (2 * power <= heads) power *= 2;
  const double step = 8 / static_cast<double>(power);
  if (head < power) return std::pow(2.0, -step * static_cast<double>(head + 1));
  return std::pow(2.0, -step / 2 * static_cast<double>(2 * (head - power) + 1));
}

struct AttentionRule {
  std::size_t heads = 0;
  std::size_t head_size = 0;
  double scale = 1;
  std::function<bool(std::size_t query, std::size_t key)> sees = {};
  std::function<double(std::size_t head, std::size_t query, std::size_t key)> bias = {};
};

inline bool sees_up_to_itself(std::size_t query, std::size_t key) { return key <= query; }
inline bool sees_all(std::size_t, std::size_t) { return true; }

inline Vector softmax(const Vector& logits) {
  const double greatest = *std::ranges::max_element(logits);
  Vector weights = each(logits, [&](double logit) { return std::exp(logit - greatest); });
  double sum = 0;
  for (const double weight : weights) sum += weight;
  return scaled(weights, 1 / sum);
}

inline Vector attend(const AttentionRule& rule, std::size_t head, std::size_t query, const Vector& of_query,
                     const Rows& keys, const Rows& values) {
  const std::size_t size = rule.head_size;
  const std::size_t shared = rule.heads / (keys.front().size() / size);  // query heads per key head
  std::vector<std::size_t> seen;
  Vector logits;
  for (std::size_t key = 0; key < keys.size(); ++key) {
    if (!rule.sees(query, key)) continue;
    const double bias = rule.bias ? rule.bias(head, query, key) : 0;
    logits.push_back(rule.scale * dot(of_query, row_of(keys[key], head / shared, size)) + bias);
    seen.push_back(key);
  }
  const Vector weights = softmax(logits);
  Vector result(size);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    result = plus(result, scaled(row_of(values[seen[i]], head / shared, size), weights[i]));
  }
  return result;
}

// Returns one row per query, with its heads concatenated.
inline Rows attention(const AttentionRule& rule, const Rows& queries, const Rows& keys, const Rows& values) {
  Rows result;
  for (std::size_t query = 0; query < queries.size(); ++query) {
    result.push_back(by_head(queries[query], rule.head_size, [&](const Vector& of_query, std::size_t head) {
      return attend(rule, head, query, of_query, keys, values);
    }));
  }
  return result;
}

struct Projected {
  Rows queries, keys, values;
};

// Computes queries, keys and values from one matrix or from three.
inline Projected query_key_value(const Described& model, const std::string& prefix, const Rows& x,
                                 std::size_t query_size, std::size_t key_size) {
  Projected all;
  for (const Vector& row : x) {
    if (model.has(prefix + "attn_qkv.weight")) {
      const Vector joint = linear(model, prefix + "attn_qkv", row);
      all.queries.push_back(part(joint, 0, query_size));
      all.keys.push_back(part(joint, query_size, key_size));
      all.values.push_back(part(joint, query_size + key_size, key_size));
    } else {
      all.queries.push_back(linear(model, prefix + "attn_q", row));
      all.keys.push_back(linear(model, prefix + "attn_k", row));
      all.values.push_back(linear(model, prefix + "attn_v", row));
    }
  }
  return all;
}

// ---- Experts ----

// Returns the indices of the best scores, best first.
inline std::vector<std::size_t> best(const Vector& scores, int count) {
  std::vector<std::size_t> order(scores.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return scores[i]; });
  order.resize(static_cast<std::size_t>(count));
  return order;
}

inline Vector expert_matrix(const Described& model, const std::string& name, std::size_t expert, std::size_t experts) {
  const Vector& all = model.tensor(name);
  const std::size_t size = all.size() / experts;
  return part(all, expert * size, size);
}

// ---- The beginning and the end ----

inline Rows embeddings(const Described& model, std::span<const int> tokens) {
  const auto width = static_cast<std::size_t>(model.count("embedding_length"));
  Rows rows;
  for (const int token : tokens) {
    rows.push_back(row_of(model.tensor("token_embd.weight"), static_cast<std::size_t>(token), width));
  }
  return rows;
}

inline std::vector<float> flat(const Rows& rows) {
  std::vector<float> values;
  for (const Vector& row : rows) values.insert(values.end(), row.begin(), row.end());
  return values;
}

}  // namespace rocmforge::testing
