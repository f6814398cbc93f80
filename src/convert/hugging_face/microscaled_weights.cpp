// Reads small floats that share a scale: OCP microscaling and NVFP4.
#include "base/float_formats.h"
#include "base/text.h"
#include "convert/hugging_face/quantized_weights.h"
#include "convert/hugging_face/stored_weight.h"
#include "quant/mxfp4.h"
#include "quant/mxfp6.h"
#include "quant/nvfp4.h"

namespace rocmforge::convert {
namespace {

using quant::FormatId;

// Returns the shape of the unpacked weight. gpt-oss stores codes as [..., groups, bytes of a group], where the last two
// dimensions form one row.
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
      // In the checkpoint two adjacent values share a byte; in GGUF values j and 16 + j do.
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

}  // namespace

std::unique_ptr<Weight> microscaled_weight(std::string name, Storage codes, const StoredTensor& scales,
                                           const quant::Format& format) {
  return std::make_unique<MicroscaledWeight>(std::move(name), codes, scales, format);
}

std::unique_ptr<Weight> nvfp4_weight(std::string name, Storage codes, const StoredTensor& scales) {
  return std::make_unique<Nvfp4Weight>(std::move(name), codes, scales);
}

}  // namespace rocmforge::convert
