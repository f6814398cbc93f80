// Views of activations and weights in a backend's memory, which operations read and write.
//
// A view owns nothing. Only the backend that owns the memory may follow a view's pointers, unless the backend says that
// its memory is host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "quant/formats.h"

namespace rocmforge::ops {

// Float32 activations with one row per token. Rows are `stride` values apart.
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

// A tensor whose rows are divided into heads: `size` values per head, `head_stride` apart, the first at `offset`.
// Values between the heads belong to another operation.
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

// A matrix as a file stores it: `count` matrices (one per expert or head), one after the other, each of `rows` rows of
// `columns` values. It maps `columns` values to `rows`. The bytes are in host memory and must outlive the model.
struct WeightSource {
  std::string_view name;
  const quant::Format* format = nullptr;
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::int64_t count = 1;
  std::int64_t matrix_bytes = 0;  // from one matrix to the next
  std::span<const std::byte> bytes;

  std::int64_t row_bytes() const {
    return columns / static_cast<std::int64_t>(format->block_values) * static_cast<std::int64_t>(format->block_bytes);
  }
};

// A matrix as a backend holds it, possibly repacked. The backend defines the meaning of `data`.
struct Weight {
  const quant::Format* format = nullptr;
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::int64_t count = 1;
  const std::byte* data = nullptr;
  std::int64_t row_bytes = 0;
  // From one matrix to the next; more than its rows take if it is part of a larger tensor.
  std::int64_t matrix_bytes = 0;
  const float* scale = nullptr;  // [count]: factor of each matrix's product; may be absent

  bool is_present() const { return data != nullptr; }
  // Requires: the matrix is stored as in the file.
  const std::byte* row(std::int64_t matrix, std::int64_t r) const {
    return data + matrix * matrix_bytes + r * row_bytes;
  }
};

// A linear map: y = scale * (W x) + bias. bias: [count, rows], or absent.
struct Linear {
  Weight weight;
  const float* bias = nullptr;

  bool is_present() const { return weight.is_present(); }
};

}  // namespace rocmforge::ops
