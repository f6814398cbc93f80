// Finds, without sorting, which items come first until their masses reach a given sum.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

namespace rocmforge::sample {

// Probability as an integer, so that a sum does not depend on the order of its terms. The likeliest token has
// kWholeMass and the others in proportion; sums of up to 2^23 of them fit.
using Mass = std::uint64_t;
inline constexpr Mass kWholeMass = Mass{1} << 40;

// Adding this to a weight from 0 to 1 rounds the weight to a multiple of 2^-40, the last bit of the double.
inline constexpr double kMassRounding = 4096;

inline Mass mass_of_weight(float weight) {
  const double shifted = static_cast<double>(weight) + kMassRounding;
  return std::bit_cast<std::uint64_t>(shifted) - std::bit_cast<std::uint64_t>(kMassRounding);
}

// Returns the least mass that is at least this share of the whole.
inline Mass mass_at_least(double share, Mass whole) {
  const double wanted = share * static_cast<double>(whole);
  const Mass below = static_cast<Mass>(wanted);
  return below + (static_cast<double>(below) < wanted ? 1 : 0);
}

// The last item that is taken. Items are taken in ascending order of key, those with equal keys in order of position.
struct Cut {
  std::uint32_t key = 0;
  int position = 0;

  bool takes(std::uint32_t other_key, int other_position) const {
    return other_key < key || (other_key == key && other_position <= position);
  }
};

struct SelectionScratch {
  std::unique_ptr<int[]> positions;  // one per item
  std::array<Mass, 2048> bins;
};

// Returns the bin in which the cumulative mass first reaches `need`, and reduces `need` by the masses of the bins
// before it.
inline std::uint32_t find_bin(const SelectionScratch& scratch, Mass& need) {
  std::uint32_t bin = 0;
  while (scratch.bins[bin] < need) need -= scratch.bins[bin++];
  return bin;
}

// Keeps the items in the given bin for the next pass and returns their number. position_of(i) returns the i-th item,
// which may be scratch.positions[i].
template <typename PositionOf, typename BinOf>
int keep_bin(int items, PositionOf position_of, BinOf bin_of, std::uint32_t bin, SelectionScratch& scratch) {
  int kept = 0;
  for (int i = 0; i < items; ++i) {
    const int position = position_of(i);
    scratch.positions[kept] = position;
    kept += bin_of(position) == bin ? 1 : 0;
  }
  return kept;
}

// Returns the cut at which the mass of the taken items first reaches `need`. Requires: 1 <= need <= the sum of all
// masses.
//
// `distance` must be nonnegative and must not decrease as the key increases. A first pass over all items sorts them
// into bins of equal width by distance, which leaves few items in the bin that contains the cut. Radix selection by
// key, 11 bits at a time, then takes at most three passes whatever the keys are.
template <typename DistanceOf, typename KeyOf, typename MassOf>
Cut cut_by_mass(int count, DistanceOf distance, KeyOf key, MassOf mass, Mass need, SelectionScratch& scratch) {
  constexpr float kBinsPerUnit = 32;
  constexpr int kLastBin = 1023;
  const auto coarse_bin = [&](int i) {
    const int bin = static_cast<int>(distance(i) * kBinsPerUnit);
    return static_cast<std::uint32_t>(bin < kLastBin ? bin : kLastBin);
  };
  scratch.bins.fill(0);
  for (int i = 0; i < count; ++i) scratch.bins[coarse_bin(i)] += mass(i);
  const std::uint32_t coarse = find_bin(scratch, need);
  int left = keep_bin(count, [](int i) { return i; }, coarse_bin, coarse, scratch);

  std::uint32_t prefix = 0;
  const auto left_position = [&](int i) { return scratch.positions[i]; };
  for (const int shift : {21, 10, 0}) {
    const auto bin_of = [&](int position) { return key(position) >> shift & 2047; };
    scratch.bins.fill(0);
    for (int i = 0; i < left; ++i) scratch.bins[bin_of(left_position(i))] += mass(left_position(i));
    const std::uint32_t bin = find_bin(scratch, need);
    prefix |= bin << shift;
    left = keep_bin(left, left_position, bin_of, bin, scratch);
  }
  // The remaining items have equal keys and are in order of position.
  int i = 0;
  while (mass(left_position(i)) < need) need -= mass(left_position(i++));
  return {prefix, left_position(i)};
}

}  // namespace rocmforge::sample
