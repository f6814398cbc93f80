// Compares with the results of the reference implementations.
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/float_formats.h"
#include "base/npy.h"
#include "quant/conformance_data.h"
#include "quant/rows.h"

namespace rocmforge {
namespace {

using quant::Format;
using testing::QuantConformance;

// Otherwise a model quantized elsewhere would be read with other weights.
TEST_F(QuantConformance, EveryTypeDecodesToTheReferencesBits) {
  const auto index = nlohmann::json::parse(text("index.json"));
  for (const auto& type : index.at("types")) {
    const Format* format = quant::find_format(type.at("type").get<std::string>());
    ASSERT_NE(format, nullptr) << type.at("type");
    SCOPED_TRACE(format->name);
    EXPECT_EQ(static_cast<std::uint32_t>(format->id), type.at("id"));
    EXPECT_EQ(format->block_values, type.at("block"));
    EXPECT_EQ(format->block_bytes, type.at("bytes"));
    const auto read_expected = [&](const char* name) {
      return read_npy(path(type.at("tensors").at(name).at("expected").get<std::string>())).values;
    };
    const std::vector<float> t = read_expected("t");
    const std::vector<float> r = read_expected("r");
    const auto stored = tensors(*format, t.size());
    for (const CpuTier tier : testing::tiers_here()) {
      SCOPED_TRACE(name_of(tier));
      EXPECT_EQ(testing::first_difference(testing::decoded(*format, stored.t, tier), t), t.size());
      EXPECT_EQ(testing::first_difference(testing::decoded(*format, stored.r, tier), r), r.size());
    }
  }
}

// Otherwise models quantized here would be worse than those of llama.cpp's tool at the same size. The conformance
// program allows the same half per cent.
TEST_F(QuantConformance, EncodersAreAtLeastAsGoodAsTheReferences) {
  const auto quality = nlohmann::json::parse(text("quality.json"));
  for (const auto& [matrix, types] : quality.items()) {
    if (!matrix.ends_with(".npy")) continue;
    const NpyArray source = read_npy(path(matrix));
    const std::size_t columns = source.shape.back();
    for (const auto& [name, reference] : types.items()) {
      const Format* format = quant::find_format(name);
      ASSERT_NE(format, nullptr) << name;
      double sum = 0;
      for (std::size_t first = 0; first < source.values.size(); first += columns) {
        const testing::Row row(&source.values[first], &source.values[first] + columns);
        sum += testing::squared_error(row, testing::round_trip(*format, row));
      }
      const double error = std::sqrt(sum / static_cast<double>(source.values.size()));
      EXPECT_LE(error, 1.005 * reference.at("rmse").get<double>()) << name;
    }
  }
}

template <typename Decode>
void expect_codes(const nlohmann::json& codes, Decode decode) {
  for (std::size_t code = 0; code < codes.size(); ++code) {
    const float value = decode(static_cast<std::uint8_t>(code));
    const nlohmann::json& expected = codes[code];
    SCOPED_TRACE(code);
    if (expected == "nan") {
      EXPECT_TRUE(std::isnan(value));
    } else if (expected.is_string()) {
      EXPECT_EQ(value, (expected == "inf" ? 1 : -1) * std::numeric_limits<float>::infinity());
    } else {
      EXPECT_EQ(value, expected.get<double>());
      EXPECT_EQ(std::signbit(value), std::signbit(expected.get<double>()));
    }
  }
}

// Otherwise every element and scale of the microscaling formats would be wrong.
TEST_F(QuantConformance, MicroscalingCodesHaveTheSpecificationsValues) {
  const auto codes = nlohmann::json::parse(text("mx_codes.json"));
  expect_codes(codes.at("e2m1"), Fp4E2M1::decode);
  expect_codes(codes.at("e2m3"), Fp6E2M3::decode);
  expect_codes(codes.at("e3m2"), Fp6E3M2::decode);
  expect_codes(codes.at("e4m3"), Fp8E4M3::decode);
  expect_codes(codes.at("e5m2"), Fp8E5M2::decode);
  expect_codes(codes.at("e8m0"), [](std::uint8_t code) { return to_float(E8M0{code}); });
}

}  // namespace
}  // namespace rocmforge
