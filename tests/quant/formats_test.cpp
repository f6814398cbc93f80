// Tests what every entry of the table of formats must fulfil.
#include <cctype>
#include <set>

#include "quant/rows.h"

namespace rocmforge {
namespace {

using quant::Format;
using quant::formats;
using testing::decoded;
using testing::encoded;
using testing::Row;

struct Expected {
  std::string_view name;
  std::uint32_t id;
  std::uint32_t values;
  std::uint32_t bytes;
  // The root mean square error on a row with deviation 1, measured and rounded up in the third digit. Negative if there
  // is no encoder.
  double error;
};

// Ids and sizes from the GGUF specification and OCP Microscaling v1.0.
constexpr Expected kExpected[] = {
    {"F32", 0, 1, 4, 0},
    {"F16", 1, 1, 2, 2.08e-4},
    {"Q4_0", 2, 32, 18, 0.0863},
    {"Q4_1", 3, 32, 20, 0.0785},
    {"Q5_0", 6, 32, 22, 0.0431},
    {"Q5_1", 7, 32, 24, 0.038},
    {"Q8_0", 8, 32, 34, 0.00538},
    {"Q2_K", 10, 256, 84, 0.266},
    {"Q3_K", 11, 256, 110, 0.144},
    {"Q4_K", 12, 256, 144, 0.0708},
    {"Q5_K", 13, 256, 176, 0.0351},
    {"Q6_K", 14, 256, 210, 0.0167},
    {"Q8_K", 15, 256, 292, 0.00699},
    {"IQ2_XXS", 16, 256, 66, -1},
    {"IQ2_XS", 17, 256, 74, -1},
    {"IQ3_XXS", 18, 256, 98, 0.178},
    {"IQ1_S", 19, 256, 50, -1},
    {"IQ4_NL", 20, 32, 18, 0.0738},
    {"IQ3_S", 21, 256, 110, 0.131},
    {"IQ2_S", 22, 256, 82, 0.24},
    {"IQ4_XS", 23, 256, 136, 0.0744},
    {"I8", 24, 1, 1, -1},
    {"I16", 25, 1, 2, -1},
    {"I32", 26, 1, 4, -1},
    {"I64", 27, 1, 8, -1},
    {"F64", 28, 1, 8, -1},
    {"IQ1_M", 29, 256, 56, -1},
    {"BF16", 30, 1, 2, 0.00167},
    {"TQ1_0", 34, 256, 54, 0.437},
    {"TQ2_0", 35, 256, 66, 0.437},
    {"MXFP4", 39, 32, 17, 0.112},
    {"NVFP4", 40, 64, 36, 0.082},
    {"Q1_0", 41, 128, 18, 0.604},
    {"Q2_0", 42, 64, 18, 0.353},
    {"MXFP6_E2M3", 1001, 32, 25, 0.0284},
    {"MXFP6_E3M2", 1002, 32, 25, 0.0525},
    {"FP8_E4M3", 1003, 32, 33, 0.0267},
    {"FP8_E5M2", 1004, 32, 33, 0.0525},
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(c));
  return result;
}

// With a wrong id or size, every tensor after the first is read from the wrong place; without a format, a model does
// not load.
TEST(Formats, HaveTheIdsAndSizesOfTheirSpecifications) {
  ASSERT_EQ(formats().size(), std::size(kExpected));
  for (std::size_t i = 0; i < formats().size(); ++i) {
    const Format& format = formats()[i];
    const Expected& expected = kExpected[i];
    SCOPED_TRACE(expected.name);
    EXPECT_EQ(format.name, expected.name);
    EXPECT_EQ(static_cast<std::uint32_t>(format.id), expected.id);
    EXPECT_EQ(format.block_values, expected.values);
    EXPECT_EQ(format.block_bytes, expected.bytes);
    EXPECT_EQ(format.has_encoder, expected.error >= 0);
    EXPECT_EQ(testing::kRowValues % format.block_values, 0u);
  }
}

// `quantize … q4_k` and a file's type 12 must mean the same, and no two formats may share a name.
TEST(Formats, AreFoundByNameInAnyCaseAndById) {
  std::set<std::string> names;
  std::set<quant::FormatId> ids;
  for (const Format& format : formats()) {
    EXPECT_TRUE(names.insert(lower(format.name)).second) << format.name;
    EXPECT_TRUE(ids.insert(format.id).second) << format.name;
    EXPECT_EQ(quant::find_format(format.name), &format);
    EXPECT_EQ(quant::find_format(lower(format.name)), &format);
    EXPECT_EQ(quant::find_format(static_cast<std::uint32_t>(format.id)), &format);
    EXPECT_EQ(&quant::format_of(format.id), &format);
  }
  EXPECT_EQ(quant::find_format("Q4"), nullptr);
  EXPECT_EQ(quant::find_format(""), nullptr);
  EXPECT_EQ(quant::find_format(4u), nullptr);  // Q4_2, which the specification has dropped
  EXPECT_EQ(quant::find_format(9u), nullptr);  // Q8_1, which is never stored
  EXPECT_EQ(quant::find_format(~0u), nullptr);
}

class EveryFormat : public ::testing::TestWithParam<Format> {};

INSTANTIATE_TEST_SUITE_P(Table, EveryFormat, ::testing::ValuesIn(formats().begin(), formats().end()),
                         [](const auto& instance) { return std::string(instance.param.name); });

// Otherwise a loss of quality would go unnoticed until somebody compares perplexities.
TEST_P(EveryFormat, KeepsItsErrorOnNormalRows) {
  const Format& format = GetParam();
  const auto expected = std::ranges::find(kExpected, format.name, &Expected::name);
  ASSERT_NE(expected, std::end(kExpected)) << "the format has no line in kExpected";
  const double limit = expected->error;
  if (!format.has_encoder) return;
  Row values = testing::normal_row(1, 1, 64 * testing::kRowValues);
  EXPECT_LE(testing::root_mean_square_error(values, testing::round_trip(format, values)), limit);
  for (float& value : values) value /= 8;  // a power of two, which changes nothing but the scales
  EXPECT_LE(testing::root_mean_square_error(values, testing::round_trip(format, values)), limit / 8);
}

// Otherwise the same model quantized on two machines would differ, and no checksum could be published.
TEST_P(EveryFormat, EncodesToTheSameBytesOnEveryTier) {
  const Format& format = GetParam();
  if (!format.has_encoder) return;
  std::vector<testing::NamedRow> rows = testing::hostile_rows(2);
  for (std::uint32_t seed = 0; seed < 16; ++seed) rows.push_back({"normal", testing::normal_row(seed)});
  for (std::uint32_t seed = 0; seed < 16; ++seed) rows.push_back({"mixed", testing::mixed_row(seed, 1e-9f, 1e3f)});
  // Vector code processes several blocks at once; these rows leave some lanes unused.
  for (std::size_t blocks = 1; blocks < 20; ++blocks) {
    rows.push_back({"short", testing::normal_row(3, 1, blocks * format.block_values)});
  }
  for (const auto& [name, values] : rows) {
    Row importance = testing::importance_row(11);
    importance.resize(values.size(), 1);
    const auto plain = encoded(format, values, {}, CpuTier::kScalar);
    const auto weighted = encoded(format, values, importance, CpuTier::kScalar);
    for (const CpuTier tier : testing::tiers_here()) {
      EXPECT_EQ(encoded(format, values, {}, tier), plain)
          << name << ", " << values.size() << " values, " << name_of(tier);
      EXPECT_EQ(encoded(format, values, importance, tier), weighted) << name << ", weighted, " << name_of(tier);
    }
  }
}

std::vector<std::byte> random_blocks(const Format& format, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> blocks(testing::kRowValues / format.block_values * format.block_bytes);
  for (std::byte& byte : blocks) byte = static_cast<std::byte>(random());
  return blocks;
}

// Otherwise the same model would answer differently on two machines. A file may contain any bytes, so arbitrary bytes
// are tried.
TEST_P(EveryFormat, DecodesAnyBytesToTheSameBitsOnEveryTier) {
  const Format& format = GetParam();
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const auto blocks = random_blocks(format, seed);
    const Row expected = decoded(format, blocks, CpuTier::kScalar);
    for (const CpuTier tier : testing::tiers_here()) {
      ASSERT_EQ(testing::first_difference(decoded(format, blocks, tier), expected), expected.size())
          << name_of(tier) << ", seed " << seed;
    }
  }
}

// Rows are decoded from the middle of a mapped file: neither their start nor the output's need be aligned.
TEST_P(EveryFormat, ReadsAndWritesWhereNothingIsAligned) {
  const Format& format = GetParam();
  const auto blocks = random_blocks(format, 1);
  const Row expected = decoded(format, blocks);
  std::vector<std::byte> shifted(blocks.size() + 1);
  std::ranges::copy(blocks, shifted.begin() + 1);
  for (const CpuTier tier : testing::tiers_here()) {
    constexpr float kUntouched = 12345;
    Row out(expected.size() + 2, kUntouched);
    quant::decode_row(format, std::span(shifted).subspan(1), std::span(out).subspan(1, expected.size()), tier);
    const std::span<const float> values(&out[1], expected.size());
    EXPECT_EQ(testing::first_difference(values, expected), expected.size()) << name_of(tier);
    EXPECT_EQ(out.front(), kUntouched);
    EXPECT_EQ(out.back(), kUntouched);
  }
}

// A tensor without rows is legal.
TEST_P(EveryFormat, TakesARowOfNothing) {
  const Format& format = GetParam();
  quant::decode_row(format, {}, {});
  if (format.has_encoder) {
    EXPECT_FALSE(quant::encode_row(format, {}, {}, {}));
  }
}

}  // namespace
}  // namespace rocmforge
