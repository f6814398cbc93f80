// Reads four-bit integers with a scale and a zero point for each group: GPTQ, AWQ and compressed-tensors.
#include <algorithm>
#include <array>

#include "base/float_formats.h"
#include "base/text.h"
#include "convert/hugging_face/quantized_weights.h"
#include "convert/hugging_face/stored_weight.h"
#include "quant/q4_0.h"

namespace rocmforge::convert {
namespace {

using quant::FormatId;

// A matrix [out, in] of four-bit integers with a scale and a zero point for each group of inputs.
class FourBitWeight : public StoredWeight {
 public:
  // Q4_0 represents the same values if the zero point is 8, groups are whole blocks and the scale is a half.
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

}  // namespace rocmforge::convert
