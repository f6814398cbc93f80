// The 6-bit scales and minima of Q4_K and Q5_K: eight of each in twelve bytes.
#pragma once

#include <array>
#include <cstdint>

namespace rocmforge::quant {

using PackedKScales = std::array<std::uint8_t, 12>;

struct KScales {
  std::array<std::uint8_t, 8> scale;
  std::array<std::uint8_t, 8> minimum;
};

// Groups 0-3 have their six bits in one byte each. Groups 4-7 have a nibble in the last bytes, and their two upper bits
// in the unused bits of the bytes of groups 0-3.
constexpr KScales unpack(const PackedKScales& packed) {
  KScales scales{};
  for (int group = 0; group < 4; ++group) {
    scales.scale[group] = packed[group] & 63;
    scales.minimum[group] = packed[group + 4] & 63;
    scales.scale[group + 4] = static_cast<std::uint8_t>((packed[group + 8] & 15) | packed[group] >> 6 << 4);
    scales.minimum[group + 4] = static_cast<std::uint8_t>(packed[group + 8] >> 4 | packed[group + 4] >> 6 << 4);
  }
  return scales;
}

constexpr PackedKScales pack(const KScales& scales) {
  PackedKScales packed{};
  for (int group = 0; group < 4; ++group) {
    const int scale = scales.scale[group + 4];
    const int minimum = scales.minimum[group + 4];
    packed[group] = static_cast<std::uint8_t>(scales.scale[group] | scale >> 4 << 6);
    packed[group + 4] = static_cast<std::uint8_t>(scales.minimum[group] | minimum >> 4 << 6);
    packed[group + 8] = static_cast<std::uint8_t>((scale & 15) | (minimum & 15) << 4);
  }
  return packed;
}

}  // namespace rocmforge::quant
