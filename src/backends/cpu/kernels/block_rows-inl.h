// Reads quantized blocks of several rows at once, in the layout in which integer_products.cpp multiplies them. Included
// once per Highway target.
//
// A vector has kParts parts of 128 bits. Each part belongs to one row: rows j, j + 4, j + 8, ... of a group of
// kGroupRows, with eight columns as 16-bit integers. Four such vectors hold the 32 columns of a block (Quads), and four
// Quads (j from 0 to 3) hold the whole group. Summing the lanes of each part then gives one lane per row of the group,
// in order.

#if defined(ROCMFORGE_CPU_BLOCK_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_CPU_BLOCK_ROWS_INL_H_
#undef ROCMFORGE_CPU_BLOCK_ROWS_INL_H_
#else
#define ROCMFORGE_CPU_BLOCK_ROWS_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstring>

#include "backends/cpu/kernels/quantized_rows.h"
#include "backends/cpu/kernels/target-inl.h"
#include "base/float_formats.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {

// Number of blocks of 32 whose scales are loaded together: 256 columns, a superblock of the K formats.
inline constexpr int kChunkBlocks = 8;

#if ROCMFORGE_CPU_REAL_VECTORS
inline constexpr int kGroupRows = 4 * kParts;
#else
inline constexpr int kGroupRows = 1;
#endif

// The first byte of each row of a group. If a tile has fewer rows, its last row is repeated and the extra results are
// not read.
using GroupRows = std::array<const std::byte*, kGroupRows>;

// For each row: the scale of a block's integers, and the minimum, which is multiplied by the sum of the activations.
struct ChunkScales {
  alignas(64) float scale[kChunkBlocks][kGroupRows];
  alignas(64) float minimum[kChunkBlocks][kGroupRows];
};

#if ROCMFORGE_CPU_REAL_VECTORS

struct Quads {
  HWY_ATTR Quads() {}  // the implicit constructor would not be compiled for the target
  HWY_ATTR Quads(Shorts a, Shorts b, Shorts c, Shorts d) : columns{a, b, c, d} {}

  Shorts columns[4];  // 0-7, 8-15, 16-23, 24-31
};

// ---- Bytes of rows j, j + 4, ... ----

// Loads 16 bytes at `offset` of kCount rows: first, first + 4, ...
template <int kCount>
HWY_ATTR auto load_parts_from(const GroupRows& rows, int first, std::int64_t offset) {
  if constexpr (kCount == 1) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(rows[static_cast<std::size_t>(first)] + offset);
    return hn::LoadU(hn::FixedTag<std::uint8_t, 16>(), from);
  } else {
    constexpr int kHalf = kCount / 2;
    return hn::Combine(hn::FixedTag<std::uint8_t, 16 * kCount>(),
                       load_parts_from<kHalf>(rows, first + 4 * kHalf, offset),
                       load_parts_from<kHalf>(rows, first, offset));
  }
}

inline HWY_ATTR Bytes load_parts(const GroupRows& rows, int j, std::int64_t offset) {
  return load_parts_from<kParts>(rows, j, offset);
}

// Loads one 32-bit number of each row into all lanes of its part.
inline HWY_ATTR Bytes load_words(const GroupRows& rows, int j, std::int64_t offset) {
  alignas(64) std::uint32_t words[4 * kParts];
  for (int p = 0; p < kParts; ++p) {
    std::uint32_t word;
    std::memcpy(&word, rows[4 * p + j] + offset, sizeof(word));
    std::fill_n(&words[4 * p], 4, word);
  }
  return hn::Load(ByteTag(), reinterpret_cast<const std::uint8_t*>(words));
}

inline HWY_ATTR Bytes low_nibbles(Bytes pairs) { return hn::And(pairs, hn::Set(ByteTag(), 15)); }
inline HWY_ATTR Bytes high_nibbles(Bytes pairs) { return hn::ShiftRight<4>(pairs); }

// ---- Bytes to 16 bits ----

inline HWY_ATTR Quads widen(Bytes columns_0_15, Bytes columns_16_31) {
  const ByteTag tag;
  const ShortTag short_tag;
  const Bytes zero = hn::Zero(tag);
  return {hn::BitCast(short_tag, hn::InterleaveLower(tag, columns_0_15, zero)),
          hn::BitCast(short_tag, hn::InterleaveUpper(tag, columns_0_15, zero)),
          hn::BitCast(short_tag, hn::InterleaveLower(tag, columns_16_31, zero)),
          hn::BitCast(short_tag, hn::InterleaveUpper(tag, columns_16_31, zero))};
}

inline HWY_ATTR Quads widen_signed(Bytes columns_0_15, Bytes columns_16_31) {
  const ByteTag tag;
  const ShortTag short_tag;
  const Bytes zero = hn::Zero(tag);
  const auto widened = [&](Bytes in_upper_half)
                           HWY_ATTR { return hn::ShiftRight<8>(hn::BitCast(short_tag, in_upper_half)); };
  return {widened(hn::InterleaveLower(tag, zero, columns_0_15)), widened(hn::InterleaveUpper(tag, zero, columns_0_15)),
          widened(hn::InterleaveLower(tag, zero, columns_16_31)),
          widened(hn::InterleaveUpper(tag, zero, columns_16_31))};
}

// Looks up nibbles (16 pairs per row) in a table of 16 signed bytes.
inline HWY_ATTR Quads look_up(const std::array<std::int8_t, 16>& table, Bytes pairs) {
  const Bytes entries = hn::BitCast(ByteTag(), hn::LoadDup128(SignedByteTag(), table.data()));
  return widen_signed(hn::TableLookupBytes(entries, low_nibbles(pairs)),
                      hn::TableLookupBytes(entries, high_nibbles(pairs)));
}

// Returns 16 in every byte in which `bits` has the bit of `bit_of_byte`, 0 in the others.
inline HWY_ATTR Bytes sixteen_where(Bytes bits, Bytes bit_of_byte) {
  const auto has = hn::Eq(hn::And(bits, bit_of_byte), bit_of_byte);
  return hn::IfThenElseZero(has, hn::Set(ByteTag(), 16));
}

// ---- Scales ----

using HalvesOfChunk = std::uint16_t[kChunkBlocks][kGroupRows];

inline HWY_ATTR void store_as_floats(const HalvesOfChunk& halves, int blocks, float (*out)[kGroupRows]) {
  const hn::Rebind<hwy::float16_t, FloatTag> half_tag;
  for (int b = 0; b < blocks; ++b) {
    const auto* from = reinterpret_cast<const hwy::float16_t*>(halves[b]);
    hn::Store(hn::PromoteTo(FloatTag(), hn::Load(half_tag, from)), FloatTag(), out[b]);
  }
}

// Loads the half-precision numbers at the start of `blocks` blocks; the first is at `offset`, the next `stride` bytes
// later.
inline HWY_ATTR void half_scales(const GroupRows& rows, std::int64_t offset, std::int64_t stride, int blocks,
                                 float (*out)[kGroupRows]) {
  alignas(64) HalvesOfChunk halves;
  for (int r = 0; r < kGroupRows; ++r) {
    const std::byte* from = rows[static_cast<std::size_t>(r)] + offset;
    for (int b = 0; b < blocks; ++b) std::memcpy(&halves[b][r], from + b * stride, sizeof(std::uint16_t));
  }
  store_as_floats(halves, blocks, out);
}

// Holds 16 bytes of every row of the group and returns them by column: one byte per row, one lane per row.
class Headers {
 public:
  // Vector j has rows j, j + 4, ...
  HWY_ATTR explicit Headers(const Bytes (&rows)[4]) {
    const ByteTag tag;
    const ShortTag pair_tag;
    const auto pairs = [&](Bytes a, Bytes b) HWY_ATTR { return hn::BitCast(pair_tag, hn::InterleaveLower(tag, a, b)); };
    const auto upper_pairs = [&](Bytes a, Bytes b)
                                 HWY_ATTR { return hn::BitCast(pair_tag, hn::InterleaveUpper(tag, a, b)); };
    const Shorts low_01 = pairs(rows[0], rows[1]), low_23 = pairs(rows[2], rows[3]);
    const Shorts high_01 = upper_pairs(rows[0], rows[1]), high_23 = upper_pairs(rows[2], rows[3]);
    fours_[0] = hn::BitCast(tag, hn::InterleaveLower(pair_tag, low_01, low_23));
    fours_[1] = hn::BitCast(tag, hn::InterleaveUpper(pair_tag, low_01, low_23));
    fours_[2] = hn::BitCast(tag, hn::InterleaveLower(pair_tag, high_01, high_23));
    fours_[3] = hn::BitCast(tag, hn::InterleaveUpper(pair_tag, high_01, high_23));
  }

  HWY_ATTR Floats column(int byte) const {
    // Each part holds the bytes of four rows for four columns; the bytes of one column go to the four lanes.
    constexpr std::uint8_t kNone = 128;
    alignas(16) static constexpr std::uint8_t kSpread[16] = {0, kNone, kNone, kNone, 1, kNone, kNone, kNone,
                                                             2, kNone, kNone, kNone, 3, kNone, kNone, kNone};
    const Bytes first = hn::Set(ByteTag(), static_cast<std::uint8_t>(byte % 4 * 4));
    const Bytes places = hn::LoadDup128(ByteTag(), kSpread) + first;
    return hn::ConvertTo(FloatTag(), hn::BitCast(IntTag(), hn::TableLookupBytesOr0(fours_[byte / 4], places)));
  }

 private:
  Bytes fours_[4];  // element i: columns 4i to 4i + 3
};

// Returns the first four bytes of every row.
inline HWY_ATTR Ints first_words(const Bytes (&rows)[4]) {
  const IntTag tag;
  const LongTag pair_tag;
  const auto pairs = [&](Bytes a, Bytes b) HWY_ATTR {
    return hn::BitCast(pair_tag, hn::InterleaveLower(tag, hn::BitCast(tag, a), hn::BitCast(tag, b)));
  };
  return hn::BitCast(tag, hn::InterleaveLower(pair_tag, pairs(rows[0], rows[1]), pairs(rows[2], rows[3])));
}

// Converts the half-precision number in the lower two bytes of each lane.
inline HWY_ATTR Floats halves_to_floats(Ints halves) {
  const hn::Rebind<std::uint16_t, IntTag> tag;
  const hn::Rebind<hwy::float16_t, FloatTag> half_tag;
  return hn::PromoteTo(FloatTag(), hn::BitCast(half_tag, hn::DemoteTo(tag, halves)));
}
inline HWY_ATTR Floats lower_halves(Ints words) { return halves_to_floats(hn::And(words, hn::Set(IntTag(), 0xffff))); }
inline HWY_ATTR Floats upper_halves(Ints words) {
  const hn::RebindToUnsigned<IntTag> tag;
  return halves_to_floats(hn::BitCast(IntTag(), hn::ShiftRight<16>(hn::BitCast(tag, words))));
}

// Loads one half-precision number per row, at `offset`.
inline HWY_ATTR Floats halves_of_rows(const GroupRows& rows, std::int64_t offset) {
  alignas(64) std::uint16_t halves[kGroupRows];
  for (int r = 0; r < kGroupRows; ++r) {
    std::memcpy(&halves[r], rows[static_cast<std::size_t>(r)] + offset, sizeof(std::uint16_t));
  }
  const hn::Rebind<hwy::float16_t, FloatTag> half_tag;
  return hn::PromoteTo(FloatTag(), hn::Load(half_tag, reinterpret_cast<const hwy::float16_t*>(halves)));
}

// Shift pairs of bytes. Bits may cross from one byte to the next, so the caller must mask the result.
template <int kBits>
HWY_ATTR Bytes shift_left_across(Bytes v) {
  return hn::BitCast(ByteTag(), hn::ShiftLeft<kBits>(hn::BitCast(ShortTag(), v)));
}
template <int kBits>
HWY_ATTR Bytes shift_right_across(Bytes v) {
  return hn::BitCast(ByteTag(), hn::ShiftRight<kBits>(hn::BitCast(ShortTag(), v)));
}

#endif
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
