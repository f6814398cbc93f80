// Tests products with weights of every format on every backend.
#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/estimate.h"

namespace rocmforge {
namespace {

using namespace testing;
using ops::Write;

class Products : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(Products);

struct Shape {
  std::int64_t tokens;
  std::int64_t rows;
  std::int64_t columns;
};

// Returns shapes: one block, rows that do not fill a tile, more tokens than a tile has, and more columns than are
// unpacked at a time.
std::vector<Shape> shapes_for(const quant::Format& format) {
  const std::int64_t block = format.block_values;
  std::vector<Shape> shapes = {{1, 1, block}, {2, 67, 2 * block}, {5, 16, 3 * block}, {70, 33, block}};
  if (format.id == quant::FormatId::kQ4_0 || format.id == quant::FormatId::kQ6_K ||
      format.id == quant::FormatId::kF16 || format.id == quant::FormatId::kIQ3_S) {
    shapes.push_back({3, 130, 1024});
    shapes.push_back({259, 40, 256});
  }
  if (format.is_plain_float()) shapes.push_back({4, 19, 545});
  return shapes;
}

Estimates products_of(const Matrices& weights, std::int64_t matrix, const Numbers& x, std::int64_t tokens) {
  Estimates estimates;
  const auto columns = static_cast<std::size_t>(weights.columns());
  for (std::int64_t t = 0; t < tokens; ++t) {
    const Estimates own = exactly(std::span(x).subspan(static_cast<std::size_t>(t) * columns, columns));
    for (std::int64_t r = 0; r < weights.rows(); ++r) {
      estimates.push_back(product(weights.format(), weights.row(matrix, r), own));
    }
  }
  return estimates;
}

std::string described(const quant::Format& format, const Shape& shape) {
  return std::string(format.name) + " " + std::to_string(shape.tokens) + " tokens, " + std::to_string(shape.rows) +
         " x " + std::to_string(shape.columns);
}

// If a format's kernel reads a wrong byte, no loader notices and the model outputs nonsense.
TEST_P(Products, MultiplyEveryFormat) {
  for (const quant::Format* format : weight_formats()) {
    ASSERT_TRUE(backend_->can_multiply(*format)) << format->name;
    for (const Shape& shape : shapes_for(*format)) {
      const Matrices weights(*format, shape.rows, shape.columns, 1, 1);
      const Numbers x = normal(2, shape.tokens * shape.columns);
      const Estimates expected = products_of(weights, 0, x, shape.tokens);
      for (ops::Backend* backend : both()) {
        const Rows input(*backend, shape.tokens, shape.columns, x);
        const Rows out(*backend, shape.tokens, shape.rows);
        backend->linear(input.tensor(), {weights.bind(*backend), nullptr}, out.tensor());
        expect_within(out.values(), expected, std::string(backend->name()) + " " + described(*format, shape));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(Products, RefuseIntegers) { EXPECT_FALSE(backend_->can_multiply(quant::format_of(quant::FormatId::kI32))); }

// Q, K and V are one call with different formats; the scale applies before the bias, and the result is added to the
// output.
TEST_P(Products, SeveralProjectionsWithScaleAndBias) {
  const Shape shape{6, 50, 512};
  const Matrices first(quant::format_of(quant::FormatId::kQ4_K), shape.rows, shape.columns, 1, 3);
  const Matrices second(quant::format_of(quant::FormatId::kF16), 9, shape.columns, 1, 4);
  const Matrices third(quant::format_of(quant::FormatId::kQ3_K), 17, shape.columns, 1, 5);
  const Numbers x = normal(6, shape.tokens * shape.columns);
  const Numbers biases = normal(7, shape.rows);
  constexpr float kScale = 1.75f;
  for (ops::Backend* backend : both()) {
    const Array<float> bias(*backend, biases);
    const Array<float> scale(*backend, {kScale});
    ops::Linear a{first.bind(*backend), bias.data()};
    a.weight.scale = scale.data();
    const ops::Linear b{second.bind(*backend), nullptr};
    const ops::Linear c{third.bind(*backend), bias.data()};
    const Rows input(*backend, shape.tokens, shape.columns, x);
    const Rows out_a(*backend, shape.tokens, 50), out_b(*backend, shape.tokens, 9), out_c(*backend, shape.tokens, 17);
    const ops::Projection projections[] = {{a, out_a.tensor()}, {b, out_b.tensor()}, {c, out_c.tensor()}};
    backend->linear(input.tensor(), projections, Write::kAdd);

    const auto check = [&](const Matrices& weights, const Rows& out, double factor, bool has_bias) {
      Estimates expected = products_of(weights, 0, x, shape.tokens);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const std::size_t row = i % static_cast<std::size_t>(weights.rows());
        expected[i] = scaled_and_shifted(expected[i], factor, has_bias ? biases[row] : 0.0);
        expected[i] = scaled_and_shifted(expected[i], 1, 0.5);  // the initial content of Rows
      }
      expect_within(out.values(), expected, std::string(backend->name()) + " " + std::string(weights.format().name));
    };
    check(first, out_a, kScale, true);
    check(second, out_b, 1, false);
    check(third, out_c, 1, true);
  }
}

// Latent attention has a matrix per head, and the heads are apart within a row.
TEST_P(Products, HeadsHaveMatricesOfTheirOwn) {
  constexpr int kHeads = 3;
  constexpr int kColumns = 64;
  constexpr int kOutRows = 37;
  for (const auto id : {quant::FormatId::kQ8_0, quant::FormatId::kBF16, quant::FormatId::kNVFP4}) {
    for (const std::int64_t tokens : {1, 7}) {
      const Matrices weights(quant::format_of(id), kOutRows, kColumns, kHeads, 8);
      constexpr std::int64_t kInColumns = kHeads * (kColumns + 8) + 5;
      constexpr std::int64_t kOutColumns = kHeads * (kOutRows + 2) + 1;
      const Numbers x = normal(9, tokens * kInColumns);
      for (ops::Backend* backend : both()) {
        const Rows input(*backend, tokens, kInColumns, x);
        const Rows out(*backend, tokens, kOutColumns);
        backend->linear_heads({input.tensor(), kHeads, kColumns, kColumns + 8, 5}, weights.bind(*backend),
                              {out.tensor(), kHeads, kOutRows, kOutRows + 2, 1});
        Estimates expected(static_cast<std::size_t>(tokens * kOutColumns), {0.5, 0});
        for (std::int64_t t = 0; t < tokens; ++t) {
          for (int head = 0; head < kHeads; ++head) {
            const std::int64_t from = t * kInColumns + 5 + head * (kColumns + 8);
            const Estimates own = exactly(std::span(x).subspan(static_cast<std::size_t>(from), kColumns));
            for (int r = 0; r < kOutRows; ++r) {
              const auto to = static_cast<std::size_t>(t * kOutColumns + 1 + head * (kOutRows + 2) + r);
              expected[to] = product(weights.format(), weights.row(head, r), own);
            }
          }
        }
        expect_within(out.values(), expected, std::string(backend->name()) + " " + std::string(weights.format().name));
      }
    }
  }
}

struct ActivationCase {
  ops::Activation activation;
  bool gated;
};

TEST_P(Products, GateAndUpWithEveryActivation) {
  using enum ops::Activation;
  const ActivationCase cases[] = {{kSilu, true},         {kSilu, false},    {kGeluTanh, true}, {kGeluTanh, false},
                                  {kGeluErf, true},      {kGeluErf, false}, {kRelu, true},     {kRelu, false},
                                  {kReluSquared, false}, {kGptOss, true},   {kIdentity, true}, {kIdentity, false},
                                  {kSigmoid, true},      {kSigmoid, false}, {kXielu, false}};
  constexpr std::int64_t kTokens = 5, kWidth = 75, kColumns = 96;
  const Matrices gate(quant::format_of(quant::FormatId::kQ8_0), kWidth, kColumns, 1, 10);
  const Matrices up(quant::format_of(quant::FormatId::kF32), kWidth, kColumns, 1, 11);
  const Numbers x = normal(12, kTokens * kColumns, 2);
  const Numbers biases = normal(13, kWidth);
  const Estimates gates = products_of(gate, 0, x, kTokens);
  const Estimates ups = products_of(up, 0, x, kTokens);
  for (const ActivationCase& each : cases) {
    for (ops::Backend* backend : both()) {
      const Array<float> bias(*backend, biases);
      ops::FeedForward ffn;
      if (each.gated) ffn.gate = {gate.bind(*backend), bias.data()};
      ffn.up = {up.bind(*backend), nullptr};
      ffn.activation = each.activation;
      ffn.xielu = kXieluNumbers;
      const Rows input(*backend, kTokens, kColumns, x);
      const Rows hidden(*backend, kTokens, kWidth);
      backend->gate_up(input.tensor(), ffn, hidden.tensor());
      Estimates expected;
      for (std::size_t i = 0; i < gates.size(); ++i) {
        const Estimate biased = scaled_and_shifted(gates[i], 1, biases[i % kWidth]);
        expected.push_back(each.gated ? activated(each.activation, biased, ups[i])
                                      : activated(each.activation, ups[i]));
      }
      expect_within(hidden.values(), expected,
                    std::string(backend->name()) + " activation " + std::to_string(static_cast<int>(each.activation)));
    }
  }
}

// Far from 0 an exponential overflows; the result must be the limit, not NaN.
TEST_P(Products, ActivationsOfLargeNumbersAreTheirLimits) {
  using enum ops::Activation;
  const Matrices identity = [] { return Matrices(quant::format_of(quant::FormatId::kF32), 1, 1, 1, 14); }();
  const double weight = identity.row(0, 0)[0];
  for (const ops::Activation activation : {kSilu, kGeluTanh, kGeluErf}) {
    for (const double wanted : {-1e4, -200.0, -60.0, 60.0, 200.0, 1e4}) {
      const Rows input(*backend_, 1, 1, {static_cast<float>(wanted / weight)});
      const Rows hidden(*backend_, 1, 1);
      ops::FeedForward ffn;
      ffn.up = {identity.bind(*backend_), nullptr};
      ffn.activation = activation;
      backend_->gate_up(input.tensor(), ffn, hidden.tensor());
      EXPECT_NEAR(hidden.values()[0], std::max(wanted, 0.0), 1e-6 * std::fabs(wanted)) << wanted;
    }
  }
}

// Near 0 its two halves are differences of nearly equal numbers.
TEST_P(Products, XieluNearZero) {
  const Matrices one(quant::format_of(quant::FormatId::kF32), 1, 1, 1, 14);
  const double weight = one.row(0, 0)[0];
  for (const double wanted : {-2.0, -0.51, -0.49, -0.1, -1e-3, -2e-6, -1e-7, 0.0, 1e-7, 1e-3, 3.0}) {
    for (ops::Backend* backend : both()) {
      const Rows input(*backend, 1, 1, {static_cast<float>(wanted / weight)});
      const Rows hidden(*backend, 1, 1);
      ops::FeedForward ffn;
      ffn.up = {one.bind(*backend), nullptr};
      ffn.activation = ops::Activation::kXielu;
      ffn.xielu = kXieluNumbers;
      backend->gate_up(input.tensor(), ffn, hidden.tensor());
      const double expected = activation_of(ops::Activation::kXielu, wanted);
      EXPECT_NEAR(hidden.values()[0], expected, 1e-6 * std::fabs(wanted) + 1e-13) << wanted;
    }
  }
}

// The reference can round as the integer kernels do, so that a test can measure the cost of that rounding: with it the
// two differ only by float rounding, without it by more.
TEST_P(Products, TheReferenceCanRoundActivationsToo) {
  const Matrices weights(quant::format_of(quant::FormatId::kQ4_0), 30, 256, 2, 18);
  Numbers x = normal(19, 6 * 256);
  std::fill_n(x.begin(), 32, 0.0f);
  const auto rounding = ref::make_backend({.rounds_activations = true});
  const auto run = [&](ops::Backend& backend) {
    const ops::Weight weight = weights.bind(backend);
    const Rows input(backend, 6, 256, x), out(backend, 6, 30), hidden(backend, 6, 30), heads(backend, 3, 60);
    backend.linear(input.tensor(), {weight, nullptr}, out.tensor());
    ops::FeedForward ffn;
    ffn.gate = ffn.up = {weight, nullptr};
    ffn.activation = ops::Activation::kIdentity;
    backend.gate_up(input.tensor(), ffn, hidden.tensor());
    const ops::Tensor pairs{input.tensor().data, 3, 512, input.tensor().stride};
    backend.linear_heads({pairs, 2, 256, 0, 0}, weight, {heads.tensor(), 2, 30, 30, 0});
    Numbers all = out.values();
    for (const Rows* each : {&hidden, &heads}) {
      const Numbers values = each->values();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };
  const Numbers found = run(*backend_);
  const Numbers rounded = run(*rounding);
  const Numbers exact = run(*ref_);
  expect_relative(found, rounded, 2e-6, 2e-5, "rounded");
  double greatest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    greatest = std::max(greatest, std::fabs(static_cast<double>(found[i]) - exact[i]));
  }
  EXPECT_GT(greatest, 1e-3);
}

// Broken values must remain visible, not become numbers.
TEST_P(Products, NanAndInfinityInActivationsAreSeen) {
  for (const auto id : {quant::FormatId::kQ4_0, quant::FormatId::kQ6_K, quant::FormatId::kF16}) {
    const Matrices weights(quant::format_of(id), 20, 256, 1, 15);
    for (const float broken : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Numbers x = normal(16, 2 * 256);
      x[256 + 100] = broken;
      const Rows input(*backend_, 2, 256, x);
      const Rows out(*backend_, 2, 20);
      backend_->linear(input.tensor(), {weights.bind(*backend_), nullptr}, out.tensor());
      const Numbers values = out.values();
      for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(std::isfinite(values[i]), i < 20) << i;
    }
  }
}

// Activations so small that their scale's inverse is infinite are zeros, not NaN.
TEST_P(Products, TinyActivationsAreZeros) {
  const Matrices weights(quant::format_of(quant::FormatId::kQ4_0), 8, 64, 1, 17);
  const Rows input(*backend_, 1, 64, Numbers(64, 1e-40f));
  const Rows out(*backend_, 1, 8);
  backend_->linear(input.tensor(), {weights.bind(*backend_), nullptr}, out.tensor());
  for (const float value : out.values()) EXPECT_NEAR(value, 0, 1e-36);
}

}  // namespace
}  // namespace rocmforge
