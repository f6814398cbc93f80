#include "convert/hugging_face/quantized_weights.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/float_formats.h"
#include "base/text.h"
#include "convert/hugging_face/stored_weight.h"
#include "quant/mx.h"

namespace rocmforge::convert {

using quant::FormatId;

float number_at(const StoredTensor& tensor, std::uint64_t i) {
  const std::span bytes = tensor.bytes;
  switch (tensor.element) {
    case Element::kF64: return static_cast<float>(element_at<double>(bytes, i));
    case Element::kF32: return element_at<float>(bytes, i);
    case Element::kF16: return to_float(Half{element_at<std::uint16_t>(bytes, i)});
    case Element::kBF16: return to_float(BFloat16{element_at<std::uint16_t>(bytes, i)});
    case Element::kF8E4M3: return quant::kValueOfCode<Fp8E4M3>[byte_at(bytes, i)];
    case Element::kF8E5M2: return quant::kValueOfCode<Fp8E5M2>[byte_at(bytes, i)];
    case Element::kF8E8M0: return to_float(E8M0{byte_at(bytes, i)});
    case Element::kI64: return static_cast<float>(element_at<std::int64_t>(bytes, i));
    case Element::kI32: return static_cast<float>(element_at<std::int32_t>(bytes, i));
    case Element::kI16: return static_cast<float>(element_at<std::int16_t>(bytes, i));
    case Element::kI8: return static_cast<float>(element_at<std::int8_t>(bytes, i));
    case Element::kU64: return static_cast<float>(element_at<std::uint64_t>(bytes, i));
    case Element::kU32: return static_cast<float>(element_at<std::uint32_t>(bytes, i));
    case Element::kU16: return static_cast<float>(element_at<std::uint16_t>(bytes, i));
    case Element::kU8:
    case Element::kBool: return static_cast<float>(byte_at(bytes, i));
  }
  return 0;
}

std::uint64_t count_of(const StoredTensor& tensor) {
  return std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::uint64_t{1}, std::multiplies<>());
}

Error misfit(const StoredTensor& part, const std::string& expected) {
  return error(ErrorCode::kMalformed, "{}: tensor '{}' is {} {}, expected {}", part.file, printable(part.name),
               name_of(part.element), to_string(part.shape), expected);
}

namespace {

class PlainWeight final : public StoredWeight {
 public:
  explicit PlainWeight(Storage storage) : StoredWeight(storage.tensor.name, storage.tensor.shape, storage) {}

  const quant::Format& format() const override {
    switch (stored().element) {
      case Element::kF16: return quant::format_of(FormatId::kF16);
      case Element::kBF16: return quant::format_of(FormatId::kBF16);
      default: return quant::format_of(FormatId::kF32);
    }
  }

  // Nearly all weights have one of these three types, so these have loops of their own.
  void read(std::uint64_t first, std::int64_t step, std::span<float> out) const override {
    switch (stored().element) {
      case Element::kF32: return gather<float>(first, step, out, [](float value) { return value; });
      case Element::kF16:
        return gather<std::uint16_t>(first, step, out, [](std::uint16_t bits) { return to_float(Half{bits}); });
      case Element::kBF16:
        return gather<std::uint16_t>(first, step, out, [](std::uint16_t bits) { return to_float(BFloat16{bits}); });
      default: return StoredWeight::read(first, step, out);
    }
  }

 private:
  template <typename T, typename ToFloat>
  void gather(std::uint64_t first, std::int64_t step, std::span<float> out, ToFloat to_number) const {
    const std::byte* at = stored().bytes.data() + first * sizeof(T);
    for (float& value : out) {
      T element;
      std::memcpy(&element, at, sizeof(T));
      value = to_number(element);
      at += step * static_cast<std::int64_t>(sizeof(T));
    }
  }

  float at(std::uint64_t index) const override { return number_at(stored(), index); }
};

class ScaledFp8Weight final : public StoredWeight {
 public:
  ScaledFp8Weight(std::string name, Storage codes, const StoredTensor& scales)
      : StoredWeight(std::move(name), codes.tensor.shape, codes), scales_(scales) {
    if (shape().size() < 2) throw misfit(stored(), "a matrix");
    const std::uint64_t rows = shape()[shape().size() - 2];
    const std::uint64_t matrices = Weight::count() / std::max<std::uint64_t>(rows * columns(), 1);
    const std::uint64_t count = count_of(scales);
    if (count == 1 || (matrices > 0 && count == matrices)) {
      scale_columns_ = scale_rows_ = 1;
      shared_ = count == 1;
    } else if (count == rows * matrices) {
      scale_rows_ = rows, scale_columns_ = 1;
    } else if (scales.shape.size() >= 2 &&
               count == matrices * scales.shape.back() * scales.shape[scales.shape.size() - 2]) {
      scale_rows_ = scales.shape[scales.shape.size() - 2];
      scale_columns_ = scales.shape.back();
    } else {
      throw misfit(scales, "a scale for all, each row, or each block of " + to_string(shape()));
    }
    if (scale_rows_ == 0 || scale_columns_ == 0) throw misfit(scales, "at least one scale");
    row_block_ = block_size(rows, scale_rows_);
    column_block_ = block_size(columns(), scale_columns_);
    rows_ = rows;
  }

  const quant::Format& format() const override { return quant::format_of(FormatId::kBF16); }

 private:
  // The block size is 128 in all known files. The last block may be shorter, so the size does not always follow from
  // the counts.
  std::uint64_t block_size(std::uint64_t size, std::uint64_t blocks) const {
    for (const std::uint64_t usual : {std::uint64_t{128}, std::uint64_t{64}, std::uint64_t{32}}) {
      if ((size + usual - 1) / usual == blocks) return usual;
    }
    if (size < blocks || size % blocks != 0) throw misfit(scales_, "blocks that divide " + to_string(shape()));
    return size / blocks;
  }

  float at(std::uint64_t index) const override {
    const std::uint64_t column = index % columns(), row = index / columns() % rows_;
    const std::uint64_t matrix = shared_ ? 0 : index / columns() / rows_;
    const std::uint64_t scale = (matrix * scale_rows_ + row / row_block_) * scale_columns_ + column / column_block_;
    return number_at(stored(), index) * number_at(scales_, shared_ ? 0 : scale);
  }

  const StoredTensor& scales_;
  std::uint64_t rows_ = 1, scale_rows_ = 1, scale_columns_ = 1, row_block_ = 1, column_block_ = 1;
  bool shared_ = false;
};

}  // namespace

std::unique_ptr<Weight> plain_weight(Storage storage) { return std::make_unique<PlainWeight>(storage); }

std::unique_ptr<Weight> scaled_fp8_weight(std::string name, Storage codes, const StoredTensor& scales) {
  return std::make_unique<ScaledFp8Weight>(std::move(name), codes, scales);
}

}  // namespace rocmforge::convert
