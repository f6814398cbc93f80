// Tests `rocmforge inspect`.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/cpu_time.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace rocmforge {
namespace {

using ::testing::AllOf;
using testing::Answer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::rocmforge;
using testing::TempFolder;

std::string inspect(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "inspect");
  const Answer answer = rocmforge(std::move(arguments));
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  return answer.output;
}

// Returns the number of characters, not bytes.
std::size_t width_of(const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(Inspect, TellsWhatAModelIs) {
  const TempFolder folder;
  const std::string text = inspect({testing::tiny_llama(folder / "tiny.gguf")});
  EXPECT_THAT(text, AllOf(HasSubstr("Tiny"), HasSubstr("llama"), HasSubstr("2,048 tokens"), HasSubstr("F16")));
  EXPECT_THAT(text, HasSubstr("320 tokens (inferred from the tensors)"));  // no vocab_size
  EXPECT_THAT(text, HasSubstr("4, 2 for keys and values, 64 wide"));
  EXPECT_THAT(text, Not(HasSubstr("tied")));
}

// The memory for keys and values: 2 layers with 2 heads of 64 values, keys and values, 2 bytes each.
TEST(Inspect, CountsTheCacheForTheContextAskedFor) {
  const TempFolder folder;
  const std::string file = testing::tiny_llama(folder / "tiny.gguf");
  EXPECT_THAT(inspect({file, "--ctx", "1024"}), HasSubstr("1.00 MiB for 1,024 tokens in F16"));
  EXPECT_THAT(inspect({file, "--ctx", "1024", "--kv-type", "f32"}), HasSubstr("2.00 MiB for 1,024 tokens in F32"));
  EXPECT_THAT(inspect({file}), HasSubstr("2.00 MiB for 2,048 tokens in F16, the trained length"));
}

TEST(Inspect, KeepsTo80Columns) {
  const TempFolder folder;
  std::istringstream lines(inspect({testing::tiny_llama(folder / "tiny.gguf"), "--tensors"}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 80u) << line;
}

TEST(Inspect, GivesEverythingAsJson) {
  const TempFolder folder;
  const std::string file = testing::tiny_llama(folder / "tiny.gguf");
  const auto json = nlohmann::json::parse(inspect({file, "--json", "--ctx", "1024"}));
  EXPECT_EQ(json["architecture"], "llama");
  EXPECT_EQ(json["tensors"].size(), 21u);
  EXPECT_EQ(json["tensors"][0]["name"], "token_embd.weight");
  EXPECT_EQ(json["tensors"][0]["shape"], (std::vector<int>{256, 320}));
  EXPECT_EQ(json["metadata"]["llama.block_count"], 2);
  EXPECT_EQ(json["layers"], (nlohmann::json{{"value", 2}, {"inferred", false}}));
  EXPECT_EQ(json["vocabulary"], (nlohmann::json{{"value", 320}, {"inferred", true}}));
  EXPECT_EQ(json["memory"]["kv_bytes"], 1 << 20);
  EXPECT_EQ(json["tied_embeddings"], false);
}

// Every kind of value, and text that is not UTF-8, must give JSON that others can parse.
TEST(Inspect, JsonHoldsMetadataOfEveryType) {
  const TempFolder folder;
  gguf::MetadataBuilder keys;
  keys.set("general.architecture", std::string("llama"));
  keys.set("test.u8", std::uint8_t{200});
  keys.set("test.i64", std::int64_t{-5'000'000'000});
  keys.set("test.f32", 0.5f);
  keys.set("test.yes", true);
  keys.set("test.text", std::string("bad \xff byte"));
  const std::vector<std::string> list = {"a", "b"};
  keys.set_array("test.list", std::span<const std::string>(list));
  gguf::Writer(folder / "keys.gguf", keys, {}).finish();
  const auto json = nlohmann::json::parse(inspect({folder / "keys.gguf", "--json"}))["metadata"];
  EXPECT_EQ(json["test.u8"], 200);
  EXPECT_EQ(json["test.i64"], -5'000'000'000);
  EXPECT_EQ(json["test.f32"], 0.5);
  EXPECT_EQ(json["test.yes"], true);
  EXPECT_EQ(json["test.text"], "bad \xef\xbf\xbd byte");
  EXPECT_EQ(json["test.list"], (std::vector<std::string>{"a", "b"}));
}

// A file's name must not be able to control the terminal.
TEST(Inspect, PrintsHostileTextHarmlessly) {
  const TempFolder folder;
  gguf::MetadataBuilder keys = testing::llama_metadata(testing::kTinyLlama);
  keys.set("general.name", std::string("\x1b]0;owned\x07\x1b[2Jname"));
  testing::write_llama(folder / "hostile.gguf", testing::kTinyLlama, quant::FormatId::kF16, {}, keys);
  const std::string text = inspect({folder / "hostile.gguf"});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("name"));
}

// For an incomplete download, the error must say how much is missing, at once and without much memory.
TEST(Inspect, SaysWhatATruncatedDownloadLacks) {
  const TempFolder folder;
  const std::string file = testing::tiny_llama(folder / "tiny.gguf");
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1000);
  const Answer answer = rocmforge({"inspect", file});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("1000 bytes are missing"));
  EXPECT_LT(answer.cpu_seconds, testing::kSlowdown);
  EXPECT_LT(answer.peak_bytes, 64u << 20);
}

// A model of a hundred gigabytes opens at once: only its header is read.
TEST(Inspect, OpensAHugeFileAtOnce) {
  const TempFolder folder;
  std::vector<gguf::TensorSpec> tensors;
  for (int i = 0; i < 25; ++i) {
    tensors.push_back(
        {"blk." + std::to_string(i) + ".ffn_up.weight", &quant::format_of(quant::FormatId::kF32), {1 << 15, 1 << 15}});
  }
  gguf::MetadataBuilder keys;
  keys.set("general.architecture", std::string("llama"));
  try {
    gguf::Writer(folder / "huge.gguf", keys, tensors, gguf::WriterOptions{.sparse = true}).finish();
  } catch (const Error& error) {
    GTEST_SKIP() << "no sparse files here: " << error.message();
  }
  ASSERT_GT(std::filesystem::file_size(folder / "huge.gguf"), 100'000'000'000u);
  const Answer answer = rocmforge({"inspect", folder / "huge.gguf"});
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_LT(answer.cpu_seconds, testing::kSlowdown);
}

}  // namespace
}  // namespace rocmforge
