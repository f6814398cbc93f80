// Tests operations on rows and single values on every backend.
#include <limits>

#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/steps.h"

namespace rocmforge {
namespace {

using namespace testing;
using ops::Norm;
using ops::NormKind;
using ops::Write;

class RowOps : public OpTest {
 protected:
  // Runs an operation on both backends and compares the results.
  template <typename Run>
  void compare(Run run, double relative, double absolute, const std::string& what) {
    const Numbers expected = run(*ref_);
    expect_relative(run(*backend_), expected, relative, absolute, what);
  }
};
ROCMFORGE_ON_EVERY_BACKEND(RowOps);

// A rounding of the result and of each float factor.
constexpr double kFewRoundings = 8 * 0x1p-24;

struct NormCase {
  std::string name;
  std::int64_t columns;
  NormKind kind;
  int group;
  int weights;
  bool has_bias;
  Write write;
};

TEST_P(RowOps, Norms) {
  const NormCase cases[] = {
      {"rms", 77, NormKind::kRms, 0, 77, false, Write::kSet},
      {"rms without weights", 64, NormKind::kRms, 0, 0, false, Write::kSet},
      {"rms added", 2048, NormKind::kRms, 0, 2048, false, Write::kAdd},
      {"per head", 5 * 40, NormKind::kRms, 40, 40, false, Write::kSet},
      {"groups with weights for all", 4 * 24, NormKind::kRms, 24, 96, true, Write::kSet},
      {"weights shorter than a group", 2 * 30, NormKind::kRms, 30, 10, false, Write::kSet},
      {"layer", 300, NormKind::kLayer, 0, 300, true, Write::kSet},
      {"layer of groups", 3 * 33, NormKind::kLayer, 33, 33, true, Write::kAdd},
      {"one value", 1, NormKind::kRms, 0, 1, false, Write::kSet},
      {"length", 77, NormKind::kLength, 0, 77, true, Write::kSet},
      {"length of heads", 3 * 40, NormKind::kLength, 40, 0, false, Write::kAdd},
  };
  for (const NormCase& each : cases) {
    for (const std::int64_t rows : {1, 9}) {
      Numbers x = normal(1, rows * each.columns);
      for (float& value : x) value += 3;  // a mean that a layer norm must subtract
      const Numbers weights = normal(2, std::max(each.weights, 1));
      const Numbers biases = normal(3, std::max(each.weights, 1));
      for (const bool in_place : {false, true}) {
        const auto run = [&](ops::Backend& backend) {
          const Array<float> weight(backend, weights);
          const Array<float> bias(backend, biases);
          const Norm norm{each.kind,
                          each.weights > 0 ? weight.data() : nullptr,
                          each.has_bias ? bias.data() : nullptr,
                          1e-5f,
                          each.group,
                          each.weights};
          const Rows input(backend, rows, each.columns, x);
          const Rows out(backend, rows, each.columns);
          backend.norm(input.tensor(), norm, each.write, in_place ? input.tensor() : out.tensor());
          return in_place ? input.values() : out.values();
        };
        compare(run, kFewRoundings, kFewRoundings * 8, each.name);
      }
    }
  }
}

// A row of large values must not overflow if the result is small.
TEST_P(RowOps, NormOfLargeValues) {
  const auto run = [](ops::Backend& backend) {
    const Rows rows(backend, 1, 64, Numbers(64, 1e25f));
    backend.norm(rows.tensor(), {NormKind::kRms, nullptr, nullptr, 1e-6f, 0, 0}, Write::kSet, rows.tensor());
    return rows.values();
  };
  expect_relative(run(*backend_), Numbers(64, 1.0f), kFewRoundings, 0, "large");
}

// A row is scaled to length 1; if its length is below epsilon it is divided by epsilon, never by 0.
TEST_P(RowOps, NormOfLength) {
  for (ops::Backend* backend : both()) {
    const Rows rows(*backend, 3, 2, {3, 4, 0, 0, 0.003f, 0.004f});
    backend->norm(rows.tensor(), {NormKind::kLength, nullptr, nullptr, 0.01f, 0, 0}, Write::kSet, rows.tensor());
    expect_relative(rows.values(), {0.6f, 0.8f, 0, 0, 0.3f, 0.4f}, kFewRoundings, 0, std::string(backend->name()));
  }
}

TEST_P(RowOps, EmbedsRowsOfEveryFormat) {
  const TestStep plan({{3, 5, 0, 0}, {11, 2, 0, 1}});
  for (const quant::Format* format : weight_formats()) {
    const Matrices table(*format, 50, 256, 1, 4);
    for (const auto which :
         {ops::Backend::RowOf::kToken, ops::Backend::RowOf::kPosition, ops::Backend::RowOf::kFirst}) {
      for (const Write write : {Write::kSet, Write::kAdd}) {
        const auto run = [&](ops::Backend& backend) {
          const Rows out(backend, plan.rows(), 256);
          backend.embed(plan.step(), which, table.bind(backend), 1.5f, write, out.tensor());
          return out.values();
        };
        compare(run, kFewRoundings, kFewRoundings, std::string(format->name));
      }
    }
  }
}

TEST_P(RowOps, Elementwise) {
  for (const std::int64_t rows : {1, 70}) {
    for (const std::int64_t columns : {1, 15, 200}) {
      const Numbers x = normal(5, rows * columns, 4);
      const Numbers y = normal(6, rows * columns, 4);
      const Numbers gates = normal(7, rows);
      const auto run = [&](auto op) {
        return [&, op](ops::Backend& backend) {
          const Rows a(backend, rows, columns, x);
          const Rows b(backend, rows, columns, y);
          op(backend, a.tensor(), b.tensor());
          return b.values();
        };
      };
      const auto check = [&](auto op, const std::string& what) { compare(run(op), 2e-6, 1e-6, what); };
      check([](ops::Backend& on, ops::Tensor a, ops::Tensor b) { on.add(a, 1, b); }, "add");
      check([](ops::Backend& on, ops::Tensor a, ops::Tensor b) { on.add(a, -0.3f, b); }, "add with a factor");
      check([](ops::Backend& on, ops::Tensor, ops::Tensor b) { on.scale(0.3f, b); }, "scale");
      check([](ops::Backend& on, ops::Tensor, ops::Tensor b) { on.soft_cap(2.5f, b); }, "soft_cap");
      check([](ops::Backend& on, ops::Tensor, ops::Tensor b) { on.soft_cap(1000.0f, b); }, "soft_cap near 0");
      check(
          [&](ops::Backend& on, ops::Tensor a, ops::Tensor b) {
            const Rows gate(on, rows, 1, gates);
            on.add_gated(a, gate.tensor(), b);
          },
          "add_gated");
      check([](ops::Backend& on, ops::Tensor, ops::Tensor b) { on.keep_outliers(0.5f, b); }, "keep_outliers");
      check(
          [&](ops::Backend& on, ops::Tensor a, ops::Tensor b) {
            const Rows more(on, rows, columns, normal(11, rows * columns));
            on.blend(a, more.tensor(), b);
          },
          "blend");
      check(
          [&](ops::Backend& on, ops::Tensor a, ops::Tensor b) {
            const Array<float> factors(on, normal(12, columns));
            on.scale_columns(factors.data(), a);
            on.add(a, 1, b);
          },
          "scale_columns");
      for (const bool has_more : {false, true}) {
        check(
            [&](ops::Backend& on, ops::Tensor a, ops::Tensor b) {
              const Array<float> weights(on, normal(13, columns));
              const Rows more(on, rows, has_more ? columns : 0, normal(14, rows * columns));
              const Rows difference(on, rows, columns, normal(15, rows * columns));
              on.interpolate(a, difference.tensor(), weights.data(), more.tensor(), b);
            },
            has_more ? "interpolate with more" : "interpolate");
      }
    }
  }
}

// Computes f(gate) * x, with the result in place of either operand.
TEST_P(RowOps, GateWithEveryActivation) {
  using enum ops::Activation;
  constexpr std::int64_t kRows = 3, kColumns = 37;
  const Numbers gates = normal(16, kRows * kColumns, 3);
  const Numbers values = normal(17, kRows * kColumns);
  for (const auto activation : {kIdentity, kSigmoid, kSilu, kGeluTanh, kGeluErf, kRelu, kReluSquared, kGptOss}) {
    for (const int place : {0, 1, 2}) {
      const auto run = [&](ops::Backend& backend) {
        const Rows gate(backend, kRows, kColumns, gates), x(backend, kRows, kColumns, values);
        const Rows out(backend, kRows, kColumns);
        const Rows& to = place == 0 ? out : place == 1 ? gate : x;
        backend.gate(activation, gate.tensor(), x.tensor(), to.tensor());
        return to.values();
      };
      compare(run, 3e-6, 1e-6, "activation " + std::to_string(static_cast<int>(activation)));
    }
  }
  for (ops::Backend* backend : both()) {
    const Rows gate(*backend, 1, 2, {0, 2}), x(*backend, 1, 2, {6, -3}), out(*backend, 1, 2);
    backend->gate(kSigmoid, gate.tensor(), x.tensor(), out.tensor());
    expect_relative(out.values(), {3, -3 * 0.8807971f}, 1e-6, 0, "sigmoid");
    backend->gate(kIdentity, gate.tensor(), x.tensor(), out.tensor());
    EXPECT_EQ(out.values(), (Numbers{0, -6}));
  }
}

// Tests the definition of each operation with numbers small enough to compute by hand.
TEST_P(RowOps, WhatElementwiseOperationsMean) {
  for (ops::Backend* backend : both()) {
    const std::string name(backend->name());
    const Array<float> weights(*backend, {0.5f, -1});
    const Rows x(*backend, 1, 2, {10, 20}), difference(*backend, 1, 2, {4, 8}), none(*backend, 1, 0),
        out(*backend, 1, 2);
    backend->interpolate(x.tensor(), difference.tensor(), weights.data(), none.tensor(), out.tensor());
    EXPECT_EQ(out.values(), (Numbers{12, 12})) << name;
    backend->interpolate(x.tensor(), difference.tensor(), weights.data(), difference.tensor(), out.tensor());
    EXPECT_EQ(out.values(), (Numbers{28, 76})) << name;
    const Rows gate(*backend, 1, 2, {0, 100});
    backend->blend(x.tensor(), gate.tensor(), difference.tensor());
    EXPECT_EQ(difference.values(), (Numbers{7, 20})) << name;
    // Mean 3; the deviation is 2 if divided by the number of values.
    const Rows spread(*backend, 1, 4, {1, 1, 5, 5});
    backend->keep_outliers(0.5f, spread.tensor());
    EXPECT_EQ(spread.values(), (Numbers{0, 0, 1, 1})) << name;
  }
}

// Broken values must remain visible, not become numbers.
TEST_P(RowOps, NanStays) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (ops::Backend* backend : both()) {
    const Rows x(*backend, 1, 20, Numbers(20, nan));
    backend->keep_outliers(1, x.tensor());
    for (const float value : x.values()) EXPECT_TRUE(std::isnan(value));
  }
}

TEST_P(RowOps, MatchLength) {
  for (const std::int64_t part : {1, 3, 33}) {
    Numbers x = normal(18, 5 * 2 * part, 7);
    std::fill_n(x.begin(), part, 1e-9f);  // short; must not be scaled to the full length
    const auto run = [&](ops::Backend& backend) {
      const Rows like(backend, 5, part, normal(19, 5 * part)), rows(backend, 5, 2 * part, x);
      backend.match_length(like.tensor(), part, rows.tensor());
      return rows.values();
    };
    compare(run, kFewRoundings, 0, "match_length");
  }
  for (ops::Backend* backend : both()) {
    const Rows like(*backend, 1, 2, {6, 8}), x(*backend, 1, 6, {3, 4, 0, -1, 3e-7f, 4e-7f});
    backend->match_length(like.tensor(), 2, x.tensor());
    expect_relative(x.values(), {6, 8, 0, -10, 0.3f, 0.4f}, kFewRoundings, 0, "match_length");
  }
}

TEST_P(RowOps, Streams) {
  for (const std::int64_t streams : {1, 2, 4}) {
    for (const std::int64_t part : {1, 19, 64}) {
      const auto mix = [&](ops::Backend& backend) {
        const Rows x(backend, 3, streams * part, normal(20, 3 * streams * part));
        const Rows coefficients(backend, 3, streams * streams, normal(21, 3 * streams * streams));
        const Rows out(backend, 3, streams * part);
        backend.mix_streams(x.tensor(), coefficients.tensor(), out.tensor());
        return out.values();
      };
      compare(mix, kFewRoundings, kFewRoundings * 4, "mix_streams");
      const auto add = [&](ops::Backend& backend) {
        const Rows x(backend, 3, part, normal(22, 3 * part)),
            coefficients(backend, 3, streams, normal(23, 3 * streams));
        const Rows to(backend, 3, streams * part, normal(24, 3 * streams * part));
        backend.add_to_streams(x.tensor(), coefficients.tensor(), to.tensor());
        return to.values();
      };
      compare(add, kFewRoundings, kFewRoundings * 4, "add_to_streams");
    }
  }
  for (ops::Backend* backend : both()) {
    const Rows x(*backend, 1, 4, {1, 2, 10, 20}), coefficients(*backend, 1, 4, {1, 0, 2, 3}), out(*backend, 1, 4);
    backend->mix_streams(x.tensor(), coefficients.tensor(), out.tensor());
    EXPECT_EQ(out.values(), (Numbers{2, 4, 42, 84})) << backend->name();
    backend->add_to_streams(x.tensor().slice(0, 2), coefficients.tensor().slice(1, 2), out.tensor());
    EXPECT_EQ(out.values(), (Numbers{3, 6, 45, 90})) << backend->name();
  }
}

TEST_P(RowOps, GatherRows) {
  const Numbers x = normal(8, 6 * 33);
  const std::vector<std::int32_t> wanted = {5, 0, 5, 2};
  const Rows input(*backend_, 6, 33, x);
  const Rows out(*backend_, 4, 33);
  backend_->gather_rows(input.tensor(), wanted, out.tensor());
  const Numbers values = out.values();
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t i = 0; i < 33; ++i) EXPECT_EQ(values[r * 33 + i], x[static_cast<std::size_t>(wanted[r]) * 33 + i]);
  }
}

TEST_P(RowOps, CopyHeads) {
  const Numbers x = normal(9, 3 * 20);
  const auto run = [&](ops::Backend& backend) {
    const Rows from(backend, 3, 20, x);
    const Rows to(backend, 3, 30);
    backend.copy_heads({from.tensor(), 4, 3, 5, 1}, {to.tensor(), 4, 3, 7, 2});
    return to.values();
  };
  compare(run, 0, 0, "copy_heads");
}

}  // namespace
}  // namespace rocmforge
