// Operations on rows and single values, on every backend.
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
  // Runs an operation on both backends, and holds the results against each other.
  template <typename Run>
  void compare(Run run, double relative, double absolute, const std::string& what) {
    const Numbers expected = run(*ref_);
    expect_relative(run(*backend_), expected, relative, absolute, what);
  }
};
ROCMFORGE_ON_EVERY_BACKEND(RowOps);

// A rounding of the result, and one each of the factors in float.
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
  };
  for (const NormCase& each : cases) {
    for (const std::int64_t rows : {1, 9}) {
      Numbers x = normal(1, rows * each.columns);
      for (float& value : x) value += 3;  // a mean that a layer norm must take away
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

// A row of large values must not overflow where the result is small.
TEST_P(RowOps, NormOfLargeValues) {
  const auto run = [](ops::Backend& backend) {
    const Rows rows(backend, 1, 64, Numbers(64, 1e25f));
    backend.norm(rows.tensor(), {NormKind::kRms, nullptr, nullptr, 1e-6f, 0, 0}, Write::kSet, rows.tensor());
    return rows.values();
  };
  expect_relative(run(*backend_), Numbers(64, 1.0f), kFewRoundings, 0, "large");
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
      check([](ops::Backend& on, ops::Tensor a, ops::Tensor b) { on.add(a, b); }, "add");
      check([](ops::Backend& on, ops::Tensor a, ops::Tensor b) { on.multiply_silu(a, b); }, "multiply_silu");
      check([](ops::Backend& on, ops::Tensor, ops::Tensor b) { on.scale(0.3f, b); }, "scale");
      check([](ops::Backend& on, ops::Tensor, ops::Tensor b) { on.soft_cap(2.5f, b); }, "soft_cap");
      check([](ops::Backend& on, ops::Tensor, ops::Tensor b) { on.soft_cap(1000.0f, b); }, "soft_cap near 0");
      check(
          [&](ops::Backend& on, ops::Tensor a, ops::Tensor b) {
            const Rows gate(on, rows, 1, gates);
            on.add_gated(a, gate.tensor(), b);
          },
          "add_gated");
    }
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

// The lowest of equal ones, wherever the greatest is.
TEST_P(RowOps, Argmax) {
  for (const std::int64_t columns : {1, 7, 16, 33, 1000}) {
    std::vector<std::int64_t> places = {0, columns / 2, columns - 1};
    Numbers x;
    for (const std::int64_t place : places) {
      Numbers row = normal(10, columns);
      row[static_cast<std::size_t>(place)] = 50;
      if (place + 2 < columns) row[static_cast<std::size_t>(columns - 1)] = 50;
      x.insert(x.end(), row.begin(), row.end());
    }
    const Rows input(*backend_, 3, columns, x);
    const Array<std::int32_t> out(*backend_, {-1, -1, -1});
    backend_->argmax(input.tensor(), out.data());
    const auto found = out.values();
    for (std::size_t r = 0; r < 3; ++r) EXPECT_EQ(found[r], places[r]) << columns;
  }
  const Rows low(*backend_, 1, 3, {-std::numeric_limits<float>::infinity(), -5, -3});
  const Array<std::int32_t> out(*backend_, {-1});
  backend_->argmax(low.tensor(), out.data());
  EXPECT_EQ(out.values()[0], 2);
}

}  // namespace
}  // namespace rocmforge
