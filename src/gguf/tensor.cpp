#include "gguf/tensor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::gguf {

Shape::Shape(std::span<const std::uint64_t> dimensions) : rank_(static_cast<int>(dimensions.size())) {
  RF_CHECK(rank_ >= 1 && rank_ <= kMaxDimensions);
  std::copy(dimensions.begin(), dimensions.end(), dimensions_.begin());
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape.dimensions(), ", ")); }

StoredSize stored_size(const quant::Format& format, const Shape& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t dimension : shape.dimensions()) {
    if (dimension == 0) return {0, fmt::format("has shape {}: a dimension of 0 holds nothing", to_string(shape))};
    if (__builtin_mul_overflow(count, dimension, &count)) {
      return {0, fmt::format("has shape {}, more values than 64 bits can count", to_string(shape))};
    }
  }
  if (shape.row_length() % format.block_values != 0) {
    return {0, fmt::format("of type {} has rows of {} values, not a multiple of {}", format.name,
                           group_digits(shape.row_length()), format.block_values)};
  }
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count / format.block_values, std::uint64_t{format.block_bytes}, &bytes)) {
    return {
        0, fmt::format("of type {} and shape {} has more bytes than 64 bits can count", format.name, to_string(shape))};
  }
  return {bytes, {}};
}

}  // namespace rocmforge::gguf
