// Matrix products. The rows of weights are divided into tiles, and every thread takes the next tile.
#include <algorithm>

#include "backends/cpu/cpu_backend.h"
#include "base/error.h"

namespace rocmforge::cpu {

using namespace ops;

namespace {

constexpr std::int64_t kLeastTileRows = 16;

std::int64_t tiles_of(std::int64_t rows, std::int64_t tile_rows) { return (rows + tile_rows - 1) / tile_rows; }

int rows_here(std::int64_t first, std::int64_t all, int at_most) {
  return static_cast<int>(std::min<std::int64_t>(all - first, at_most));
}

}  // namespace

const ProductKernel& CpuBackend::kernel_of(const quant::Format& format) const {
  return products_[static_cast<std::size_t>(&format - quant::formats().data())];
}

bool CpuBackend::takes_quantized(const Linear& linear) const {
  return linear.is_present() && kernel_of(*linear.weight.format).takes_quantized;
}

int CpuBackend::tile_rows(std::int64_t all_rows) const {
  const std::int64_t fair = all_rows / (4 * pool_.size()) / kLeastTileRows * kLeastTileRows;
  return static_cast<int>(std::clamp<std::int64_t>(fair, kLeastTileRows, kTileRows));
}

void CpuBackend::multiply(const Tile& tile, ThreadScratch& scratch, float* out) const {
  const Weight& weight = tile.linear.weight;
  ProductTile product;
  product.weights = weight.row(tile.index, tile.first_row);
  product.row_bytes = weight.row_bytes;
  product.columns = weight.columns;
  product.rows = tile.rows;
  product.x = &tile.x;
  product.tokens = tile.tokens;
  product.token_count = tile.token_count;
  product.out = out;
  product.scratch = scratch.product_scratch;
  kernel_of (*weight.format)(product);

  const float scale = weight.scale == nullptr ? 1 : weight.scale[tile.index];
  const std::int64_t first = tile.index * weight.rows + tile.first_row;
  const float* const bias = tile.linear.bias == nullptr ? nullptr : tile.linear.bias + first;
  for (int t = 0; t < tile.token_count; ++t) {
    float* const sums = out + t * kTileRows;
    if (tile.factors != nullptr) elementwise_.scale(tile.factors[t], sums, tile.rows);
    if (weight.scale != nullptr) {
      for (int r = 0; r < tile.rows; ++r) sums[r] *= scale;
    }
    if (bias != nullptr) {
      for (int r = 0; r < tile.rows; ++r) sums[r] += bias[r];
    }
  }
}

void CpuBackend::quantize(Tensor x, const QuantizedRows& out) {
  constexpr std::int64_t kPart = 4096;  // columns per task, so that threads share a long row
  const std::int64_t parts = tiles_of(x.columns, kPart);
  for_each_row(x.rows * parts, std::min(kPart, x.columns), [&](std::int64_t index, int) {
    const std::int64_t row = index / parts;
    const std::int64_t first = index % parts * kPart;
    quantize_row_(x.row(row) + first, row, first, std::min(kPart, x.columns - first), out);
  });
}

ActivationRows CpuBackend::activations(Tensor x, bool quantized) {
  ActivationRows result;
  result.values = x.data;
  result.stride = x.stride;
  if (quantized) {
    result.quantized = scratch_.quantized(x.rows, x.columns);
    quantize(x, result.quantized);
  }
  return result;
}

namespace {

// Calls function(first, count) for chunks of a step's rows, with their indices in `tokens`.
template <typename Function>
void for_token_chunks(std::int64_t rows, std::int32_t* tokens, Function function) {
  for (std::int64_t first = 0; first < rows; first += kTileTokens) {
    const int count = rows_here(first, rows, kTileTokens);
    for (int t = 0; t < count; ++t) tokens[t] = static_cast<std::int32_t>(first + t);
    function(first, count);
  }
}

void write_tile(const float* sums, std::int64_t first_token, int tokens, std::int64_t first_row, int rows, Write write,
                Tensor out) {
  for (int t = 0; t < tokens; ++t) {
    const float* const from = sums + t * kTileRows;
    float* const to = out.row(first_token + t) + first_row;
    if (write == Write::kSet) {
      std::copy_n(from, rows, to);
    } else {
      for (int r = 0; r < rows; ++r) to[r] += from[r];
    }
  }
}

}  // namespace

void CpuBackend::linear(Tensor x, std::span<const Projection> projections, Write write) {
  bool quantized = false;
  std::int64_t all_rows = 0;
  for (const Projection& projection : projections) {
    quantized |= takes_quantized(projection.linear);
    all_rows += projection.linear.weight.rows;
  }
  const ActivationRows own = activations(x, quantized);
  const int rows_of_tile = tile_rows(all_rows);
  std::int64_t tiles = 0;
  for (const Projection& projection : projections) tiles += tiles_of(projection.linear.weight.rows, rows_of_tile);

  pool_.parallel_for(static_cast<std::size_t>(tiles), [&](std::size_t index, int thread) {
    auto number = static_cast<std::int64_t>(index);
    const Projection* projection = projections.data();
    for (;; ++projection) {
      const std::int64_t here = tiles_of(projection->linear.weight.rows, rows_of_tile);
      if (number < here) break;
      number -= here;
    }
    ThreadScratch& scratch = scratch_.thread(thread);
    const std::int64_t first = number * rows_of_tile;
    const int rows = rows_here(first, projection->linear.weight.rows, rows_of_tile);
    for_token_chunks(x.rows, scratch.tokens, [&](std::int64_t first_token, int tokens) {
      multiply({projection->linear, 0, first, rows, own, scratch.tokens, tokens}, scratch, scratch.tile);
      write_tile(scratch.tile, first_token, tokens, first, rows, write, projection->out);
    });
  });
}

void CpuBackend::linear_heads(Heads x, const Weight& weight, Heads out) {
  const Linear linear{weight, nullptr};
  const std::int64_t rows = x.tensor.rows;
  const bool quantized = takes_quantized(linear);
  QuantizedRows quants;
  if (quantized) {
    quants = scratch_.quantized(rows * x.heads, x.size);
    for_each_row(rows * x.heads, x.size, [&](std::int64_t index, int) {
      quantize_row_(x.at(index / x.heads, static_cast<int>(index % x.heads)), index, 0, x.size, quants);
    });
  }
  const int rows_of_tile = tile_rows(weight.rows * x.heads);
  const std::int64_t tiles = tiles_of(weight.rows, rows_of_tile);
  pool_.parallel_for(static_cast<std::size_t>(tiles * x.heads), [&](std::size_t index, int thread) {
    const int head = static_cast<int>(static_cast<std::int64_t>(index) / tiles);
    const std::int64_t first = static_cast<std::int64_t>(index) % tiles * rows_of_tile;
    const int count = rows_here(first, weight.rows, rows_of_tile);
    ThreadScratch& scratch = scratch_.thread(thread);
    const ActivationRows own{x.at(0, head), x.tensor.stride, quants};
    for_token_chunks(rows, scratch.tokens, [&](std::int64_t first_token, int tokens) {
      if (quantized) {
        for (int t = 0; t < tokens; ++t) scratch.tokens[t] = scratch.tokens[t] * x.heads + head;
      }
      multiply({linear, head, first, count, own, scratch.tokens, tokens}, scratch, scratch.tile);
      for (int t = 0; t < tokens; ++t) {
        std::copy_n(scratch.tile + t * kTileRows, count, out.at(first_token + t, head) + first);
      }
    });
  });
}

void CpuBackend::gate_up_tile(const FeedForward& ffn, Tile tile, ThreadScratch& scratch) const {
  multiply(tile, scratch, scratch.tile);
  const bool gated = ffn.gate.is_present();
  if (gated) {
    multiply({ffn.gate, tile.index, tile.first_row, tile.rows, tile.x, tile.tokens, tile.token_count, tile.factors},
             scratch, scratch.second_tile);
  }
  for (int t = 0; t < tile.token_count; ++t) {
    float* const up = scratch.tile + t * kTileRows;
    const float* const gate = gated ? scratch.second_tile + t * kTileRows : nullptr;
    elementwise_.activate(ffn.activation, ffn.xielu, gate, up, up, tile.rows);
  }
}

void CpuBackend::gate_up(Tensor x, const FeedForward& ffn, Tensor hidden) {
  const ActivationRows own = activations(x, takes_quantized(ffn.gate) || takes_quantized(ffn.up));
  const std::int64_t width = ffn.up.weight.rows;
  const int rows_of_tile = tile_rows(width);
  pool_.parallel_for(static_cast<std::size_t>(tiles_of(width, rows_of_tile)), [&](std::size_t index, int thread) {
    ThreadScratch& scratch = scratch_.thread(thread);
    const std::int64_t first = static_cast<std::int64_t>(index) * rows_of_tile;
    const int rows = rows_here(first, width, rows_of_tile);
    for_token_chunks(x.rows, scratch.tokens, [&](std::int64_t first_token, int tokens) {
      gate_up_tile(ffn, {ffn.up, 0, first, rows, own, scratch.tokens, tokens}, scratch);
      write_tile(scratch.tile, first_token, tokens, first, rows, Write::kSet, hidden);
    });
  });
}

}  // namespace rocmforge::cpu
