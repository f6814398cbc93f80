// Tests `rocmforge convert` as a user runs it, and against the output of the reference converter for the same folders.
#include <array>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "convert/hugging_face/convert.h"
#include "gguf/reader.h"
#include "support/hugging_face_folder.h"
#include "support/logits.h"
#include "support/program.h"
#include "support/reference_data.h"

namespace rocmforge {
namespace {

using ::testing::HasSubstr;
using testing::rocmforge;
using testing::TempFolder;

TEST(Convert, WritesAFileThatInspectReads) {
  const TempFolder folder;
  testing::write_tiny_qwen3(folder);
  const testing::Answer answer = rocmforge({"convert", folder / "hf", folder / "out.gguf", "--type", "Q8_0"});
  ASSERT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_THAT(answer.output, HasSubstr("qwen3, Q8_0, 13 tensors"));
  EXPECT_THAT(answer.errors, HasSubstr("has no tokenizer"));
  EXPECT_EQ(rocmforge({"inspect", folder / "out.gguf"}).exit_code, 0);
  const testing::Answer json = rocmforge({"convert", folder / "hf", folder / "out.gguf", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.output)["type"], "F32");
}

TEST(Convert, ExitCodesTellMisuseFromFailure) {
  const TempFolder folder;
  testing::write_tiny_qwen3(folder);
  EXPECT_EQ(rocmforge({"convert", folder / "hf"}).exit_code, 2);
  EXPECT_EQ(rocmforge({"convert", folder / "hf", folder / "out.gguf", "--type", "Q9"}).exit_code, 2);
  EXPECT_EQ(rocmforge({"convert", folder / "none", folder / "out.gguf"}).exit_code, 1);
  folder.write("out.gguf", "what was there");
  std::filesystem::remove(folder / "hf/model.safetensors");
  EXPECT_EQ(rocmforge({"convert", folder / "hf", folder / "out.gguf"}).exit_code, 1);
  EXPECT_EQ(testing::read_text(folder / "out.gguf"), "what was there");
}

// Keys that the reference converter does not take from the folder's content: it derives the name from the folder's
// name.
const std::set<std::string_view> kIgnoredKeys = {"general.name"};

std::vector<std::filesystem::path> fixtures() {
  std::vector<std::filesystem::path> folders;
  const std::filesystem::path all = testing::conformance_folder() / "arch";
  if (!std::filesystem::exists(all)) return folders;
  for (const auto& entry : std::filesystem::directory_iterator(all)) {
    if (std::filesystem::exists(entry.path() / "hf")) folders.push_back(entry.path());
  }
  return folders;
}

void expect_same_tensors(const gguf::File& found, const gguf::File& expected, const std::string& name) {
  EXPECT_EQ(found.tensors().size(), expected.tensors().size()) << name;
  for (const gguf::Tensor& tensor : expected.tensors()) {
    const gguf::Tensor* ours = found.find_tensor(tensor.name);
    ASSERT_NE(ours, nullptr) << name << " " << tensor.name;
    EXPECT_EQ(ours->format, tensor.format) << name << " " << tensor.name;
    EXPECT_EQ(ours->shape, tensor.shape) << name << " " << tensor.name;
    EXPECT_TRUE(std::ranges::equal(ours->bytes, tensor.bytes)) << name << " " << tensor.name;
  }
}

void expect_same_keys(const gguf::Metadata& found, const gguf::Metadata& expected, const std::string& name) {
  for (const auto& entry : expected.entries()) {
    if (kIgnoredKeys.contains(entry.key)) continue;
    const gguf::Value* ours = found.value(entry.key);
    ASSERT_NE(ours, nullptr) << name << " " << entry.key;
    EXPECT_EQ(ours->type(), entry.value.type()) << name << " " << entry.key;
    EXPECT_EQ(ours->encoded(), entry.value.encoded()) << name << " " << entry.key;
  }
  for (const auto& entry : found.entries()) EXPECT_TRUE(expected.contains(entry.key)) << name << " " << entry.key;
}

void expect_same_logits(const gguf::File& file, const std::filesystem::path& folder, float tolerance) {
  const auto tokens =
      nlohmann::json::parse(std::ifstream(folder / "tokens.json"))["tokens"].get<std::vector<kv::TokenId>>();
  NpyArray array = read_npy((folder / "logits.npy").string());
  const testing::Answer32 expected{std::move(array.values), static_cast<int>(array.shape.back())};
  engine::Runner runner(file, testing::options_for({.device = "ref"}, tokens.size()));
  EXPECT_LE(testing::distance(testing::answer_of(runner, tokens, tokens.size()), expected), tolerance) << folder;
}

TEST(ConvertReference, TensorsKeysAndLogitsAreTheReferences) {
  const auto folders = fixtures();
  if (folders.empty()) GTEST_SKIP() << "no reference data in " << testing::conformance_folder();
  std::map<std::string, float> tolerances;
  const auto index = nlohmann::json::parse(std::ifstream(testing::conformance_folder() / "arch/index.json"));
  for (const auto& entry : index["fixtures"]) {
    tolerances[entry["name"].get<std::string>()] = entry.value("tolerance", 1e-3f);
  }
  for (const std::filesystem::path& folder : folders) {
    const TempFolder output;
    convert::convert_folder((folder / "hf").string(), output / "out.gguf", {.type = "F32", .threads = 2});
    const gguf::File found = gguf::File::open(output / "out.gguf");
    const gguf::File expected = gguf::File::open((folder / "model.gguf").string());
    const std::string name = folder.filename().string();
    expect_same_tensors(found, expected, name);
    expect_same_keys(found.metadata(), expected.metadata(), name);
    expect_same_logits(found, folder, tolerances[name]);
  }
}

}  // namespace
}  // namespace rocmforge
