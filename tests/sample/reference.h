// A plain reference implementation of the stages: sorted lists, and exp and log of the C library. It shares only the
// definitions with the tested code.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "sample/settings.h"

namespace rocmforge::sample::reference {

struct Item {
  TokenId token;
  double logit;
};
using Items = std::vector<Item>;  // the likeliest first; equal ones by id
using Distribution = std::map<TokenId, double>;

inline Items sorted(std::span<const float> logits) {
  Items items;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto logit = static_cast<double>(logits[i]);
    if (!std::isnan(logit)) items.push_back({static_cast<TokenId>(i), logit});
  }
  std::sort(items.begin(), items.end(),
            [](const Item& a, const Item& b) { return a.logit != b.logit ? a.logit > b.logit : a.token < b.token; });
  return items;
}

inline std::vector<double> softmax(const Items& items) {
  std::vector<double> result;
  double sum = 0;
  for (const Item& item : items) result.push_back(std::exp(item.logit - items.front().logit));
  for (const double weight : result) sum += weight;
  for (double& weight : result) weight /= sum;
  return result;
}

inline double entropy(const std::vector<double>& probabilities) {
  double sum = 0;
  for (const double p : probabilities) sum -= p > 0 ? p * std::log(p) : 0;
  return sum;
}

inline Items first(Items items, std::size_t count) {
  items.resize(std::min(count, items.size()));
  return items;
}

inline Items top_p(const Items& items, double share, std::size_t min_keep = 1) {
  const auto probabilities = softmax(items);
  double sum = 0;
  std::size_t count = 0;
  while (count < items.size() && (count == 0 || sum < share)) sum += probabilities[count++];
  return first(items, std::max(count, min_keep));
}

inline Items min_p(const Items& items, double share, std::size_t min_keep = 1) {
  std::size_t count = 0;
  while (count < items.size() && items[count].logit >= items[0].logit + std::log(share)) ++count;
  return first(items, std::max(count, min_keep));
}

inline Items top_n_sigma(const Items& items, double n) {
  double mean = 0;
  double square = 0;
  double count = 0;
  for (const Item& item : items) count += std::isfinite(item.logit) ? 1 : 0;
  for (const Item& item : items) mean += std::isfinite(item.logit) ? item.logit / count : 0;
  for (const Item& item : items) square += std::isfinite(item.logit) ? std::pow(item.logit - mean, 2) / count : 0;
  Items left;
  for (const Item& item : items) {
    if (item.logit >= items[0].logit - n * std::sqrt(square)) left.push_back(item);
  }
  return left;
}

inline Items typical(const Items& items, double share, std::size_t min_keep = 1) {
  const auto probabilities = softmax(items);
  const double expected = entropy(probabilities);
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto oddity = [&](std::size_t i) { return std::abs(-std::log(probabilities[i]) - expected); };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return oddity(a) != oddity(b) ? oddity(a) < oddity(b) : items[a].token < items[b].token;
  });
  double sum = 0;
  std::size_t count = 0;
  while (count < order.size() && sum <= share) sum += probabilities[order[count++]];
  order.resize(std::min(std::max(count, min_keep), order.size()));
  std::sort(order.begin(), order.end());
  Items left;
  for (const std::size_t i : order) left.push_back(items[i]);
  return left;
}

// The case in which the likely tokens are removed.
inline Items xtc(const Items& items, double threshold, std::size_t min_keep = 1) {
  const auto probabilities = softmax(items);
  std::size_t likely = 0;
  while (likely < items.size() && probabilities[likely] >= threshold) ++likely;
  if (likely < 2 || items.size() - (likely - 1) < min_keep) return items;
  return {items.begin() + static_cast<std::ptrdiff_t>(likely) - 1, items.end()};
}

inline Items divided(Items items, double temperature) {
  for (Item& item : items) item.logit /= temperature;
  return items;
}

inline double dynamic_temperature(const Items& items, double temperature, double range, double exponent) {
  const double share = entropy(softmax(items)) / std::log(static_cast<double>(items.size()));
  const double lowest = std::max(0.0, temperature - range);
  return lowest + (temperature + range - lowest) * std::pow(share, exponent);
}

inline Distribution distribution(const Items& items) {
  const auto probabilities = softmax(items);
  Distribution result;
  for (std::size_t i = 0; i < items.size(); ++i) result[items[i].token] = probabilities[i];
  return result;
}

// Returns the mixture of two distributions.
inline Distribution mixed(double chance, const Distribution& with, const Distribution& without) {
  Distribution result;
  for (const auto& [token, p] : with) result[token] += chance * p;
  for (const auto& [token, p] : without) result[token] += (1 - chance) * p;
  return result;
}

}  // namespace rocmforge::sample::reference
