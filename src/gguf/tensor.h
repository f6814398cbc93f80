// Describes a tensor of a GGUF file: its name, shape, format and bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gguf/limits.h"
#include "quant/formats.h"

namespace rocmforge::gguf {

// A shape of one to four dimensions, contiguous dimension first, as in the file. A matrix of 4 rows of 512 values is
// [512, 4].
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::uint64_t> dimensions) : Shape(std::span(dimensions.begin(), dimensions.size())) {}
  explicit Shape(std::span<const std::uint64_t> dimensions);

  int rank() const { return rank_; }
  std::span<const std::uint64_t> dimensions() const { return {dimensions_.data(), static_cast<std::size_t>(rank_)}; }

  // Returns 1 for dimensions beyond the rank.
  std::uint64_t operator[](int i) const { return dimensions_[static_cast<std::size_t>(i)]; }

  // These do not overflow for the shapes of tensors that have been checked.
  std::uint64_t row_length() const { return dimensions_[0]; }
  std::uint64_t rows() const { return dimensions_[1] * dimensions_[2] * dimensions_[3]; }
  std::uint64_t count() const { return row_length() * rows(); }

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  int rank_ = 1;
  std::array<std::uint64_t, kMaxDimensions> dimensions_ = {1, 1, 1, 1};
};

// Returns text such as "[512, 4]".
std::string to_string(const Shape& shape);

struct Tensor {
  std::string_view name;
  const quant::Format* format = nullptr;
  Shape shape;
  std::span<const std::byte> bytes;  // in the mapped file
  std::uint32_t part = 0;            // which of the model's files
};

// The number of bytes of a tensor in a format, or the reason why it cannot be stored.
struct StoredSize {
  std::uint64_t bytes = 0;
  std::string fault;  // "has rows of 33 values, not a multiple of 32"; empty if it can be stored
};
StoredSize stored_size(const quant::Format& format, const Shape& shape);

// Returns the bytes of a row. Requires: row_length is a multiple of the format's block_values.
inline std::uint64_t row_bytes(const quant::Format& format, std::uint64_t row_length) {
  return row_length / format.block_values * format.block_bytes;
}

}  // namespace rocmforge::gguf
