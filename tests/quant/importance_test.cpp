// Tests encoding with an importance matrix: errors are weighted by importance.
#include <gtest/gtest.h>

#include "base/float_formats.h"
#include "quant/rows.h"

namespace rocmforge {
namespace {

using quant::Format;
using quant::WeightRule;
using testing::Row;

class Importance : public ::testing::TestWithParam<Format> {
 protected:
  const Format& format() const { return GetParam(); }
  bool is_used() const { return format().weight_rule != WeightRule::kIgnored; }

  double weighted_error(const Row& row, const Row& weights, const Row& importance) const {
    return testing::squared_error(row, testing::round_trip(format(), row, importance), weights);
  }
};

INSTANTIATE_TEST_SUITE_P(Table, Importance, ::testing::ValuesIn([] {
                           std::vector<Format> found;
                           std::ranges::copy_if(quant::formats(), std::back_inserter(found), &Format::has_encoder);
                           return found;
                         }()),
                         [](const auto& instance) { return std::string(instance.param.name); });

// This is the purpose of an importance matrix: without it, low-bit models lose what the activations amplify most.
TEST_P(Importance, LowersTheErrorThatItWeighs) {
  double with = 0;
  double without = 0;
  for (std::uint32_t seed = 0; seed < 64; ++seed) {
    const Row row = testing::normal_row(seed);
    const Row importance = testing::importance_row(1000 + seed);
    const double weighted = weighted_error(row, importance, importance);
    const double plain = weighted_error(row, importance, {});
    // A single row may become slightly worse, because the encoders weight great values more than the importance alone
    // would.
    EXPECT_LE(weighted, plain * 1.05) << "row " << seed;
    with += weighted;
    without += plain;
  }
  EXPECT_LE(with, without * (is_used() ? 0.9 : 1)) << "of all rows";
}

// Formats that ignore importance must not change with it.
TEST_P(Importance, ChangesNothingWhereItIsIgnored) {
  if (is_used()) return;
  const Row row = testing::normal_row(1);
  EXPECT_EQ(testing::encoded(format(), row, testing::importance_row(1)), testing::encoded(format(), row));
}

// Only ratios count: matrices of a long and of a short run must give the same model.
TEST_P(Importance, OfAnySizeGivesTheSameBlocks) {
  const Row row = testing::normal_row(5);
  const Row importance = testing::importance_row(6);
  const auto expected = testing::encoded(format(), row, importance);
  for (const float factor : {0x1p-60f, 0x1p-20f, 0x1p20f, 0x1p100f}) {
    Row scaled = importance;
    for (float& value : scaled) value *= factor;
    EXPECT_EQ(testing::encoded(format(), row, scaled), expected) << factor;
  }
}

// Experts that were never chosen have no importance, and a matrix may contain any value that is not negative.
TEST_P(Importance, OfHostileSizesGivesNumbers) {
  const Row noise = testing::importance_row(9);
  const auto make = [&](auto&& value_of) {
    Row row(testing::kRowValues);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = value_of(j);
    return row;
  };
  const std::vector<Row> importances = {
      make([](std::size_t) { return 0.0f; }),
      make([](std::size_t) { return 1e-45f; }),
      make([](std::size_t) { return 1e-38f; }),
      make([](std::size_t) { return 3e38f; }),
      make([&](std::size_t j) { return j % 3 == 0 ? 0.0f : noise[j]; }),
      make([&](std::size_t j) { return j / 16 % 2 == 0 ? 0.0f : noise[j]; }),
      make([&](std::size_t j) { return j / 256 == 0 ? 0.0f : noise[j]; }),
      make([](std::size_t j) { return j == 40 ? 1.0f : 0.0f; }),
      make([](std::size_t j) { return j % 7 == 0 ? 3e38f : 1e-45f; }),
      make([](std::size_t j) { return j % 2 == 0 ? 1.0f : 1e-30f; }),
  };
  for (std::size_t i = 0; i < importances.size(); ++i) {
    for (const float scale : {1e-40f, 1e-9f, 1.0f, 2000.0f}) {
      for (const auto& [name, row] : testing::hostile_rows(scale)) {
        const float greatest = std::fabs(*std::ranges::max_element(row, {}, [](float x) { return std::fabs(x); }));
        for (const float value : testing::round_trip(format(), row, importances[i])) {
          // No rounding explains more than twice the row's greatest value or a few of the smallest steps.
          ASSERT_LE(std::fabs(value), 2 * greatest + 0x1p-20f) << name << ", " << scale << ", importance " << i;
        }
      }
    }
  }
}

// Uniform importance carries no information and must not be worse than none.
TEST_P(Importance, ThatIsAlikeEverywhereIsNoWorseThanNone) {
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    const Row row = testing::normal_row(seed);
    // The formula of the weights still favours great values at the cost of small ones.
    EXPECT_LE(weighted_error(row, {}, Row(row.size(), 3.0f)), weighted_error(row, {}, {}) * 1.15);
  }
}

}  // namespace
}  // namespace rocmforge
