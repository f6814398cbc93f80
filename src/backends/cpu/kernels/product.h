// Kernels for products of a tile of a matrix with rows of activations, and the table that selects them.
//
// There are two schemes. Formats whose values are small integers times a block's scale are multiplied as integers, with
// activations rounded to 8 bits (see quantized_rows.h). F32, F16 and BF16 are multiplied as floats with unrounded
// activations, and so is every other format after it is decoded.
//
// The order of an element's sum depends only on the columns: the tile, the place in it, and the number of tokens do not
// change a bit. In integer products the sums are exact within a block, and blocks are added in order with separate
// multiplications and additions, so the results have the same bits on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/cpu/kernels/quantized_rows.h"
#include "base/cpu_tier.h"
#include "quant/row_kernels.h"

namespace rocmforge::cpu {

inline constexpr int kTileRows = 64;     // maximum number of matrix rows in a tile
inline constexpr int kTileTokens = 256;  // maximum number of activation rows that a tile is multiplied with at once
// Number of columns that are unpacked at a time; a multiple of every format's block size.
inline constexpr int kTileColumns = 512;

// Rows of activations, as floats and possibly also as integers.
struct ActivationRows {
  const float* values = nullptr;  // row r at values + r * stride
  std::int64_t stride = 0;
  QuantizedRows quantized;
};

struct ProductTile {
  const std::byte* weights = nullptr;  // the tile's first row
  std::int64_t row_bytes = 0;
  std::int64_t columns = 0;
  int rows = 0;
  const ActivationRows* x = nullptr;
  const std::int32_t* tokens = nullptr;  // [token_count]: indices of rows of x
  int token_count = 0;
  float* out = nullptr;          // [token_count, kTileRows]
  std::byte* scratch = nullptr;  // kProductScratchBytes of the calling thread, aligned to a cache line

  const std::byte* row(int r) const { return weights + r * row_bytes; }
};

// Scratch memory for unpacked weights and for an aligned copy of a row's blocks.
inline constexpr std::size_t kProductScratchBytes = std::size_t{kTileRows} * kTileColumns * sizeof(float) + (32u << 10);

struct ProductKernel {
  void (*multiply)(const ProductKernel& self, const ProductTile& tile) = nullptr;
  bool takes_quantized = false;
  // For formats that are decoded to float first.
  const quant::RowKernels* codec = nullptr;
  int block_values = 0;
  int block_bytes = 0;

  void operator()(const ProductTile& tile) const { multiply(*this, tile); }
};

// Returns the kernel of a format. Requires: it is not an integer format.
ProductKernel product_kernel(const quant::Format& format, CpuTier tier);

using Multiply = void (*)(const ProductKernel& self, const ProductTile& tile);
// Return nullptr if the format has no kernel of this kind.
Multiply integer_product(quant::FormatId id, CpuTier tier);
Multiply float_product(quant::FormatId id, CpuTier tier);
Multiply decoding_product(CpuTier tier);

}  // namespace rocmforge::cpu
