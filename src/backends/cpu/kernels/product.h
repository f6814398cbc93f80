// Products of a tile of a matrix with rows of activations: what the backend hands to the kernels, and the table that
// picks them.
//
// Two schemes. Formats whose values are small integers times a block's scale are multiplied as integers, with
// activations rounded to 8 bits (see quantized_rows.h); F32, F16 and BF16 in float with activations as they are, and
// every other format like F32 after it is decoded.
//
// An element's sum has one order, which follows from the columns alone: neither the tile, the place in it, nor how many
// tokens come along changes a bit. Of integer products the sums are exact within a block and then added block by block
// with separate multiplications and additions, so they even have the same bits on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/cpu/kernels/quantized_rows.h"
#include "base/cpu_tier.h"
#include "quant/row_kernels.h"

namespace rocmforge::cpu {

inline constexpr int kTileRows = 64;      // rows of a matrix in a tile, at most
inline constexpr int kTileTokens = 256;   // rows of activations that a tile is multiplied with at once, at most
inline constexpr int kTileColumns = 512;  // columns that a tile is unpacked for at a time; a multiple of all blocks

// Rows of activations in one of the two forms.
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
  const std::int32_t* tokens = nullptr;  // numbers of rows of x
  int token_count = 0;
  float* out = nullptr;          // [token_count, kTileRows]
  std::byte* scratch = nullptr;  // kProductScratchBytes of the calling thread, on a cache line

  const std::byte* row(int r) const { return weights + r * row_bytes; }
};

// Unpacked weights, and the blocks of a row that is not aligned.
inline constexpr std::size_t kProductScratchBytes = std::size_t{kTileRows} * kTileColumns * sizeof(float) + (32u << 10);

struct ProductKernel {
  void (*multiply)(const ProductKernel& self, const ProductTile& tile) = nullptr;
  bool takes_quantized = false;
  // Of the formats that are decoded to float first.
  const quant::RowKernels* codec = nullptr;
  int block_values = 0;
  int block_bytes = 0;

  void operator()(const ProductTile& tile) const { multiply(*this, tile); }
};

// Of any format but the integer ones.
ProductKernel product_kernel(const quant::Format& format, CpuTier tier);

using Multiply = void (*)(const ProductKernel& self, const ProductTile& tile);
// nullptr when the format has no kernel of the kind.
Multiply integer_product(quant::FormatId id, CpuTier tier);
Multiply float_product(quant::FormatId id, CpuTier tier);
Multiply decoding_product(CpuTier tier);

}  // namespace rocmforge::cpu
