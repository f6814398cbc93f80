// Tests that each storage format of quantized weights gives the numbers of its definition, and keeps its blocks if GGUF
// has the same format.
#include <gtest/gtest.h>

#include "base/float_formats.h"
#include "convert/hugging_face/weights.h"
#include "quant/codec.h"
#include "support/expect_error.h"
#include "support/hugging_face_folder.h"

namespace rocmforge::convert {
namespace {

using quant::FormatId;
using testing::bytes_of;
using testing::SafetensorsWriter;
using testing::TempFolder;

// Reads the weights of a folder with these tensors.
class Fixture {
 public:
  Fixture(const SafetensorsWriter& tensors, const std::string& quantization) {
    folder_.write("hf/model.safetensors", tensors.bytes());
    checkpoint_ = std::make_unique<Checkpoint>(folder_ / "hf");
    config_ = std::make_unique<Config>(R"({"architectures":["X"],"quantization_config":)" + quantization + "}",
                                       "config.json");
    weights_ = weights_of(*checkpoint_, *config_);
  }
  const Weight& operator[](const std::string& name) const { return *weights_.at(name); }
  std::size_t size() const { return weights_.size(); }
  std::vector<float> values(const std::string& name) const {
    std::vector<float> values((*this)[name].count());
    (*this)[name].read(0, 1, values);
    return values;
  }
  // Returns the values that the weight's blocks would have in a GGUF file.
  std::vector<float> block_values(const std::string& name) const {
    const Weight& weight = (*this)[name];
    const quant::Format& format = weight.format();
    std::vector<std::byte> blocks(weight.count() / format.block_values * format.block_bytes);
    weight.read_blocks(0, blocks);
    std::vector<float> values(weight.count());
    quant::decode_row(format, blocks, values);
    return values;
  }

 private:
  TempFolder folder_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::unique_ptr<Config> config_;
  Weights weights_;
};

std::vector<std::uint8_t> counting(std::size_t count, int step = 7) {
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>((static_cast<int>(i) * step) % 120);
  return bytes;
}

TEST(QuantizedWeights, Fp8HasAScaleForAllForRowsOrForBlocks) {
  const auto codes = bytes_of(counting(256 * 130));
  SafetensorsWriter tensors;
  tensors.add("all.weight", "F8_E4M3", {256, 130}, codes).add("all.weight_scale", "F32", {}, bytes_of<float>({0.5f}));
  std::vector<float> rows(256), blocks = {1, 2, 4, 8};
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i);
  tensors.add("rows.weight", "F8_E4M3", {256, 130}, codes).add("rows.weight_scale", "F32", {256, 1}, bytes_of(rows));
  tensors.add("blocks.weight", "F8_E4M3", {256, 130}, codes);
  tensors.add("blocks.weight_scale_inv", "F32", {2, 2}, bytes_of(blocks));
  const Fixture fixture(tensors, R"({"quant_method":"fp8"})");
  EXPECT_EQ(fixture.size(), 3u);
  const auto all = fixture.values("all.weight"), by_row = fixture.values("rows.weight"),
             by_block = fixture.values("blocks.weight");
  for (const std::size_t row : {0u, 127u, 128u, 255u}) {
    for (const std::size_t column : {0u, 127u, 128u, 129u}) {
      const std::size_t at = row * 130 + column;
      const float code = Fp8E4M3::decode(static_cast<std::uint8_t>(at * 7 % 120));
      EXPECT_EQ(all[at], 0.5f * code);
      EXPECT_EQ(by_row[at], static_cast<float>(row) * code);
      EXPECT_EQ(by_block[at], blocks[row / 128 * 2 + column / 128] * code);
    }
  }
  EXPECT_EQ(fixture["all.weight"].format().id, FormatId::kBF16);
}

// A matrix [out 8, in 64] of codes (row + column) % 16, in groups of 32 inputs; the scale of a group is 0.5 + group.
constexpr std::uint64_t kOut = 8, kIn = 64;
std::uint32_t code_at(std::uint64_t row, std::uint64_t column) {
  return static_cast<std::uint32_t>((row + column) % 16);
}

std::string half_scales() {
  std::vector<std::uint16_t> scales;
  for (int group = 0; group < 2; ++group)
    scales.insert(scales.end(), kOut, to_half(0.5f + static_cast<float>(group)).bits);
  return bytes_of(scales);
}

void expect_four_bits(const Fixture& fixture, int zero) {
  const auto values = fixture.values("x.weight");
  ASSERT_EQ(values.size(), kOut * kIn);
  for (std::uint64_t row = 0; row < kOut; ++row) {
    for (std::uint64_t column = 0; column < kIn; ++column) {
      const std::uint64_t group = column / 32;
      EXPECT_EQ(values[row * kIn + column],
                static_cast<float>(static_cast<int>(code_at(row, column)) - zero) * (0.5f + static_cast<float>(group)));
    }
  }
}

TEST(QuantizedWeights, GptqPacksInputsAndBecomesQ4WithoutLoss) {
  std::vector<std::uint32_t> words(kIn / 8 * kOut), zeros(2, 0x77777777u);  // one less than 8
  for (std::uint64_t column = 0; column < kIn; ++column) {
    for (std::uint64_t row = 0; row < kOut; ++row)
      words[column / 8 * kOut + row] |= code_at(row, column) << 4 * (column % 8);
  }
  SafetensorsWriter tensors;
  tensors.add("x.qweight", "I32", {kIn / 8, kOut}, bytes_of(words)).add("x.qzeros", "I32", {2, 1}, bytes_of(zeros));
  tensors.add("x.scales", "F16", {2, kOut}, half_scales());
  const Fixture fixture(tensors, R"({"quant_method":"gptq","bits":4})");
  expect_four_bits(fixture, 8);
  EXPECT_EQ(fixture["x.weight"].format().id, FormatId::kQ4_0);
  EXPECT_EQ(fixture.block_values("x.weight"), fixture.values("x.weight"));
}

TEST(QuantizedWeights, AwqPacksOutputsInterleaved) {
  constexpr std::array<int, 8> kPlace = {0, 4, 1, 5, 2, 6, 3, 7};
  std::vector<std::uint32_t> words(kIn), zeros(2, 0x33333333u);
  for (std::uint64_t column = 0; column < kIn; ++column) {
    for (std::uint64_t row = 0; row < kOut; ++row) words[column] |= code_at(row, column) << 4 * kPlace[row];
  }
  SafetensorsWriter tensors;
  tensors.add("x.qweight", "I32", {kIn, 1}, bytes_of(words)).add("x.qzeros", "I32", {2, 1}, bytes_of(zeros));
  tensors.add("x.scales", "F16", {2, kOut}, half_scales());
  const Fixture fixture(tensors, R"({"quant_method":"awq","bits":4})");
  expect_four_bits(fixture, 3);
  EXPECT_EQ(fixture["x.weight"].format().id, FormatId::kF16);  // Q4_0 has no zero points
}

TEST(QuantizedWeights, MicroscaledWeightsKeepTheirBlocks) {
  const auto scales = bytes_of(std::vector<std::uint8_t>{120, 127, 130, 125});
  SafetensorsWriter tensors;
  tensors.add("gpt.experts.up_proj_blocks", "U8", {1, 2, 2, 16}, bytes_of(counting(64, 5)));
  tensors.add("gpt.experts.up_proj_scales", "U8", {1, 2, 2}, scales);
  tensors.add("four.weight", "U8", {2, 32}, bytes_of(counting(64, 5))).add("four.weight_scale", "U8", {2, 2}, scales);
  tensors.add("six.weight", "U8", {2, 48}, bytes_of(counting(96, 11))).add("six.weight_scale", "U8", {2, 2}, scales);
  tensors.add("eight.weight", "F8_E4M3", {2, 64}, bytes_of(counting(128)))
      .add("eight.weight_scale", "U8", {2, 2}, scales);
  const Fixture fixture(tensors, R"({"quant_method":"quark","global_quant_config":{"weight":{"dtype":"fp6_e3m2"}}})");
  EXPECT_EQ(fixture["gpt.experts.up_proj"].format().id, FormatId::kMXFP4);
  EXPECT_EQ(fixture["four.weight"].format().id, FormatId::kMXFP4);
  EXPECT_EQ(fixture["six.weight"].format().id, FormatId::kMXFP6_E3M2);
  EXPECT_EQ(fixture["eight.weight"].format().id, FormatId::kFP8_E4M3);
  for (const char* name : {"gpt.experts.up_proj", "four.weight", "six.weight", "eight.weight"}) {
    EXPECT_EQ(fixture.block_values(name), fixture.values(name)) << name;
  }
  EXPECT_EQ(fixture.values("four.weight")[1], 0x1p-7f * Fp4E2M1::decode(0));
  EXPECT_EQ(fixture.values("four.weight")[2], 0x1p-7f * Fp4E2M1::decode(5));
}

TEST(QuantizedWeights, Nvfp4KeepsItsBlocksAndItsFactor) {
  SafetensorsWriter tensors;
  tensors.add("a.weight", "U8", {2, 32}, bytes_of(counting(64, 5)));
  tensors.add("a.weight_scale", "F8_E4M3", {2, 4}, bytes_of(counting(8, 9)));
  tensors.add("a.weight_scale_2", "F32", {}, bytes_of<float>({0.25f}));
  tensors.add("b.weight_packed", "U8", {2, 32}, bytes_of(counting(64, 5)));
  tensors.add("b.weight_scale", "F8_E4M3", {2, 4}, bytes_of(counting(8, 9)));
  tensors.add("b.weight_global_scale", "F32", {1}, bytes_of<float>({4}));
  const Fixture fixture(tensors, R"({"quant_method":"modelopt"})");
  EXPECT_EQ(fixture.size(), 4u);
  for (const std::string name : {"a", "b"}) {
    EXPECT_EQ(fixture[name + ".weight"].format().id, FormatId::kNVFP4);
    EXPECT_EQ(fixture.block_values(name + ".weight"), fixture.values(name + ".weight"));
    EXPECT_EQ(fixture.values(name + ".scale"), std::vector<float>{0.25f});
  }
}

TEST(QuantizedWeights, NameAPartThatDoesNotFit) {
  const auto codes = bytes_of(counting(64));
  const auto open = [&](const SafetensorsWriter& tensors) { return Fixture(tensors, R"({"quant_method":"gptq"})"); };
  EXPECT_ERROR(open(SafetensorsWriter()
                        .add("x.weight", "F8_E4M3", {8, 8}, codes)
                        .add("x.weight_scale", "F32", {3}, bytes_of<float>({1, 2, 3}))),
               "tensor 'x.weight_scale' is F32 [3]");
  EXPECT_ERROR(open(SafetensorsWriter().add("x.qweight", "I32", {4, 4}, codes)),
               "tensor 'x.qzeros' is missing, which 'x.qweight' needs");
  EXPECT_ERROR(open(SafetensorsWriter().add("x_blocks", "U8", {4, 16}, codes).add("x_scales", "U8", {3}, "abc")),
               "'x_blocks'");
}

}  // namespace
}  // namespace rocmforge::convert
