#include "models/hyperparameters.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::models {

Hyperparameters::Hyperparameters(Facts facts, std::string architecture)
    : facts_(std::move(facts)), architecture_(std::move(architecture)) {
  width = required("embedding_length", 1, kMostWidth);
  stored_layers_ = required("block_count", 1, kMostLayers);
  layers = stored_layers_ - optional("nextn_predict_layers", 0, 0, stored_layers_ - 1);
  context = required("context_length", 1, kMostContext);
  vocabulary = facts_.vocabulary;
  const auto count = static_cast<std::size_t>(layers);
  heads = per_layer_or("attention.head_count", std::vector<int>(count, 0), 0, kMostHeads);
  kv_heads = per_layer_or("attention.head_count_kv", heads, 0, kMostHeads);
  ffn_width = per_layer_or("feed_forward_length", std::vector<int>(count, 0), 0, kMostWidth);
  experts = optional("expert_count", 0, 0, kMostExperts);
  experts_used = optional("expert_used_count", 0, 0, kMostExperts);
  if (experts_used > experts || (experts > 0 && experts_used == 0)) {
    throw wrong("'{}' is {}, which does not fit '{}' {}", key("expert_used_count"), experts_used, key("expert_count"),
                experts);
  }
  check_vocabulary();
}

// The number of rows of the embeddings decides. A tokenizer may know fewer tokens than there are rows, and converters
// drop rows that no token uses without changing the key.
void Hyperparameters::check_vocabulary() {
  const int stated = optional("vocab_size", vocabulary, 1, kMostTokens);
  if (stated == vocabulary) return;
  assume(fmt::format("'{}' is {}, but tensor 'token_embd.weight' has {} rows, which is used", key("vocab_size"), stated,
                     vocabulary),
         true);
}

std::optional<gguf::Shape> Hyperparameters::shape_of(const std::string& name) const {
  return facts_.shape_of ? facts_.shape_of(name) : std::nullopt;
}

bool Hyperparameters::has_in_any_layer(std::string_view name) const {
  for (int i = 0; i < layers; ++i) {
    if (has_tensor(fmt::format("blk.{}.{}", i, name))) return true;
  }
  return false;
}

std::string Hyperparameters::key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }
bool Hyperparameters::has(std::string_view name) const { return metadata().contains(key(name)); }

int Hyperparameters::required(std::string_view name, int least, int greatest) const {
  const std::string full = key(name);
  const auto value = metadata().get<std::int64_t>(full);
  check_range<std::int64_t>(metadata(), full, value, least, greatest);
  return static_cast<int>(value);
}

int Hyperparameters::optional(std::string_view name, int otherwise, int least, int greatest) const {
  return has(name) ? required(name, least, greatest) : otherwise;
}

int Hyperparameters::expected(std::string_view name, int otherwise, int least, int greatest) {
  if (!has(name)) assume(fmt::format("'{}' is missing: {} is assumed", key(name), otherwise), true);
  return optional(name, otherwise, least, greatest);
}

float Hyperparameters::required_number(std::string_view name, float least, float greatest) const {
  const std::string full = key(name);
  const auto value = metadata().get<float>(full);
  check_range(metadata(), full, value, least, greatest);
  return value;
}

float Hyperparameters::optional_number(std::string_view name, float otherwise, float least, float greatest) const {
  return has(name) ? required_number(name, least, greatest) : otherwise;
}

float Hyperparameters::expected_number(std::string_view name, float otherwise, float least, float greatest) {
  if (!has(name)) assume(fmt::format("'{}' is missing: {} is assumed", key(name), otherwise), true);
  return optional_number(name, otherwise, least, greatest);
}

bool Hyperparameters::optional_flag(std::string_view name, bool otherwise) const {
  return metadata().get_or<bool>(key(name), otherwise);
}

std::vector<int> Hyperparameters::per_layer(std::string_view name, int least, int greatest) const {
  const std::string full = key(name);
  const auto values = metadata().per_layer<std::int64_t>(full, static_cast<std::size_t>(stored_layers_));
  if (values.empty()) throw wrong("key '{}' is missing", full);
  std::vector<int> result;
  for (const std::int64_t value : values) {
    check_range<std::int64_t>(metadata(), full, value, least, greatest);
    result.push_back(static_cast<int>(value));
  }
  result.resize(static_cast<std::size_t>(layers));
  return result;
}

std::vector<int> Hyperparameters::per_layer_or(std::string_view name, const std::vector<int>& otherwise, int least,
                                               int greatest) const {
  return has(name) ? per_layer(name, least, greatest) : otherwise;
}

int Hyperparameters::head_size(std::string_view name) const {
  if (has(name)) return required(name, 1, kMostHeadSize);
  const int count = std::ranges::max(heads);  // recurrent layers may have none
  if (count == 0) throw wrong("'{}' is missing or 0, expected 1 to {}", key("attention.head_count"), kMostHeads);
  if (width % count != 0) {
    throw wrong("'{}' {} is not a multiple of '{}' {}, and '{}' is missing", key("embedding_length"), width,
                key("attention.head_count"), count, key(name));
  }
  return width / count;
}

void Hyperparameters::assume(const std::string& what, bool matters) {
  if (std::ranges::find(assumptions_, what, &Assumption::what) != assumptions_.end()) return;
  assumptions_.push_back({what, matters});
}

int Hyperparameters::key_size() const { return head_size("attention.key_length"); }
int Hyperparameters::value_size() const { return head_size("attention.value_length"); }

}  // namespace rocmforge::models
