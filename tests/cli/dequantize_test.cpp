// Tests `rocmforge dequantize`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/npy.h"
#include "gguf/reader.h"
#include "quant/codec.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace rocmforge {
namespace {

using ::testing::AllOf;
using testing::Answer;
using ::testing::HasSubstr;
using testing::rocmforge;
using testing::TempFolder;

TEST(Dequantize, WritesATensorWithItsShape) {
  const TempFolder folder;
  const std::string model = testing::tiny_llama(folder / "in.gguf");
  const Answer answer = rocmforge({"dequantize", model, "--tensor", "blk.1.ffn_up.weight", "--out", folder / "t.npy"});
  ASSERT_EQ(answer.exit_code, 0) << answer.errors;
  const NpyArray array = read_npy(folder / "t.npy");
  EXPECT_EQ(array.shape, (std::vector<std::size_t>{512, 256}));
  const gguf::File file = gguf::File::open(model);
  const gguf::Tensor& tensor = file.tensor("blk.1.ffn_up.weight");
  std::vector<float> expected(tensor.shape.count());
  quant::decode_row(*tensor.format, tensor.bytes, expected);
  EXPECT_EQ(array.values, expected);
}

TEST(Dequantize, NeverOverwritesItsInput) {
  const TempFolder folder;
  const std::string model = testing::tiny_llama(folder / "in.gguf");
  const Answer answer = rocmforge({"dequantize", model, "--tensor", "output.weight", "--out", folder / "in.gguf"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.errors, HasSubstr("is also the input"));
  EXPECT_EQ(rocmforge({"inspect", model}).exit_code, 0);
}

TEST(Dequantize, SuggestsTheTensorThatWasMeant) {
  const TempFolder folder;
  const std::string model = testing::tiny_llama(folder / "in.gguf");
  const Answer answer = rocmforge({"dequantize", model, "--tensor", "blk.1.ffn_upp.weight", "--out", folder / "t.npy"});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, AllOf(HasSubstr("blk.1.ffn_upp.weight"), HasSubstr("blk.1.ffn_up.weight")));
  EXPECT_EQ(folder.file_count(), 1u);
}

}  // namespace
}  // namespace rocmforge
