// Makes rows of values for the encoders, like real weights or like those of a broken or hostile checkpoint, and encodes
// and decodes them.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quant/codec.h"

namespace rocmforge::quant {

inline void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

}  // namespace rocmforge::quant

namespace rocmforge::testing {

using Row = std::vector<float>;

// A multiple of every format's block length.
inline constexpr std::size_t kRowValues = 512;

struct NamedRow {
  std::string name;
  Row values;
};

inline Row normal_row(std::uint32_t seed, float deviation = 1, std::size_t count = kRowValues) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  Row row(count);
  for (float& value : row) value = normal(random);
  return row;
}

// Returns magnitudes distributed evenly over the powers of ten from `low` to `high`, so that adjacent values differ by
// any factor.
inline Row mixed_row(std::uint32_t seed, float low, float high) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> exponent(std::log10(low), std::log10(high));
  Row row(kRowValues);
  for (float& value : row) value = (random() % 2 != 0 ? -1.0f : 1.0f) * std::pow(10.0f, exponent(random));
  return row;
}

// Returns importances, which are mean squares of activations: positive and heavy-tailed.
inline Row importance_row(std::uint32_t seed) {
  Row row = normal_row(seed);
  for (float& value : row) value = std::exp(1.5f * value);
  return row;
}

// Returns hostile rows with magnitudes of at most `scale`.
inline std::vector<NamedRow> hostile_rows(float scale) {
  std::vector<NamedRow> rows;
  const auto add = [&rows](std::string name, auto&& value_of) {
    Row row(kRowValues);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = value_of(j);
    rows.push_back({std::move(name), std::move(row)});
  };
  const Row noise = [&] {
    Row row = normal_row(7, scale / 8);
    for (float& value : row) value = std::clamp(value, -scale, scale);
    return row;
  }();
  add("zeros", [](std::size_t) { return 0.0f; });
  add("negative zeros", [](std::size_t) { return -0.0f; });
  add("equal", [=](std::size_t) { return scale; });
  add("equal negative", [=](std::size_t) { return -scale; });
  add("alternating", [=](std::size_t j) { return j % 2 == 0 ? scale : -scale; });
  add("alternating, less below", [=](std::size_t j) { return j % 2 == 0 ? scale : -0.99f * scale; });
  add("one outlier among zeros", [=](std::size_t j) { return j == 77 ? scale : 0.0f; });
  add("one negative outlier among zeros", [=](std::size_t j) { return j == 300 ? -scale : 0.0f; });
  add("one outlier among small ones", [&](std::size_t j) { return j == 5 ? scale : 1e-3f * noise[j]; });
  add("an outlier every 100", [&](std::size_t j) { return j % 100 == 50 ? scale : 1e-2f * noise[j]; });
  add("positive", [&](std::size_t j) { return std::fabs(noise[j]); });
  add("negative", [&](std::size_t j) { return -std::fabs(noise[j]); });
  add("far from zero", [&](std::size_t j) { return 0.8f * scale + 1e-3f * noise[j]; });
  add("ramp", [=](std::size_t j) { return scale * (static_cast<float>(j) / 256 - 1); });
  add("two far apart", [=](std::size_t j) { return j % 2 == 0 ? scale : 1e-6f * scale; });
  add("groups far apart", [&](std::size_t j) { return j / 16 % 2 == 0 ? noise[j] : 1e-4f * noise[j]; });
  return rows;
}

inline std::vector<CpuTier> tiers_here() {
  std::vector<CpuTier> tiers;
  for (const CpuTier tier : kCpuTiers) {
    if (tier <= best_cpu_tier()) tiers.push_back(tier);
  }
  return tiers;
}

// Encodes a row. Requires: the format can hold it.
inline std::vector<std::byte> encoded(const quant::Format& format, const Row& row, const Row& importance = {},
                                      CpuTier tier = best_cpu_tier()) {
  std::vector<std::byte> blocks(row.size() / format.block_values * format.block_bytes);
  const auto refused = quant::encode_row(format, row, importance, blocks, tier);
  if (refused) {
    ADD_FAILURE() << format.name << " refuses " << refused->value << " in column " << refused->column << " on "
                  << name_of(tier);
  }
  return blocks;
}

inline Row decoded(const quant::Format& format, std::span<const std::byte> blocks, CpuTier tier = best_cpu_tier()) {
  Row row(blocks.size() / format.block_bytes * format.block_values);
  quant::decode_row(format, blocks, row, tier);
  return row;
}

inline Row round_trip(const quant::Format& format, const Row& row, const Row& importance = {}) {
  return decoded(format, encoded(format, row, importance));
}

// Returns the squared error, weighted if there are weights.
inline double squared_error(std::span<const float> a, std::span<const float> b, std::span<const float> weights = {}) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) {
    const double difference = static_cast<double>(a[j]) - b[j];
    sum += difference * difference * (weights.empty() ? 1 : static_cast<double>(weights[j]));
  }
  return sum;
}

inline double root_mean_square_error(std::span<const float> a, std::span<const float> b) {
  return std::sqrt(squared_error(a, b) / static_cast<double>(a.size()));
}

// Returns the first column in which the bits differ, or the number of columns. All NaNs count as equal: which of two an
// addition returns depends on the compiler's order of operands.
inline std::size_t first_difference(std::span<const float> a, std::span<const float> b) {
  const auto same = [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y) || (std::isnan(x) && std::isnan(y));
  };
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end(), same).first - a.begin());
}

}  // namespace rocmforge::testing
