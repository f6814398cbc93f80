#include "gguf/tensor_values.h"

#include "base/error.h"
#include "base/text.h"
#include "quant/codec.h"

namespace rocmforge::gguf {

void refuse_integers(const Tensor& tensor, const std::string& path) {
  if (!tensor.format->is_integer()) return;
  throw error(ErrorCode::kMalformed, "{}: tensor '{}' is {}, expected floating-point numbers", path,
              printable(tensor.name), tensor.format->name);
}

std::vector<float> decoded(const Tensor& tensor) {
  std::vector<float> values(tensor.shape.count());
  const std::uint64_t row = tensor.shape.row_length();
  const std::uint64_t bytes = row_bytes(*tensor.format, row);
  for (std::uint64_t r = 0; r < tensor.shape.rows(); ++r) {
    quant::decode_row(*tensor.format, tensor.bytes.subspan(r * bytes, bytes), std::span(values).subspan(r * row, row));
  }
  return values;
}

}  // namespace rocmforge::gguf
