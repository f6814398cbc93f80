// What operations work on: views of activations and of weights, which a backend's memory holds.
//
// A view owns nothing. Its pointers are the backend's: only that backend may follow them, unless it says that its
// memory is the host's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "quant/formats.h"

namespace rocmforge::ops {

// Activations, float32: a row a token, `stride` values from one row to the next.
struct Tensor {
  float* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t stride = 0;

  float* row(std::int64_t r) const { return data + r * stride; }
  std::span<float> values(std::int64_t r) const { return {row(r), static_cast<std::size_t>(columns)}; }

  Tensor first_rows(std::int64_t count) const { return {data, count, columns, stride}; }
  Tensor slice(std::int64_t first, std::int64_t count) const { return {data + first, rows, count, stride}; }
};

// The same, where a row is cut into heads: `size` values of each, beginning at `offset`, `head_stride` apart. What lies
// between is another operation's.
struct Heads {
  Tensor tensor;
  int heads = 0;
  int size = 0;
  int head_stride = 0;
  int offset = 0;

  float* at(std::int64_t row, int head) const {
    return tensor.row(row) + static_cast<std::int64_t>(head) * head_stride + offset;
  }
};

// A matrix as a file stores it, in host memory that lives as long as the model: `rows` rows of `columns` values, that
// many times `count` (experts, heads), one after the other. It maps `columns` values to `rows`.
struct WeightSource {
  std::string_view name;
  const quant::Format* format = nullptr;
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::int64_t count = 1;
  std::int64_t matrix_bytes = 0;  // from one of them to the next
  std::span<const std::byte> bytes;

  std::int64_t row_bytes() const {
    return columns / static_cast<std::int64_t>(format->block_values) * static_cast<std::int64_t>(format->block_bytes);
  }
};

// The same as a backend holds it, maybe repacked: `data` and `packing` mean what the backend says.
struct Weight {
  const quant::Format* format = nullptr;
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::int64_t count = 1;
  const std::byte* data = nullptr;
  std::int64_t row_bytes = 0;
  std::int64_t matrix_bytes = 0;  // from one of `count` to the next; more than its rows where they are part of a tensor
  int packing = 0;                // 0: as in the file
  const float* scale = nullptr;   // one value for each of `count`, which multiplies the product; may be absent

  bool is_present() const { return data != nullptr; }
  // Where it is packed as in the file.
  const std::byte* row(std::int64_t matrix, std::int64_t r) const {
    return data + matrix * matrix_bytes + r * row_bytes;
  }
};

// y = W x, times the scale, plus the bias. bias: [count, rows], or absent.
struct Linear {
  Weight weight;
  const float* bias = nullptr;

  bool is_present() const { return weight.is_present(); }
};

}  // namespace rocmforge::ops
