// Tests that values that a format cannot hold are reported and never written: no infinity or NaN may get into a file.

#include <gtest/gtest.h>

#include "base/float_formats.h"
#include "quant/rows.h"

namespace rocmforge {
namespace {

using quant::Format;
using quant::FormatId;
using testing::Row;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kFloatMax = std::numeric_limits<float>::max();

std::optional<quant::Unencodable> refused(const Format& format, const Row& row, CpuTier tier = best_cpu_tier(),
                                          const Row& importance = {}) {
  std::vector<std::byte> blocks(row.size() / format.block_values * format.block_bytes);
  return quant::encode_row(format, row, importance, blocks, tier);
}

// Returns whether the format holds any float: plain numbers, or elements with a power of two of sufficient range.
bool reaches_as_far_as_float(const Format& format) {
  using enum FormatId;
  switch (format.id) {
    case kF32:
    case kQ8_K:
    case kMXFP4:
    case kMXFP6_E2M3:
    case kMXFP6_E3M2:
    case kFP8_E4M3:
    case kFP8_E5M2: return true;
    default: return false;
  }
}

class Refusal : public ::testing::TestWithParam<Format> {};

INSTANTIATE_TEST_SUITE_P(Table, Refusal, ::testing::ValuesIn([] {
                           std::vector<Format> found;
                           std::ranges::copy_if(quant::formats(), std::back_inserter(found), &Format::has_encoder);
                           return found;
                         }()),
                         [](const auto& instance) { return std::string(instance.param.name); });

// A training run that diverged leaves NaNs. The user must learn where, and must not get a model that answers nonsense.
TEST_P(Refusal, NamesTheColumnOfWhatIsNotFinite) {
  for (const CpuTier tier : testing::tiers_here()) {
    Row row = testing::normal_row(1);
    for (std::size_t column = 0; column < row.size(); ++column) {
      for (const float value : {kNaN, -kNaN, kInfinity, -kInfinity}) {
        const float before = std::exchange(row[column], value);
        const auto found = refused(GetParam(), row, tier);
        row[column] = before;
        ASSERT_TRUE(found) << value << " in column " << column << " on " << name_of(tier);
        EXPECT_EQ(found->column, column);
        EXPECT_EQ(std::bit_cast<std::uint32_t>(found->value), std::bit_cast<std::uint32_t>(value));
      }
    }
  }
}

TEST_P(Refusal, NamesTheFirstOfSeveralThatAreNotFinite) {
  Row row = testing::normal_row(1);
  row[200] = kInfinity;
  row[70] = -kInfinity;
  row[400] = kNaN;
  const auto found = refused(GetParam(), row);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->column, 70u);
}

// A half as a scale ends at 65504, E4M3 at 448. Beyond that the block would decode to infinities, or the encoder's sums
// would overflow and the block would become zeros.
TEST_P(Refusal, NamesTheGreatestValueOfABlockBeyondItsScale) {
  const Format& format = GetParam();
  if (reaches_as_far_as_float(format)) return;
  const std::vector<float> huge = format.id == FormatId::kBF16
                                      ? std::vector{kFloatMax, -kFloatMax}
                                      : std::vector{2e9f, -1e12f, 1e19f, -1e25f, kFloatMax, -kFloatMax};
  for (const CpuTier tier : testing::tiers_here()) {
    for (const float value : huge) {
      for (const std::size_t column : {std::size_t{0}, std::size_t{255}, std::size_t{256}, std::size_t{300}}) {
        Row row = testing::normal_row(2);
        row[column] = value;
        for (const Row& importance : {Row(), testing::importance_row(4)}) {
          const auto found = refused(format, row, tier, importance);
          ASSERT_TRUE(found) << value << " in column " << column << " on " << name_of(tier);
          EXPECT_EQ(found->column, column);
          EXPECT_EQ(found->value, value);
        }
      }
      // If all values are that great, the first of the greatest is named.
      Row row(testing::kRowValues, value);
      row[3] = -value;
      const auto found = refused(format, row, tier);
      ASSERT_TRUE(found) << "all " << value << " on " << name_of(tier);
      EXPECT_EQ(found->column, 0u);
    }
  }
}

// Models with values near a format's limit must not be refused too early.
TEST(RefusalOfSimpleFormats, BeginsWhereTheHalfEnds) {
  // The half's greatest number plus half of its last step, at which rounding gives infinity, times the greatest quant.
  const float limit = kHalfMax + 16;
  const auto ends = std::to_array<std::pair<FormatId, float>>({{FormatId::kF16, 1},
                                                               {FormatId::kQ4_0, 8},
                                                               {FormatId::kQ5_0, 16},
                                                               {FormatId::kQ8_0, 127},
                                                               {FormatId::kQ1_0, 128}});
  for (const auto& [id, quant] : ends) {
    const Format& format = quant::format_of(id);
    Row row(testing::kRowValues, 0.0f);
    row[33] = -limit * quant;
    const auto found = refused(format, row);
    ASSERT_TRUE(found) << format.name;
    EXPECT_EQ(found->column, 33u);
    row[33] = std::nextafter(row[33], 0.0f) * (1 - 1e-6f);
    EXPECT_FALSE(refused(format, row)) << format.name;
  }
}

TEST(RefusalOfNVFP4, BeginsWhereE4M3Ends) {
  const Format& format = quant::format_of(FormatId::kNVFP4);
  Row row = testing::normal_row(1);
  row[100] = 448 * 6;
  EXPECT_FALSE(refused(format, row));
  EXPECT_EQ(testing::round_trip(format, row)[100], 448 * 6);
  row[100] = 465 * 6;  // nearer to 480, which would be the next, than to 448
  const auto found = refused(format, row);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->column, 100u);
  EXPECT_EQ(found->value, 465 * 6);
}

// Microscaling saturates: blocks of any float values decode to numbers.
TEST(MicroscalingSaturates, UpToTheGreatestFloat) {
  for (const Format& format : quant::formats()) {
    if (!reaches_as_far_as_float(format)) continue;
    for (const float scale : {kFloatMax, 0.9f * kFloatMax, 0x1p127f, 0x1p126f, 0x1p-126f, 0x1p-149f}) {
      for (const auto& [name, row] : testing::hostile_rows(scale)) {
        for (const float value : testing::round_trip(format, row)) {
          ASSERT_TRUE(is_finite(value)) << format.name << ", " << name << ", " << scale;
        }
      }
    }
  }
}

// Rows that are not refused must be encoded to numbers too, at any magnitude.
TEST_P(Refusal, OrElseAllDecodesToNumbers) {
  const Format& format = GetParam();
  for (float scale = kFloatMax; scale > 0; scale /= 37) {
    for (const auto& [name, row] : testing::hostile_rows(scale)) {
      std::vector<std::byte> blocks(row.size() / format.block_values * format.block_bytes);
      if (quant::encode_row(format, row, {}, blocks)) continue;
      const Row decoded = testing::decoded(format, blocks);
      for (std::size_t j = 0; j < row.size(); ++j) {
        ASSERT_TRUE(is_finite(decoded[j])) << name << ", " << scale << ", column " << j;
      }
    }
  }
}

}  // namespace
}  // namespace rocmforge
