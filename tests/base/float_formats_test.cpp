// Tests the conversions of all small float formats, exhaustively where possible.
#include "base/float_formats.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace rocmforge {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Returns the value of a format's code in double, computed from the definition.
double value_of(int magnitude, int mantissa_bits, int bias) {
  const int exponent = magnitude >> mantissa_bits;
  const double fraction = std::ldexp(magnitude & ((1 << mantissa_bits) - 1), -mantissa_bits);
  return exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
}

// A wrong decode of one code would bend every weight that uses it.
TEST(Half, DecodesEveryCode) {
  for (int code = 0; code < 0x10000; ++code) {
    const float got = to_float(Half{static_cast<std::uint16_t>(code)});
    const int magnitude = code & 0x7fff;
    ASSERT_EQ(std::signbit(got), (code & 0x8000) != 0) << code;
    if (magnitude > 0x7c00) {
      ASSERT_TRUE(std::isnan(got)) << code;
    } else if (magnitude == 0x7c00) {
      ASSERT_EQ(std::fabs(got), kInfinity);
    } else {
      ASSERT_EQ(std::fabs(got), value_of(magnitude, 10, 15)) << code;
    }
  }
}

// A half that is read and written again must be the same, NaN payloads included.
TEST(Half, EveryCodeSurvivesARoundTrip) {
  for (int code = 0; code < 0x10000; ++code) {
    const Half half{static_cast<std::uint16_t>(code)};
    ASSERT_EQ(to_half(to_float(half)).bits, half.bits);
  }
}

// Scales are halves: rounding them the wrong way at the borders would be an error of a whole step.
TEST(Half, RoundsToNearestEvenAtEveryMidpoint) {
  for (int code = 0; code < 0x7bff; ++code) {
    const float below = to_float(Half{static_cast<std::uint16_t>(code)});
    const float above = to_float(Half{static_cast<std::uint16_t>(code + 1)});
    const float middle = below + (above - below) / 2;
    const int even = code + (code & 1);
    ASSERT_EQ(to_half(middle).bits, even);
    ASSERT_EQ(to_half(-middle).bits, 0x8000 | even);
    ASSERT_EQ(to_half(std::nextafter(middle, 0.0f)).bits, code);
    ASSERT_EQ(to_half(std::nextafter(middle, kInfinity)).bits, code + 1);
  }
}

TEST(Half, OverflowsToInfinityFromTheMidpointOn) {
  EXPECT_EQ(to_half(65519.996f).bits, 0x7bff);
  EXPECT_EQ(to_half(65520.0f).bits, 0x7c00);
  EXPECT_EQ(to_half(-3e38f).bits, 0xfc00);
  EXPECT_EQ(to_half(kInfinity).bits, 0x7c00);
  EXPECT_FALSE(is_finite(to_half(1e6f)));
  EXPECT_EQ(to_half(1e-10f).bits, 0);
  EXPECT_EQ(to_half(-0.0f).bits, 0x8000);
}

TEST(BFloat16, EveryCodeSurvivesARoundTrip) {
  for (int code = 0; code < 0x10000; ++code) {
    const BFloat16 value{static_cast<std::uint16_t>(code)};
    ASSERT_EQ(to_bfloat16(to_float(value)).bits, value.bits);
  }
}

TEST(BFloat16, RoundsToNearestEven) {
  for (int code = 0; code < 0x7f7f; ++code) {
    const auto middle = std::bit_cast<float>((static_cast<std::uint32_t>(code) << 16) | 0x8000u);
    ASSERT_EQ(to_bfloat16(middle).bits, code + (code & 1));
    ASSERT_EQ(to_bfloat16(std::nextafter(middle, 0.0f)).bits, code);
    ASSERT_EQ(to_bfloat16(std::nextafter(middle, kInfinity)).bits, code + 1);
  }
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_FALSE(is_finite(to_bfloat16(std::numeric_limits<float>::max())));
}

template <typename Format, int kMantissaBits, int kBias>
void check_mini_float() {
  for (int code = 0; code < 1 << Format::kBits; ++code) {
    const int magnitude = code & (Format::kSignBit - 1);
    const float got = Format::decode(static_cast<std::uint8_t>(code));
    if (magnitude > Format::kMaxCode) continue;
    ASSERT_EQ(std::fabs(got), value_of(magnitude, kMantissaBits, kBias)) << code;
    ASSERT_EQ(std::signbit(got), (code & Format::kSignBit) != 0);
    ASSERT_EQ(Format::encode(got), code);
    ASSERT_EQ(Format::encode_saturating(got), code);
    ASSERT_EQ(Format::nearest(got), got);
  }
  for (int code = 0; code < Format::kMaxCode; ++code) {
    const float below = Format::decode(static_cast<std::uint8_t>(code));
    const float above = Format::decode(static_cast<std::uint8_t>(code + 1));
    const float middle = (below + above) / 2;
    ASSERT_EQ(Format::encode(middle), code + (code & 1));
    ASSERT_EQ(Format::encode(std::nextafter(middle, 0.0f)), code);
    ASSERT_EQ(Format::nearest(middle), Format::decode(static_cast<std::uint8_t>(code + (code & 1))));
    ASSERT_EQ(Format::encode(-std::nextafter(middle, kInfinity)), Format::kSignBit | (code + 1));
  }
  EXPECT_EQ(Format::encode(3e38f), Format::kMaxCode);
  EXPECT_EQ(Format::encode_saturating(-3e38f), Format::kSignBit | Format::kMaxCode);
  EXPECT_EQ(Format::nearest(-3e38f), -Format::max());
  EXPECT_EQ(Format::nearest(1e-40f), 0);
  EXPECT_EQ(Format::encode(-kInfinity), Format::kSignBit | Format::kMaxCode);
  EXPECT_EQ(Format::encode(1e-45f), 0);
}

// One wrong code point of an element format spoils a sixteenth of a model's weights.
TEST(MiniFloat, EveryCodeAndEveryMidpoint) {
  check_mini_float<Fp4E2M1, 1, 1>();
  check_mini_float<Fp6E2M3, 3, 1>();
  check_mini_float<Fp6E3M2, 2, 3>();
  check_mini_float<Fp8E4M3, 3, 7>();
  check_mini_float<Fp8E5M2, 2, 15>();
}

TEST(MiniFloat, HasTheGreatestNumbersOfTheSpecification) {
  EXPECT_EQ(Fp4E2M1::max(), 6);
  EXPECT_EQ(Fp6E2M3::max(), 7.5f);
  EXPECT_EQ(Fp6E3M2::max(), 28);
  EXPECT_EQ(Fp8E4M3::max(), 448);
  EXPECT_EQ(Fp8E5M2::max(), 57344);
}

TEST(MiniFloat, KnowsInfinityAndNan) {
  EXPECT_TRUE(std::isnan(Fp8E4M3::decode(0x7f)));
  EXPECT_TRUE(std::isnan(Fp8E5M2::decode(0x7d)));
  EXPECT_EQ(Fp8E5M2::decode(0xfc), -kInfinity);
  EXPECT_EQ(Fp8E5M2::encode(kInfinity, Overflow::kToSpecial), 0x7c);
  EXPECT_EQ(Fp8E4M3::encode(1e9f, Overflow::kToSpecial), 0x7f);
  EXPECT_TRUE(std::isnan(Fp8E5M2::decode(Fp8E5M2::encode(std::nanf("")))));
  EXPECT_TRUE(std::isnan(Fp8E4M3::decode(Fp8E4M3::encode(std::nanf("")))));
}

TEST(E8M0, EveryCode) {
  for (int code = 0; code < 255; ++code) {
    const float value = to_float(E8M0{static_cast<std::uint8_t>(code)});
    ASSERT_EQ(value, std::ldexp(1.0f, code - 127));
  }
  EXPECT_TRUE(std::isnan(to_float(E8M0{255})));
}

}  // namespace
}  // namespace rocmforge
