// Products in float: of F32, F16 and BF16, and of formats whose rows are first decoded to float.
//
// Order of an element's sum: within each kTileColumns columns every lane adds its own products, then the lanes are
// added; these partial sums are added in order.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/float_products.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "backends/cpu/kernels/product.h"
#include "backends/cpu/kernels/target-inl.h"
#include "base/float_formats.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

inline constexpr int kRows = 4;  // at a time
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
inline constexpr int kTokens = 1;
#else
inline constexpr int kTokens = HWY_MAX_BYTES == 32 ? 2 : 4;
#endif

using Rows = std::array<const std::byte*, kRows>;

#if ROCMFORGE_CPU_REAL_VECTORS

template <typename Number>
HWY_ATTR Floats load(const std::byte* from) {
  if constexpr (std::is_same_v<Number, float>) {
    return hn::LoadU(FloatTag(), reinterpret_cast<const float*>(from));
  } else if constexpr (std::is_same_v<Number, Half>) {
    const hn::Rebind<hwy::float16_t, FloatTag> tag;
    return hn::PromoteTo(FloatTag(), hn::LoadU(tag, reinterpret_cast<const hwy::float16_t*>(from)));
  } else {
    const hn::Rebind<std::uint16_t, FloatTag> tag;
    const hn::RebindToUnsigned<FloatTag> wide_tag;
    const auto bits = hn::PromoteTo(wide_tag, hn::LoadU(tag, reinterpret_cast<const std::uint16_t*>(from)));
    return hn::BitCast(FloatTag(), hn::ShiftLeft<16>(bits));
  }
}

// Loads the last columns of a row, padded with zeros.
template <typename Number>
HWY_ATTR Floats load_rest(const std::byte* from, int count) {
  alignas(64) std::array<std::byte, kFloatLanes * sizeof(Number)> padded{};
  std::memcpy(padded.data(), from, static_cast<std::size_t>(count) * sizeof(Number));
  return load<Number>(padded.data());
}

// out[t * kTileRows + r] += row r's columns times token t's.
template <typename Number, int kCount>
HWY_ATTR void multiply_rows(const Rows& rows, const float* const* x, int columns, float* out) {
  Floats sums[kCount][kRows];
  for (int t = 0; t < kCount; ++t) {
    for (int r = 0; r < kRows; ++r) sums[t][r] = hn::Zero(FloatTag());
  }
  int column = 0;
  for (; column + kFloatLanes <= columns; column += kFloatLanes) {
    Floats own[kCount];
    for (int t = 0; t < kCount; ++t) own[t] = hn::LoadU(FloatTag(), x[t] + column);
    for (int r = 0; r < kRows; ++r) {
      const Floats weights = load<Number>(rows[static_cast<std::size_t>(r)] + column * sizeof(Number));
      for (int t = 0; t < kCount; ++t) sums[t][r] = hn::MulAdd(weights, own[t], sums[t][r]);
    }
  }
  if (column < columns) {
    for (int r = 0; r < kRows; ++r) {
      const std::byte* from = rows[static_cast<std::size_t>(r)] + column * sizeof(Number);
      const Floats weights = load_rest<Number>(from, columns - column);
      for (int t = 0; t < kCount; ++t) {
        const auto* rest = reinterpret_cast<const std::byte*>(x[t] + column);
        sums[t][r] = hn::MulAdd(weights, load_rest<float>(rest, columns - column), sums[t][r]);
      }
    }
  }
  for (int t = 0; t < kCount; ++t) {
    float* to = out + t * kTileRows;
    const auto sum = four_sums(sums[t][0], sums[t][1], sums[t][2], sums[t][3]);
    hn::StoreU(hn::LoadU(FourTag(), to) + sum, FourTag(), to);
  }
}

#else

template <typename Number, int kCount>
void multiply_rows(const Rows& rows, const float* const* x, int columns, float* out) {
  constexpr int kLanes = 8;
  for (int r = 0; r < kRows; ++r) {
    std::array<float, kLanes> lanes{};
    for (int column = 0; column < columns; column += kLanes) {
      const int count = std::min(kLanes, columns - column);
      for (int j = 0; j < count; ++j) {
        Number stored;
        std::memcpy(&stored, rows[static_cast<std::size_t>(r)] + (column + j) * sizeof(Number), sizeof(Number));
        float weight;
        if constexpr (std::is_same_v<Number, float>) {
          weight = stored;
        } else {
          weight = to_float(stored);
        }
        lanes[static_cast<std::size_t>(j)] += weight * x[0][column + j];
      }
    }
    float sum = 0;
    for (const float lane : lanes) sum += lane;
    out[r] += sum;
  }
}

#endif

// Multiplies kCount tokens with all rows of the tile. rows_at(first) returns four rows starting at `first`.
template <typename Number, int kCount, typename RowsAt>
HWY_ATTR void multiply_tokens(const ProductTile& tile, int first_token, std::int64_t first_column, int columns,
                              int first_row, int end_row, RowsAt rows_at) {
  const float* x[kCount];
  for (int t = 0; t < kCount; ++t) {
    x[t] = tile.x->values + tile.tokens[first_token + t] * tile.x->stride + first_column;
  }
  for (int row = first_row; row < end_row; row += kRows) {
    multiply_rows<Number, kCount>(rows_at(row), x, columns, tile.out + first_token * kTileRows + row);
  }
}

template <typename Number, typename RowsAt>
HWY_ATTR void multiply_all_tokens(const ProductTile& tile, std::int64_t first_column, int columns, int first_row,
                                  int end_row, RowsAt rows_at) {
  int token = 0;
  for (; token + kTokens <= tile.token_count; token += kTokens) {
    multiply_tokens<Number, kTokens>(tile, token, first_column, columns, first_row, end_row, rows_at);
  }
  for (; token < tile.token_count; ++token) {
    multiply_tokens<Number, 1>(tile, token, first_column, columns, first_row, end_row, rows_at);
  }
}

inline int columns_from(const ProductTile& tile, std::int64_t first) {
  return static_cast<int>(std::min<std::int64_t>(kTileColumns, tile.columns - first));
}

template <typename Number>
HWY_ATTR void multiply(const ProductKernel&, const ProductTile& tile) {
  std::fill_n(tile.out, tile.token_count * kTileRows, 0.0f);
  for (std::int64_t first = 0; first < tile.columns; first += kTileColumns) {
    const auto rows_at = [&tile, first](int row) {
      Rows rows;
      for (int r = 0; r < kRows; ++r) {
        const int own = std::min(row + r, tile.rows - 1);
        rows[static_cast<std::size_t>(r)] = tile.row(own) + first * static_cast<std::int64_t>(sizeof(Number));
      }
      return rows;
    };
    multiply_all_tokens<Number>(tile, first, columns_from(tile, first), 0, tile.rows, rows_at);
  }
}

// ---- Formats that are decoded first ----

// Decodes `columns` columns from `first` on. Blocks that are not aligned as the decoder requires are copied first.
inline void decode(const ProductKernel& kernel, const std::byte* row, std::int64_t first, int columns, float* out,
                   std::byte* aligned) {
  const std::byte* from = row + first / kernel.block_values * kernel.block_bytes;
  const auto count = static_cast<std::size_t>(columns / kernel.block_values);
  if (reinterpret_cast<std::uintptr_t>(from) % kernel.codec->alignment != 0) {
    std::memcpy(aligned, from, count * static_cast<std::size_t>(kernel.block_bytes));
    from = aligned;
  }
  kernel.codec->decode(from, out, count);
}

// For one or two tokens, four rows at a time are decoded and stay in the L1 cache. For more, the whole tile is decoded,
// so that the activations are read once.
HWY_ATTR void multiply_decoded(const ProductKernel& kernel, const ProductTile& tile) {
  auto* const values = reinterpret_cast<float*>(tile.scratch);
  std::byte* const aligned = tile.scratch + std::size_t{kTileRows} * kTileColumns * sizeof(float);
  const int rows_at_once = tile.token_count <= kTokens ? kRows : kTileRows;
  std::fill_n(tile.out, tile.token_count * kTileRows, 0.0f);
  for (std::int64_t first = 0; first < tile.columns; first += kTileColumns) {
    const int columns = columns_from(tile, first);
    for (int row = 0; row < tile.rows; row += rows_at_once) {
      const int end = std::min(row + rows_at_once, tile.rows);
      for (int r = row; r < end; ++r) {
        decode(kernel, tile.row(r), first, columns, values + (r - row) * kTileColumns, aligned);
      }
      const auto rows_at = [values, row, end](int from) {
        Rows rows;
        for (int r = 0; r < kRows; ++r) {
          const int own = std::min(from + r, end - 1) - row;
          rows[static_cast<std::size_t>(r)] = reinterpret_cast<const std::byte*>(values + own * kTileColumns);
        }
        return rows;
      };
      multiply_all_tokens<float>(tile, first, columns, row, end, rows_at);
    }
  }
}

Multiply multiply_of(quant::FormatId id) {
  switch (id) {
    case quant::FormatId::kF32: return multiply<float>;
    case quant::FormatId::kF16: return multiply<Half>;
    case quant::FormatId::kBF16: return multiply<BFloat16>;
    default: return nullptr;
  }
}

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

Multiply float_product(quant::FormatId id, CpuTier tier) { return ROCMFORGE_CPU_PICK(multiply_of(id), tier); }
Multiply decoding_product(CpuTier tier) { return ROCMFORGE_CPU_PICK(multiply_decoded, tier); }

}  // namespace rocmforge::cpu
#endif
