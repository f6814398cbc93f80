// Makes the backends for the tests of operations, each compared with the reference, and the tests' tensors.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backends/cpu/factory.h"
#include "backends/ref/factory.h"
#include "ops/backend.h"
#include "quant/codec.h"

namespace rocmforge::testing {

struct BackendMaker {
  std::string name;
  std::function<std::unique_ptr<ops::Backend>()> make;
};

inline void PrintTo(const BackendMaker& maker, std::ostream* out) { *out << maker.name; }

inline BackendMaker cpu_maker(CpuTier tier, int threads) {
  const std::string name = "cpu_" + std::string(name_of(tier)) + "_" + std::to_string(threads) + "threads";
  return {name, [=] { return cpu::make_backend({threads, tier}); }};
}

inline std::vector<CpuTier> cpu_tiers_here() {
  std::vector<CpuTier> tiers;
  for (const CpuTier tier : kCpuTiers) {
    if (tier <= best_cpu_tier()) tiers.push_back(tier);
  }
  return tiers;
}

// Returns every backend of this machine except the reference.
inline std::vector<BackendMaker> backend_makers() {
  std::vector<BackendMaker> makers;
  for (const CpuTier tier : cpu_tiers_here()) {
    makers.push_back(cpu_maker(tier, 1));
    makers.push_back(cpu_maker(tier, 2));
  }
  return makers;
}

inline std::string name_of_maker(const ::testing::TestParamInfo<BackendMaker>& info) { return info.param.name; }

#define ROCMFORGE_ON_EVERY_BACKEND(suite)                                                          \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::ValuesIn(::rocmforge::testing::backend_makers()), \
                           ::rocmforge::testing::name_of_maker)

inline constexpr ops::WorkLimits kTestLimits = {.rows = 300,
                                                .columns = 4096,
                                                .experts = 16,
                                                .experts_used = 4,
                                                .expert_width = 512,
                                                .heads = 32,
                                                .head_size = 576,
                                                .context = 2048,
                                                .sequences = 8};

// A fixture with both backends of a test.
class OpTest : public ::testing::TestWithParam<BackendMaker> {
 protected:
  OpTest() : backend_(GetParam().make()), ref_(ref::make_backend()) {
    for (ops::Backend* each : both()) each->reserve(kTestLimits);
  }
  std::vector<ops::Backend*> both() const { return {backend_.get(), ref_.get()}; }

  std::unique_ptr<ops::Backend> backend_;
  std::unique_ptr<ops::Backend> ref_;
};

// ---- Numbers ----

using Numbers = std::vector<float>;

inline Numbers normal(std::uint32_t seed, std::int64_t count, float deviation = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution(0, deviation);
  Numbers numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = distribution(random);
  return numbers;
}

// ---- Memory of a backend ----

template <typename T>
class Array {
 public:
  Array(ops::Backend& backend, const std::vector<T>& values)
      : backend_(backend), count_(values.size()), buffer_(backend.allocate(values.size() * sizeof(T))) {
    backend.write(buffer_->data(), std::as_bytes(std::span(values)));
  }

  T* data() const { return reinterpret_cast<T*>(buffer_->data()); }
  std::vector<T> values() const {
    std::vector<T> values(count_);
    backend_.read(std::as_writable_bytes(std::span(values)), buffer_->data());
    return values;
  }

 private:
  ops::Backend& backend_;
  std::size_t count_;
  std::unique_ptr<ops::Buffer> buffer_;
};

// Rows that are followed by guard values, which must be neither read nor written.
class Rows {
 public:
  static constexpr std::int64_t kBehind = 3;
  static constexpr float kUntouched = 12345;

  Rows(ops::Backend& backend, std::int64_t rows, std::int64_t columns, const Numbers& values)
      : rows_(rows), columns_(columns), array_(backend, spread(rows, columns, values)) {}
  Rows(ops::Backend& backend, std::int64_t rows, std::int64_t columns)
      : Rows(backend, rows, columns, Numbers(static_cast<std::size_t>(rows * columns), 0.5f)) {}

  ops::Tensor tensor() const { return {array_.data(), rows_, columns_, columns_ + kBehind}; }

  Numbers values() const {
    const Numbers stored = array_.values();
    Numbers values;
    for (std::int64_t row = 0; row < rows_; ++row) {
      const auto begin = stored.begin() + row * (columns_ + kBehind);
      values.insert(values.end(), begin, begin + columns_);
      for (std::int64_t i = 0; i < kBehind; ++i) EXPECT_EQ(begin[columns_ + i], kUntouched) << "behind row " << row;
    }
    return values;
  }

 private:
  static Numbers spread(std::int64_t rows, std::int64_t columns, const Numbers& values) {
    Numbers stored(static_cast<std::size_t>(rows * (columns + kBehind)), kUntouched);
    for (std::int64_t row = 0; row < rows; ++row) {
      std::copy_n(values.begin() + row * columns, columns, stored.begin() + row * (columns + kBehind));
    }
    return stored;
  }

  std::int64_t rows_;
  std::int64_t columns_;
  Array<float> array_;
};

// ---- Weights ----

inline std::vector<const quant::Format*> weight_formats() {
  std::vector<const quant::Format*> formats;
  for (const quant::Format& format : quant::formats()) {
    if (!format.is_integer()) formats.push_back(&format);
  }
  return formats;
}

// Matrices in a format, and the numbers that they represent. Between two matrices lie bytes of others, and the first
// one is unaligned.
class Matrices {
 public:
  Matrices(const quant::Format& format, std::int64_t rows, std::int64_t columns, std::int64_t count, std::uint32_t seed)
      : format_(format), rows_(rows), columns_(columns), count_(count) {
    const std::int64_t row_bytes = columns / format.block_values * format.block_bytes;
    matrix_bytes_ = rows * row_bytes + 2 * format.block_bytes;
    bytes_.resize(static_cast<std::size_t>(kShift + matrix_bytes_ * count));
    values_.resize(static_cast<std::size_t>(rows * columns * count));
    for (std::int64_t row = 0; row < rows * count; ++row) {
      const auto blocks = std::span(bytes_).subspan(
          static_cast<std::size_t>(kShift + row / rows * matrix_bytes_ + row % rows * row_bytes),
          static_cast<std::size_t>(row_bytes));
      fill(blocks, seed + static_cast<std::uint32_t>(row));
      quant::decode_row(
          format, blocks,
          std::span(values_).subspan(static_cast<std::size_t>(row * columns), static_cast<std::size_t>(columns)));
    }
  }

  const quant::Format& format() const { return format_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::span<const float> row(std::int64_t matrix, std::int64_t row) const {
    return std::span(values_).subspan(static_cast<std::size_t>((matrix * rows_ + row) * columns_),
                                      static_cast<std::size_t>(columns_));
  }

  ops::Weight bind(ops::Backend& backend) const {
    ops::WeightSource source;
    source.name = "test.weight";
    source.format = &format_;
    source.columns = columns_;
    source.rows = rows_;
    source.count = count_;
    source.matrix_bytes = matrix_bytes_;
    source.bytes = std::span(bytes_).subspan(kShift);
    return backend.bind(source);
  }

 private:
  static constexpr std::int64_t kShift = 2;

  // Formats without an encoder get random bytes, with scales of moderate size.
  void fill(std::span<std::byte> blocks, std::uint32_t seed) const {
    Numbers values = normal(seed, columns_, 0.3f);
    if (format_.has_encoder) {
      const Numbers importance(static_cast<std::size_t>(columns_), 1.0f);
      ASSERT_FALSE(quant::encode_row(format_, values, importance, blocks)) << format_.name;
    } else if (format_.id == quant::FormatId::kF64) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double value = values[i];
        std::memcpy(blocks.data() + i * sizeof(double), &value, sizeof(double));
      }
    } else {
      std::mt19937 random(seed);
      for (std::byte& byte : blocks) byte = static_cast<std::byte>(random() & 0x3f);
    }
  }

  const quant::Format& format_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::int64_t count_;
  std::int64_t matrix_bytes_ = 0;
  std::vector<std::byte> bytes_;
  Numbers values_;
};

// ---- Comparing ----

// Checks that every number is within its own bound.
inline void expect_near(const Numbers& found, const Numbers& expected, const std::function<double(std::size_t)>& bound,
                        const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    ASSERT_LE(difference, bound(i)) << what << ": number " << i << " is " << found[i] << ", expected " << expected[i];
  }
}

inline void expect_relative(const Numbers& found, const Numbers& expected, double relative, double absolute,
                            const std::string& what) {
  expect_near(
      found, expected, [&](std::size_t i) { return relative * std::fabs(static_cast<double>(expected[i])) + absolute; },
      what);
}

inline void expect_same_bits(const Numbers& found, const Numbers& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(found[i]), std::bit_cast<std::uint32_t>(expected[i]))
        << what << ": number " << i << " is " << found[i] << ", expected " << expected[i];
  }
}

}  // namespace rocmforge::testing
