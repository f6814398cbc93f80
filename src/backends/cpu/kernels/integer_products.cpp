// Products of quantized weights with activations of 8 bits. The floor of a product with one token is to read the
// weights once; `linear_bench` measures both.
//
// Per element, for each block of 32 columns in order:
//   sum = sum + float(dot - kOffset * total) * (scale * x_scale)
//   sum = sum + minimum * x_sum, if the format has minima
// where dot is exact. For a few tokens the weights are read directly from the file's bytes. For more tokens, a panel of
// 256 columns is unpacked once and used for all of them. Both do the same operations on the same numbers.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/integer_products.cpp"
#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>

#include <algorithm>

#include "backends/cpu/kernels/block_formats-inl.h"
#include "backends/cpu/kernels/k_formats-inl.h"
#include "backends/cpu/kernels/product.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

#if ROCMFORGE_CPU_REAL_VECTORS

// Number of tokens at a time for which the sums of four Quads stay in registers.
inline constexpr int kTokens = HWY_MAX_BYTES == 32 ? 2 : 4;

inline GroupRows group_rows(const ProductTile& tile, int first) {
  GroupRows rows;
  for (int r = 0; r < kGroupRows; ++r) rows[static_cast<std::size_t>(r)] = tile.row(std::min(first + r, tile.rows - 1));
  return rows;
}

template <typename Format>
HWY_ATTR void load_scales(const GroupRows& rows, std::int64_t first, int count, ChunkScales& scales) {
  if constexpr (requires { Format::load_scales(rows, first, count, scales); }) {
    Format::load_scales(rows, first, count, scales);
  } else {
    for (int r = 0; r < kGroupRows; ++r) {
      for (int b = 0; b < count; ++b) {
        const std::byte* at = rows[static_cast<std::size_t>(r)] + Format::offset_of(first + b);
        const auto& block = *reinterpret_cast<const typename Format::Block*>(at);
        const int group = static_cast<int>((first + b) % Format::kGroups);
        scales.scale[b][r] = Format::scale(block, group);
        if constexpr (Format::kHasMinimum) scales.minimum[b][r] = Format::minimum(block, group);
      }
    }
  }
}

// The number of blocks of a row that share bytes and are unpacked together.
template <typename Format>
inline constexpr int kTogether = 1;
template <typename Format>
  requires requires { Format::kTogether; }
inline constexpr int kTogether<Format> = Format::kTogether;

template <typename Format>
HWY_ATTR void unpack(const GroupRows& rows, int j, std::int64_t block, Quads* quads) {
  if constexpr (kTogether<Format> > 1) {
    Format::unpack_together(rows, j, block, quads);
  } else if constexpr (requires { Format::unpack(rows, j, block); }) {
    quads[0] = Format::unpack(rows, j, block);
  } else {
    alignas(64) std::int16_t columns[4][8 * kParts];
    for (int p = 0; p < kParts; ++p) {
      std::int16_t out[kBlockValues];
      const std::byte* at = rows[static_cast<std::size_t>(4 * p + j)] + Format::offset_of(block);
      Format::unpack(*reinterpret_cast<const typename Format::Block*>(at), static_cast<int>(block % Format::kGroups),
                     out);
      for (int q = 0; q < 4; ++q) std::copy_n(out + 8 * q, 8, &columns[q][8 * p]);
    }
    for (int q = 0; q < 4; ++q) quads[0].columns[q] = hn::Load(ShortTag(), columns[q]);
  }
}

// Returns the sums of adjacent pairs of products.
inline HWY_ATTR Ints pair_products(Shorts a, Shorts b) {
  const IntTag tag;
  Ints rest = hn::Zero(tag);
  const Ints most = hn::ReorderWidenMulAccumulate(tag, a, b, hn::Zero(tag), rest);
  return most + rest;  // on x86 `rest` is zero
}

// Loads eight columns of a token into every part.
inline HWY_ATTR Shorts columns_of(const std::int16_t* quants, int q) {
  return hn::LoadDup128(ShortTag(), quants + 8 * q);
}

// Multiplies 32 columns of each part's row with a token's. The products remain spread over the lanes of the part.
inline HWY_ATTR Ints dot(const Quads& quads, const std::int16_t* x) {
  return (pair_products(quads.columns[0], columns_of(x, 0)) + pair_products(quads.columns[1], columns_of(x, 1))) +
         (pair_products(quads.columns[2], columns_of(x, 2)) + pair_products(quads.columns[3], columns_of(x, 3)));
}

struct Token {
  const std::int16_t* quants;
  const float* scales;
  const float* sums;
  const std::int32_t* totals;
};

inline Token token_of(const ProductTile& tile, int number) {
  const QuantizedRows& x = tile.x->quantized;
  const std::int64_t row = tile.tokens[number];
  return {x.quants + row * x.columns, x.scales + row * x.blocks(), x.sums + row * x.blocks(),
          x.totals + row * x.blocks()};
}

// Adds one block to the sums of a group's rows with one token.
template <typename Format>
HWY_ATTR Floats add_block(Floats sum, Ints dot, const ChunkScales& scales, int b, const Token& token,
                          std::int64_t block) {
  const FloatTag tag;
  if constexpr (Format::kOffset != 0) dot = dot - hn::Set(IntTag(), Format::kOffset * token.totals[block]);
  const Floats scale = hn::Load(tag, scales.scale[b]) * hn::Set(tag, token.scales[block]);
  sum = sum + hn::ConvertTo(tag, dot) * scale;
  if constexpr (Format::kHasMinimum) {
    sum = sum + hn::Load(tag, scales.minimum[b]) * hn::Set(tag, token.sums[block]);
  }
  return sum;
}

// ---- Few tokens: directly from the file's bytes ----

// Prefetch distance in bytes.
inline constexpr std::int64_t kPrefetchDistance = 768;

// A group has more rows than the hardware prefetchers of a CPU follow (without this, products from memory are half as
// fast). Beyond a row's end, the row at the same place in the next group is prefetched.
template <typename Format>
HWY_ATTR void prefetch_chunk(const GroupRows& rows, std::int64_t first, std::int64_t row_bytes) {
  constexpr std::int64_t kChunkBytes = Format::offset_of(kChunkBlocks);
  std::int64_t ahead = Format::offset_of(first) + kPrefetchDistance;
  if (ahead >= row_bytes) ahead += (kGroupRows - 1) * row_bytes;
  for (const std::byte* row : rows) {
    for (std::int64_t line = 0; line < kChunkBytes; line += 64) hwy::Prefetch(row + ahead + line);
  }
}

template <typename Format, int kCount>
HWY_ATTR void multiply_group(const GroupRows& rows, std::int64_t blocks, std::int64_t row_bytes, const Token* tokens,
                             float* out) {
  constexpr int kBlocks = kTogether<Format>;
  const FloatTag tag;
  Floats sums[kCount];
  for (int t = 0; t < kCount; ++t) sums[t] = hn::Zero(tag);
  ChunkScales scales;
  for (std::int64_t first = 0; first < blocks; first += kChunkBlocks) {
    const int count = static_cast<int>(std::min<std::int64_t>(kChunkBlocks, blocks - first));
    prefetch_chunk<Format>(rows, first, row_bytes);
    load_scales<Format>(rows, first, count, scales);
    for (int b = 0; b < count; b += kBlocks) {
      Ints dots[kBlocks][kCount][4];
      for (int j = 0; j < 4; ++j) {
        Quads quads[kBlocks];
        unpack<Format>(rows, j, first + b, quads);
        for (int i = 0; i < kBlocks; ++i) {
          for (int t = 0; t < kCount; ++t) {
            dots[i][t][j] = dot(quads[i], tokens[t].quants + (first + b + i) * kBlockValues);
          }
        }
      }
      for (int i = 0; i < kBlocks; ++i) {
        for (int t = 0; t < kCount; ++t) {
          const Ints sum = sums_of_parts(dots[i][t][0], dots[i][t][1], dots[i][t][2], dots[i][t][3]);
          sums[t] = add_block<Format>(sums[t], sum, scales, b + i, tokens[t], first + b + i);
        }
      }
    }
  }
  for (int t = 0; t < kCount; ++t) hn::StoreU(sums[t], tag, out + t * kTileRows);
}

template <typename Format, int kCount>
HWY_ATTR void multiply_directly(const ProductTile& tile, int first_token) {
  Token tokens[kCount];
  for (int t = 0; t < kCount; ++t) tokens[t] = token_of(tile, first_token + t);
  for (int row = 0; row < tile.rows; row += kGroupRows) {
    multiply_group<Format, kCount>(group_rows(tile, row), tile.columns / kBlockValues, tile.row_bytes, tokens,
                                   tile.out + first_token * kTileRows + row);
  }
}

// ---- Many tokens: a panel of 256 columns, unpacked once ----

struct Panel {
  static constexpr int kGroups = kTileRows / kGroupRows;
  alignas(64) std::int16_t quants[kGroups][kChunkBlocks][4][4][8 * kParts];  // [group][block][quarter][j]
  ChunkScales scales[kGroups];
};
static_assert(sizeof(Panel) <= kProductScratchBytes);

template <typename Format>
HWY_ATTR void fill_panel(const ProductTile& tile, std::int64_t first, int count, Panel& panel) {
  constexpr int kBlocks = kTogether<Format>;
  for (int group = 0; group * kGroupRows < tile.rows; ++group) {
    const GroupRows rows = group_rows(tile, group * kGroupRows);
    load_scales<Format>(rows, first, count, panel.scales[group]);
    for (int b = 0; b < count; b += kBlocks) {
      for (int j = 0; j < 4; ++j) {
        Quads quads[kBlocks];
        unpack<Format>(rows, j, first + b, quads);
        for (int i = 0; i < kBlocks; ++i) {
          for (int q = 0; q < 4; ++q) hn::Store(quads[i].columns[q], ShortTag(), panel.quants[group][b + i][q][j]);
        }
      }
    }
  }
}

// Multiplies eight columns of a group's rows with those of some tokens. The first eight columns of a block initialize
// the sums. This is a template parameter because a test in the loop keeps compilers from unrolling it.
template <bool kBegins, int kCount>
HWY_ATTR void add_products(const std::int16_t (&quants)[4][8 * kParts], const Token* tokens, std::int64_t column,
                           Ints (&dots)[kCount][4]) {
  Shorts x[kCount];
  for (int t = 0; t < kCount; ++t) x[t] = hn::LoadDup128(ShortTag(), tokens[t].quants + column);
  for (int j = 0; j < 4; ++j) {
    const Shorts weights = hn::Load(ShortTag(), quants[j]);
    for (int t = 0; t < kCount; ++t) {
      const Ints products = pair_products(weights, x[t]);
      dots[t][j] = kBegins ? products : dots[t][j] + products;
    }
  }
}

// Adds the panel's columns to the sums of one group of rows with a few tokens.
template <typename Format, int kCount>
HWY_ATTR void multiply_panel(const Panel& panel, int group, std::int64_t first, int count, const Token* tokens,
                             float* out) {
  const FloatTag tag;
  Floats sums[kCount];
  for (int t = 0; t < kCount; ++t) sums[t] = hn::LoadU(tag, out + t * kTileRows);
  for (int b = 0; b < count; ++b) {
    const auto& quants = panel.quants[group][b];
    const std::int64_t column = (first + b) * kBlockValues;
    Ints dots[kCount][4];
    add_products<true, kCount>(quants[0], tokens, column, dots);
    add_products<false, kCount>(quants[1], tokens, column + 8, dots);
    add_products<false, kCount>(quants[2], tokens, column + 16, dots);
    add_products<false, kCount>(quants[3], tokens, column + 24, dots);
    for (int t = 0; t < kCount; ++t) {
      const Ints sum = sums_of_parts(dots[t][0], dots[t][1], dots[t][2], dots[t][3]);
      sums[t] = add_block<Format>(sums[t], sum, panel.scales[group], b, tokens[t], first + b);
    }
  }
  for (int t = 0; t < kCount; ++t) hn::StoreU(sums[t], tag, out + t * kTileRows);
}

template <typename Format, int kCount>
HWY_ATTR void multiply_panel(const ProductTile& tile, const Panel& panel, std::int64_t first, int count,
                             int first_token) {
  Token tokens[kCount];
  for (int t = 0; t < kCount; ++t) tokens[t] = token_of(tile, first_token + t);
  for (int row = 0; row < tile.rows; row += kGroupRows) {
    multiply_panel<Format, kCount>(panel, row / kGroupRows, first, count, tokens,
                                   tile.out + first_token * kTileRows + row);
  }
}

template <typename Format>
HWY_ATTR void multiply_with_panels(const ProductTile& tile) {
  Panel& panel = *reinterpret_cast<Panel*>(tile.scratch);
  std::fill_n(tile.out, tile.token_count * kTileRows, 0.0f);
  const std::int64_t blocks = tile.columns / kBlockValues;
  for (std::int64_t first = 0; first < blocks; first += kChunkBlocks) {
    const int count = static_cast<int>(std::min<std::int64_t>(kChunkBlocks, blocks - first));
    fill_panel<Format>(tile, first, count, panel);
    int token = 0;
    for (; token + kTokens <= tile.token_count; token += kTokens) {
      multiply_panel<Format, kTokens>(tile, panel, first, count, token);
    }
    for (; token < tile.token_count; ++token) multiply_panel<Format, 1>(tile, panel, first, count, token);
  }
}

template <typename Format>
HWY_ATTR void multiply(const ProductKernel&, const ProductTile& tile) {
  switch (tile.token_count) {
    case 1: return multiply_directly<Format, 1>(tile, 0);
    case 2: return multiply_directly<Format, 2>(tile, 0);
    case 3: multiply_directly<Format, 2>(tile, 0); return multiply_directly<Format, 1>(tile, 2);
    default: return multiply_with_panels<Format>(tile);
  }
}

#else

// The scalar version: row by row and token by token, with sums in the same order.
template <typename Format>
void multiply(const ProductKernel&, const ProductTile& tile) {
  const QuantizedRows& x = tile.x->quantized;
  std::fill_n(tile.out, tile.token_count * kTileRows, 0.0f);
  for (int row = 0; row < tile.rows; ++row) {
    for (std::int64_t number = 0; number < x.blocks(); ++number) {
      const auto& block = *reinterpret_cast<const typename Format::Block*>(tile.row(row) + Format::offset_of(number));
      const int group = static_cast<int>(number % Format::kGroups);
      std::int16_t quants[kBlockValues];
      Format::unpack(block, group, quants);
      const float scale = Format::scale(block, group);
      for (int t = 0; t < tile.token_count; ++t) {
        const std::int64_t at = tile.tokens[t] * x.blocks() + number;
        const std::int16_t* own = x.quants + at * kBlockValues;
        std::int32_t dot = -Format::kOffset * x.totals[at];
        for (int j = 0; j < kBlockValues; ++j) dot += static_cast<std::int32_t>(quants[j]) * own[j];
        float& sum = tile.out[t * kTileRows + row];
        sum = sum + static_cast<float>(dot) * (scale * x.scales[at]);
        if constexpr (Format::kHasMinimum) sum = sum + Format::minimum(block, group) * x.sums[at];
      }
    }
  }
}

#endif

Multiply multiply_of(quant::FormatId id) {
  using enum quant::FormatId;
  switch (id) {
    case kQ4_0: return multiply<FormatQ4_0>;
    case kQ4_1: return multiply<FormatQ4_1>;
    case kQ5_0: return multiply<FormatQ5_0>;
    case kQ5_1: return multiply<FormatQ5_1>;
    case kQ8_0: return multiply<FormatQ8_0>;
    case kQ4_K: return multiply<FormatQ4_K>;
    case kQ5_K: return multiply<FormatQ5_K>;
    case kQ6_K: return multiply<FormatQ6_K>;
    case kIQ4_NL: return multiply<FormatIQ4_NL>;
    case kIQ4_XS: return multiply<FormatIQ4_XS>;
    case kMXFP4: return multiply<FormatMXFP4>;
    default: return nullptr;
  }
}

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

Multiply integer_product(quant::FormatId id, CpuTier tier) { return ROCMFORGE_CPU_PICK(multiply_of(id), tier); }

}  // namespace rocmforge::cpu
#endif
