// The small floating-point formats that models are stored in, and their exact conversions from and to float32.
//
// Every conversion to a smaller format rounds to nearest, ties to even, and keeps subnormals. The functions are
// branch-light so that compilers turn loops over them into vector code.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace rocmforge {

inline constexpr std::uint32_t kFloatSign = 0x80000000u;
inline constexpr std::uint32_t kFloatInfinity = 0x7f800000u;

// Returns the bits of |x|. As integers they have the order of the magnitudes, with infinity above all numbers and NaN
// above infinity.
constexpr std::uint32_t magnitude_bits(float x) { return std::bit_cast<std::uint32_t>(x) & ~kFloatSign; }
constexpr bool is_finite(float x) { return magnitude_bits(x) < kFloatInfinity; }

// IEEE binary16.
struct Half {
  std::uint16_t bits = 0;
  friend constexpr bool operator==(Half, Half) = default;
};

inline constexpr float kHalfMax = 65504.0f;
// For the error bounds of tests: the maximum relative rounding error of a normal number, and the distance between
// subnormals.
inline constexpr float kHalfEpsilon = 0x1p-11f;
inline constexpr float kHalfSmallestStep = 0x1p-24f;
constexpr bool is_finite(Half h) { return (h.bits & 0x7c00) != 0x7c00; }

constexpr float to_float(Half h) {
  const std::uint32_t shifted = static_cast<std::uint32_t>(h.bits & 0x7fff) << 13;
  const std::uint32_t exponent = shifted & 0x0f800000u;
  const std::uint32_t normal = shifted + 0x38000000u;
  const std::uint32_t special = shifted + 0x70000000u;
  // Give a subnormal an exponent as if it were normal, and subtract the implicit leading one that this adds.
  const float subnormal = std::bit_cast<float>(shifted + 0x38800000u) - 0x1p-14f;
  std::uint32_t bits = exponent == 0x0f800000u ? special : normal;
  bits = exponent == 0 ? std::bit_cast<std::uint32_t>(subnormal) : bits;
  return std::bit_cast<float>(bits | (static_cast<std::uint32_t>(h.bits & 0x8000) << 16));
}

// Numbers beyond the greatest half become infinite. A NaN keeps the upper bits of its payload.
constexpr Half to_half(float x) {
  const std::uint32_t sign = std::bit_cast<std::uint32_t>(x) & kFloatSign;
  const std::uint32_t magnitude = magnitude_bits(x);
  const std::uint32_t odd = (magnitude >> 13) & 1;
  const std::uint32_t normal = (magnitude + 0xc8000fffu + odd) >> 13;
  // Adding 1/2 leaves the subnormal's 10 bits at the bottom of the sum, rounded by the addition itself.
  const std::uint32_t small = magnitude < 0x38800000u ? magnitude : 0;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(std::bit_cast<float>(small) + 0.5f) - 0x3f000000u;
  const std::uint32_t payload = (magnitude >> 13) & 0x3ff;
  const std::uint32_t nan = 0x7c00u | (payload == 0 ? 0x200u : payload);
  std::uint32_t bits = magnitude < 0x38800000u ? subnormal : normal;
  bits = magnitude >= 0x477ff000u ? 0x7c00u : bits;
  bits = magnitude > kFloatInfinity ? nan : bits;
  return Half{static_cast<std::uint16_t>(bits | (sign >> 16))};
}

// The upper half of a float32.
struct BFloat16 {
  std::uint16_t bits = 0;
  friend constexpr bool operator==(BFloat16, BFloat16) = default;
};

constexpr bool is_finite(BFloat16 b) { return (b.bits & 0x7f80) != 0x7f80; }
constexpr float to_float(BFloat16 b) { return std::bit_cast<float>(static_cast<std::uint32_t>(b.bits) << 16); }

constexpr BFloat16 to_bfloat16(float x) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
  const std::uint32_t upper = bits >> 16;
  const std::uint32_t nan = (upper & 0x7f) == 0 ? upper | 0x40u : upper;
  return BFloat16{static_cast<std::uint16_t>((bits & ~kFloatSign) > kFloatInfinity ? nan : rounded)};
}

// The meaning of the codes with the greatest exponent.
enum class Specials {
  kNone,      // numbers like the others
  kNanAtTop,  // all ones is NaN, the others are numbers; no infinity (OCP E4M3)
  kIeee,      // infinity and NaN as in IEEE 754 (OCP E5M2)
};

// The treatment of numbers beyond the greatest one.
enum class Overflow { kSaturate, kToSpecial };

// A format of at most 8 bits: sign, exponent, mantissa, from the highest bit. Codes are in the low bits of a byte.
template <int kExponentBits, int kMantissaBits, int kBias, Specials kSpecials>
struct MiniFloat {
  static constexpr int kBits = 1 + kExponentBits + kMantissaBits;
  static constexpr int kSignBit = 1 << (kBits - 1);
  static constexpr int kMinExponent = 1 - kBias;
  static constexpr int kMaxCode = kSpecials == Specials::kNone       ? kSignBit - 1
                                  : kSpecials == Specials::kNanAtTop ? kSignBit - 2
                                                                     : kSignBit - 1 - (1 << kMantissaBits);
  // The exponent of the greatest number. Block scales depend on it.
  static constexpr int kMaxExponent = (kMaxCode >> kMantissaBits) - kBias;

  static constexpr float power_of_two(int exponent) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
  }

  static constexpr float decode(std::uint8_t code) {
    const int magnitude = code & (kSignBit - 1);
    const float sign = (code & kSignBit) != 0 ? -1.0f : 1.0f;
    if (kSpecials != Specials::kNone && magnitude > kMaxCode) {
      const bool infinite = kSpecials == Specials::kIeee && magnitude == kMaxCode + 1;
      return infinite ? sign * std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
    }
    const int exponent = magnitude >> kMantissaBits;
    const int mantissa = magnitude & ((1 << kMantissaBits) - 1);
    const int significand = exponent == 0 ? mantissa : mantissa | (1 << kMantissaBits);
    const int power = (exponent == 0 ? 1 : exponent) - kBias - kMantissaBits;
    return sign * static_cast<float>(significand) * power_of_two(power);
  }

  static constexpr float max() { return decode(kMaxCode); }

  // Encodes a finite number; numbers beyond the greatest one saturate. Without branches, so that loops over it are
  // vectorized.
  static constexpr std::uint8_t encode_saturating(float x) {
    const int code = round_magnitude(magnitude_bits(x));
    const auto sign = static_cast<int>(std::bit_cast<std::uint32_t>(x) >> 31) << (kBits - 1);
    return static_cast<std::uint8_t>(sign | (code < kMaxCode ? code : kMaxCode));
  }

  // Returns decode(encode_saturating(x)).
  static constexpr float nearest(float x) {
    const Rounded rounded = round_units(magnitude_bits(x));
    const float magnitude = rounded.units * power_of_two(rounded.exponent - kMantissaBits);
    const float held = magnitude < max() ? magnitude : max();
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(held) | (std::bit_cast<std::uint32_t>(x) & kFloatSign));
  }

  // Encodes any number. A NaN becomes the format's NaN, or its greatest number if it has no NaN.
  static constexpr std::uint8_t encode(float x, Overflow overflow = Overflow::kSaturate) {
    const std::uint32_t bits = magnitude_bits(x);
    const int sign = std::bit_cast<std::uint32_t>(x) >> 31 != 0 ? kSignBit : 0;
    if (bits > kFloatInfinity) return static_cast<std::uint8_t>(sign | (kSignBit - 1));
    const int code = bits == kFloatInfinity ? kMaxCode + 1 : round_magnitude(bits);
    if (code <= kMaxCode) return static_cast<std::uint8_t>(sign | code);
    const bool special = overflow == Overflow::kToSpecial && kSpecials != Specials::kNone;
    return static_cast<std::uint8_t>(sign | (special ? kMaxCode + 1 : kMaxCode));
  }

 private:
  struct Rounded {
    int exponent;  // of the unit 2^(exponent - kMantissaBits)
    float units;   // an integer
  };

  // In units of the last place a significand is below 2^(mantissa bits + 1), so adding 2^23 rounds it to an integer.
  static constexpr Rounded round_units(std::uint32_t bits) {
    const int own_exponent = static_cast<int>(bits >> 23) - 127;
    const int exponent = own_exponent < kMinExponent ? kMinExponent : own_exponent;
    const float units = std::bit_cast<float>(bits) * power_of_two(kMantissaBits - exponent);
    return {exponent, (units + 0x1p23f) - 0x1p23f};
  }

  // Returns the code of a finite magnitude after rounding. It exceeds kMaxCode if the magnitude is beyond the greatest
  // number.
  static constexpr int round_magnitude(std::uint32_t bits) {
    const Rounded rounded = round_units(bits);
    return ((rounded.exponent - kMinExponent) << kMantissaBits) + static_cast<int>(rounded.units);
  }
};

// The element formats of OCP Microscaling v1.0, and the OCP 8-bit formats.
using Fp4E2M1 = MiniFloat<2, 1, 1, Specials::kNone>;
using Fp6E2M3 = MiniFloat<2, 3, 1, Specials::kNone>;
using Fp6E3M2 = MiniFloat<3, 2, 3, Specials::kNone>;
using Fp8E4M3 = MiniFloat<4, 3, 7, Specials::kNanAtTop>;
using Fp8E5M2 = MiniFloat<5, 2, 15, Specials::kIeee>;

// E8M0, a scale that is a power of two: 2^(code - 127); 255 is NaN. There is no zero and no sign.
struct E8M0 {
  std::uint8_t code = 0;
  friend constexpr bool operator==(E8M0, E8M0) = default;
};

constexpr float to_float(E8M0 scale) {
  const std::uint32_t normal = static_cast<std::uint32_t>(scale.code) << 23;
  const std::uint32_t bits = scale.code == 0 ? 0x00400000u : normal;
  return std::bit_cast<float>(scale.code == 255 ? 0x7fc00000u : bits);
}

}  // namespace rocmforge
