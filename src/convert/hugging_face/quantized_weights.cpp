#include "convert/hugging_face/quantized_weights.h"

#include <bit>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "base/float_formats.h"
#include "base/text.h"
#include "quant/mxfp4.h"
#include "quant/mxfp6.h"
#include "quant/nvfp4.h"
#include "quant/q4_0.h"

namespace rocmforge::convert {
namespace {

using quant::FormatId;

template <typename T>
T element_at(std::span<const std::byte> bytes, std::uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

std::uint8_t byte_at(std::span<const std::byte> bytes, std::uint64_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

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

// What all of them share: the numbers are found one by one, at places that a caller steps through.
class StoredWeight : public Weight {
 public:
  void release() const noexcept final { storage_.checkpoint.release(storage_.tensor); }
  void read(std::uint64_t first, std::int64_t step, std::span<float> out) const final {
    auto place = static_cast<std::int64_t>(first);
    for (float& value : out) {
      value = at(static_cast<std::uint64_t>(place));
      place += step;
    }
  }

 protected:
  StoredWeight(std::string name, std::vector<std::uint64_t> shape, Storage storage)
      : Weight(std::move(name), std::move(shape)), storage_(storage) {}

  virtual float at(std::uint64_t index) const = 0;

  std::uint64_t columns() const { return shape().back(); }
  const StoredTensor& stored() const { return storage_.tensor; }

 private:
  Storage storage_;
};

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

 private:
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
  // 128 in all known files; the last block may be shorter, so that the size cannot always be told from the counts.
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

// [out, in] of four-bit integers with a scale and a zero point for groups of inputs.
class FourBitWeight : public StoredWeight {
 public:
  // Q4_0 is the same thing where the zero point is 8 and groups are whole blocks, if the scale is a half.
  const quant::Format& format() const final { return quant::format_of(is_q4_0_ ? FormatId::kQ4_0 : FormatId::kF16); }
  void read_blocks(std::uint64_t first, std::span<std::byte> out) const final {
    for (std::size_t at = 0; at < out.size(); at += sizeof(quant::BlockQ4_0), first += 32) {
      quant::BlockQ4_0 block;
      const std::uint64_t row = first / columns(), column = first % columns();
      block.scale = to_half(scale(row, column));
      for (std::uint64_t j = 0; j < 16; ++j) {
        block.nibbles[j] = static_cast<std::uint8_t>(code(row, column + j) | code(row, column + 16 + j) << 4);
      }
      std::memcpy(out.data() + at, &block, sizeof block);
    }
  }

 protected:
  using StoredWeight::StoredWeight;
  virtual int code(std::uint64_t row, std::uint64_t column) const = 0;
  virtual int zero(std::uint64_t row, std::uint64_t column) const = 0;
  virtual float scale(std::uint64_t row, std::uint64_t column) const = 0;
  void is_q4_0_if(bool condition) { is_q4_0_ = condition; }

 private:
  float at(std::uint64_t index) const final {
    const std::uint64_t row = index / columns(), column = index % columns();
    return static_cast<float>(code(row, column) - zero(row, column)) * scale(row, column);
  }

  bool is_q4_0_ = false;
};

int nibble_at(const StoredTensor& words, std::uint64_t word, std::uint64_t number) {
  return static_cast<int>(element_at<std::uint32_t>(words.bytes, word) >> (4 * number) & 15);
}

class GptqWeight final : public FourBitWeight {
 public:
  GptqWeight(std::string name, const FourBitParts& parts, ZeroPoints zero_points)
      : FourBitWeight(std::move(name), {parts.scales.shape.back(), parts.words.tensor.shape[0] * 8}, parts.words),
        zeros_(parts.zeros),
        scales_(parts.scales),
        order_(parts.order),
        offset_(zero_points == ZeroPoints::kLessOne ? 1 : 0) {
    group_ = columns() / std::max<std::uint64_t>(scales_.shape[0], 1);
    const bool fits = stored().shape[1] == shape()[0] && group_ > 0 && columns() == group_ * scales_.shape[0] &&
                      zeros_.shape.size() == 2 && zeros_.shape[0] == scales_.shape[0] &&
                      zeros_.shape[1] * 8 == shape()[0];
    if (!fits) throw misfit(stored(), "words of eight inputs that fit scales of " + to_string(scales_.shape));
    is_q4_0_if(scales_.element == Element::kF16 && group_ % 32 == 0 && is_symmetric() && has_plain_order());
  }

 private:
  bool is_symmetric() const {
    for (std::uint64_t word = 0; word < count_of(zeros_); ++word) {
      if (element_at<std::uint32_t>(zeros_.bytes, word) != 0x88888888u - 0x11111111u * static_cast<unsigned>(offset_))
        return false;
    }
    return true;
  }
  bool has_plain_order() {
    if (order_ == nullptr) return true;
    if (order_->element != Element::kI32 || count_of(*order_) != columns()) {
      throw misfit(*order_, "the group of each of " + std::to_string(columns()) + " inputs");
    }
    bool is_plain = true;
    for (std::uint64_t column = 0; column < columns(); ++column) {
      const auto group = element_at<std::uint32_t>(order_->bytes, column);
      if (group >= scales_.shape[0]) throw misfit(*order_, "groups below " + std::to_string(scales_.shape[0]));
      is_plain &= group == column / group_;
    }
    if (is_plain) order_ = nullptr;
    return is_plain;
  }
  std::uint64_t group(std::uint64_t column) const {
    if (order_ == nullptr) return column / group_;
    return std::min<std::uint64_t>(element_at<std::uint32_t>(order_->bytes, column), scales_.shape[0] - 1);
  }
  int code(std::uint64_t row, std::uint64_t column) const override {
    return nibble_at(stored(), column / 8 * shape()[0] + row, column % 8);
  }
  int zero(std::uint64_t row, std::uint64_t column) const override {
    return nibble_at(zeros_, group(column) * zeros_.shape[1] + row / 8, row % 8) + offset_;
  }
  float scale(std::uint64_t row, std::uint64_t column) const override {
    return number_at(scales_, group(column) * shape()[0] + row);
  }

  const StoredTensor& zeros_;
  const StoredTensor& scales_;
  const StoredTensor* order_;
  int offset_;
  std::uint64_t group_ = 1;
};

class AwqWeight final : public FourBitWeight {
 public:
  AwqWeight(std::string name, const FourBitParts& parts)
      : FourBitWeight(std::move(name), {parts.words.tensor.shape[1] * 8, parts.words.tensor.shape[0]}, parts.words),
        zeros_(parts.zeros),
        scales_(parts.scales) {
    group_ = columns() / std::max<std::uint64_t>(scales_.shape[0], 1);
    const bool fits = scales_.shape.size() == 2 && scales_.shape[1] == shape()[0] && group_ > 0 &&
                      columns() == group_ * scales_.shape[0] && zeros_.shape.size() == 2 &&
                      zeros_.shape[0] == scales_.shape[0] && zeros_.shape[1] * 8 == shape()[0];
    if (!fits) throw misfit(stored(), "words of eight outputs that fit scales of " + to_string(scales_.shape));
    bool is_symmetric = true;
    for (std::uint64_t word = 0; word < count_of(zeros_); ++word) {
      is_symmetric &= element_at<std::uint32_t>(zeros_.bytes, word) == 0x88888888u;
    }
    is_q4_0_if(is_symmetric && scales_.element == Element::kF16 && group_ % 32 == 0);
  }

 private:
  // Output 8w + i is nibble kPlace[i] of word w.
  static constexpr std::array<std::uint64_t, 8> kPlace = {0, 4, 1, 5, 2, 6, 3, 7};

  int code(std::uint64_t row, std::uint64_t column) const override {
    return nibble_at(stored(), column * stored().shape[1] + row / 8, kPlace[row % 8]);
  }
  int zero(std::uint64_t row, std::uint64_t column) const override {
    return nibble_at(zeros_, column / group_ * zeros_.shape[1] + row / 8, kPlace[row % 8]);
  }
  float scale(std::uint64_t row, std::uint64_t column) const override {
    return number_at(scales_, column / group_ * shape()[0] + row);
  }

  const StoredTensor& zeros_;
  const StoredTensor& scales_;
  std::uint64_t group_ = 1;
};

class PackedIntegersWeight final : public FourBitWeight {
 public:
  PackedIntegersWeight(std::string name, Storage words, const StoredTensor& scales)
      : FourBitWeight(std::move(name), {words.tensor.shape[0], words.tensor.shape[1] * 8}, words), scales_(scales) {
    const bool fits = scales.shape.size() == 2 && scales.shape[0] == shape()[0] && scales.shape[1] > 0 &&
                      columns() % scales.shape[1] == 0;
    if (!fits) throw misfit(scales, "scales of groups in each row of " + to_string(shape()));
    group_ = columns() / scales.shape[1];
    is_q4_0_if(scales.element == Element::kF16 && group_ % 32 == 0);
  }

 private:
  int code(std::uint64_t row, std::uint64_t column) const override {
    return nibble_at(stored(), row * stored().shape[1] + column / 8, column % 8);
  }
  int zero(std::uint64_t, std::uint64_t) const override { return 8; }
  float scale(std::uint64_t row, std::uint64_t column) const override {
    return number_at(scales_, row * scales_.shape[1] + column / group_);
  }

  const StoredTensor& scales_;
  std::uint64_t group_ = 1;
};

// Logical columns of rows of packed codes: with gpt-oss's form [..., groups, bytes of a group] the last two are one
// row.
std::vector<std::uint64_t> unpacked_shape(const StoredTensor& codes, const StoredTensor& scales, std::uint64_t group) {
  std::vector<std::uint64_t> shape = scales.shape;
  if (shape.empty() || codes.bytes.size() / group > count_of(scales)) throw misfit(scales, "a scale for each group");
  shape.back() *= group;
  return shape;
}

class MicroscaledWeight final : public StoredWeight {
 public:
  MicroscaledWeight(std::string name, Storage codes, const StoredTensor& scales, const quant::Format& format)
      : StoredWeight(std::move(name), unpacked_shape(codes.tensor, scales, 32), codes),
        scales_(scales),
        format_(format),
        group_bytes_(format.block_bytes - 1) {
    if (codes.tensor.bytes.size() != count_of(scales) * group_bytes_ || size_of(scales.element) != 1) {
      throw misfit(codes.tensor, std::to_string(group_bytes_) + " bytes for each scale of " + to_string(scales.shape));
    }
  }

  const quant::Format& format() const override { return format_; }

  void read_blocks(std::uint64_t first, std::span<std::byte> out) const override {
    for (std::uint64_t group = first / 32; !out.empty(); ++group, out = out.subspan(format_.block_bytes)) {
      out[0] = scales_.bytes[group];
      const std::span codes = stored().bytes.subspan(group * group_bytes_, group_bytes_);
      if (format_.id != FormatId::kMXFP4) {
        std::memcpy(out.data() + 1, codes.data(), codes.size());
        continue;
      }
      // Neighbours share a byte there; here value j and value 16 + j do.
      for (std::uint64_t j = 0; j < 16; ++j) {
        out[1 + j] = static_cast<std::byte>(four_bits(first_of(group) + j) | four_bits(first_of(group) + 16 + j) << 4);
      }
    }
  }

 private:
  static std::uint64_t first_of(std::uint64_t group) { return group * 32; }
  int four_bits(std::uint64_t index) const { return byte_at(stored().bytes, index / 2) >> (index % 2 * 4) & 15; }
  int six_bits(std::uint64_t index) const {
    const std::uint64_t bit = index * 6, byte = bit / 8;
    const int next = byte + 1 < stored().bytes.size() ? byte_at(stored().bytes, byte + 1) : 0;
    return (byte_at(stored().bytes, byte) | next << 8) >> bit % 8 & 63;
  }

  float at(std::uint64_t index) const override {
    const float scale = to_float(E8M0{byte_at(scales_.bytes, index / 32)});
    switch (format_.id) {
      case FormatId::kMXFP4: return scale * quant::kE2M1Values[static_cast<std::size_t>(four_bits(index))];
      case FormatId::kMXFP6_E2M3:
        return scale * quant::kValueOfCode<Fp6E2M3>[static_cast<std::size_t>(six_bits(index))];
      case FormatId::kMXFP6_E3M2:
        return scale * quant::kValueOfCode<Fp6E3M2>[static_cast<std::size_t>(six_bits(index))];
      case FormatId::kFP8_E5M2: return scale * quant::kValueOfCode<Fp8E5M2>[byte_at(stored().bytes, index)];
      default: return scale * quant::kValueOfCode<Fp8E4M3>[byte_at(stored().bytes, index)];
    }
  }

  const StoredTensor& scales_;
  const quant::Format& format_;
  std::uint64_t group_bytes_;
};

class Nvfp4Weight final : public StoredWeight {
 public:
  Nvfp4Weight(std::string name, Storage codes, const StoredTensor& scales)
      : StoredWeight(std::move(name), unpacked_shape(codes.tensor, scales, 16), codes), scales_(scales) {
    if (codes.tensor.bytes.size() != count_of(scales) * 8 || size_of(scales.element) != 1) {
      throw misfit(codes.tensor, "8 bytes for each scale of " + to_string(scales.shape));
    }
  }

  const quant::Format& format() const override { return quant::format_of(FormatId::kNVFP4); }

  void read_blocks(std::uint64_t first, std::span<std::byte> out) const override {
    for (; !out.empty(); first += 64, out = out.subspan(sizeof(quant::BlockNVFP4))) {
      quant::BlockNVFP4 block;
      for (std::uint64_t group = 0; group < 4; ++group) {
        block.scales[group] = byte_at(scales_.bytes, first / 16 + group) & 127;
        for (std::uint64_t j = 0; j < 8; ++j) {
          block.nibbles[8 * group + j] =
              static_cast<std::uint8_t>(four_bits(first + 16 * group + j) | four_bits(first + 16 * group + 8 + j) << 4);
        }
      }
      std::memcpy(out.data(), &block, sizeof block);
    }
  }

 private:
  int four_bits(std::uint64_t index) const { return byte_at(stored().bytes, index / 2) >> (index % 2 * 4) & 15; }
  float at(std::uint64_t index) const override {
    return quant::decode_nvfp4_scale(byte_at(scales_.bytes, index / 16) & 127) *
           quant::kE2M1Values[static_cast<std::size_t>(four_bits(index))];
  }

  const StoredTensor& scales_;
};

void check_matrix(const StoredTensor& tensor, Element element) {
  if (tensor.shape.size() != 2 || tensor.element != element || count_of(tensor) == 0) {
    throw misfit(tensor, "a matrix of " + std::string(name_of(element)));
  }
}

void check_four_bits(const FourBitParts& parts) {
  check_matrix(parts.words.tensor, Element::kI32);
  check_matrix(parts.zeros, Element::kI32);
  if (parts.scales.shape.size() != 2 || count_of(parts.scales) == 0) throw misfit(parts.scales, "a matrix of scales");
}

}  // namespace

std::unique_ptr<Weight> plain_weight(Storage storage) { return std::make_unique<PlainWeight>(storage); }

std::unique_ptr<Weight> scaled_fp8_weight(std::string name, Storage codes, const StoredTensor& scales) {
  return std::make_unique<ScaledFp8Weight>(std::move(name), codes, scales);
}

std::unique_ptr<Weight> gptq_weight(std::string name, const FourBitParts& parts, ZeroPoints zero_points) {
  check_four_bits(parts);
  return std::make_unique<GptqWeight>(std::move(name), parts, zero_points);
}

std::unique_ptr<Weight> awq_weight(std::string name, const FourBitParts& parts) {
  check_four_bits(parts);
  return std::make_unique<AwqWeight>(std::move(name), parts);
}

std::unique_ptr<Weight> packed_integers_weight(std::string name, Storage words, const StoredTensor& scales) {
  check_matrix(words.tensor, Element::kI32);
  return std::make_unique<PackedIntegersWeight>(std::move(name), words, scales);
}

std::unique_ptr<Weight> microscaled_weight(std::string name, Storage codes, const StoredTensor& scales,
                                           const quant::Format& format) {
  return std::make_unique<MicroscaledWeight>(std::move(name), codes, scales, format);
}

std::unique_ptr<Weight> nvfp4_weight(std::string name, Storage codes, const StoredTensor& scales) {
  return std::make_unique<Nvfp4Weight>(std::move(name), codes, scales);
}

}  // namespace rocmforge::convert
