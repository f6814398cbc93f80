// Which items come first, until their masses add up to what is needed: found without sorting them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

namespace rocmforge::sample {

// Probability as an integer, so that a sum is the same in whatever order it is made. The likeliest token has kWholeMass
// and others in proportion; 2^18 of them fit, and far more.
using Mass = std::uint64_t;
inline constexpr Mass kWholeMass = Mass{1} << 44;

// The nearest mass, of a weight from 0 to 1: added to 256, a double's last bit is worth 2^-44.
inline Mass mass_of_weight(float weight) {
  const double shifted = static_cast<double>(weight) + 256.0;
  return std::bit_cast<std::uint64_t>(shifted) - std::bit_cast<std::uint64_t>(256.0);
}

// The least mass that is at least this share of the whole.
inline Mass mass_at_least(double share, Mass whole) {
  const double wanted = share * static_cast<double>(whole);
  const Mass below = static_cast<Mass>(wanted);
  return below + (static_cast<double>(below) < wanted ? 1 : 0);
}

// Items are taken by rising key, those of one key by rising position; this is the last.
struct Cut {
  std::uint32_t key = 0;
  int position = 0;

  bool takes(std::uint32_t other_key, int other_position) const {
    return other_key < key || (other_key == key && other_position <= position);
  }
};

struct SelectionScratch {
  std::unique_ptr<int[]> positions;  // one for each item
  std::array<Mass, 2048> bins;
};

// The cut at which the masses of what is taken first reach `need`, which is at least 1 and at most the sum of all: a
// radix selection. The first pass finds in which bin of keys with the same 11 leading bits the cut lies, the next ones
// look into that bin only.
template <typename KeyOf, typename MassOf>
Cut cut_by_mass(int count, KeyOf key, MassOf mass, Mass need, SelectionScratch& scratch) {
  constexpr std::uint32_t kBinMask = 2047;
  std::uint32_t prefix = 0;
  int left = 0;
  for (const int shift : {21, 10, 0}) {
    const bool first = shift == 21;
    const auto position_of = [&](int i) { return first ? i : scratch.positions[i]; };
    const int items = first ? count : left;
    scratch.bins.fill(0);
    for (int i = 0; i < items; ++i) {
      const int position = position_of(i);
      scratch.bins[key(position) >> shift & kBinMask] += mass(position);
    }
    std::uint32_t bin = 0;
    while (scratch.bins[bin] < need) need -= scratch.bins[bin++];
    prefix |= bin << shift;
    left = 0;
    for (int i = 0; i < items; ++i) {
      const int position = position_of(i);
      scratch.positions[left] = position;
      left += (key(position) >> shift) == (prefix >> shift) ? 1 : 0;
    }
  }
  // Equal keys are left, in the order of positions.
  int i = 0;
  while (mass(scratch.positions[i]) < need) need -= mass(scratch.positions[i++]);
  return {prefix, scratch.positions[i]};
}

}  // namespace rocmforge::sample
