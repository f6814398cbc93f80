// Tests `rocmforge perplexity` as a user calls it, against the numbers that `rocmforge logits` writes.
#include <signal.h>

#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "support/chat_model.h"
#include "support/program.h"

namespace rocmforge {
namespace {

using Json = nlohmann::json;
using testing::Answer;
using ::testing::HasSubstr;

class PerplexityCommand : public ::testing::Test {
 protected:
  Answer measure(const std::string& text, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"perplexity", "-m", model_, "-f", text, "-t", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::rocmforge(arguments);
  }

  // Writes a text; this model's tokens are bytes.
  std::string write_text(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += "line " + std::to_string(text.size() * 7919 % 1000) + " of a text\n";
    text.resize(bytes);
    return folder_.write("text.txt", text);
  }

  testing::TempFolder folder_;
  std::string model_ = testing::chat_model(folder_ / "model.gguf");
};

TEST_F(PerplexityCommand, EqualsAComputationFromTheLogits) {
  const std::string text = write_text(130);
  const Answer answer = measure(text, {"-c", "64", "--json"});
  ASSERT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_THAT(answer.errors, HasSubstr("the last 2 fill no window"));

  const Answer tokenized = testing::rocmforge({"tokenize", "-m", model_}, testing::read_text(text));
  const auto tokens = Json::parse(tokenized.output).get<std::vector<int>>();
  ASSERT_EQ(tokens.size(), 130u);
  double sum = 0;
  int count = 0;
  for (const int begin : {0, 64}) {
    const std::vector<int> window(tokens.begin() + begin, tokens.begin() + begin + 64);
    const std::string file = folder_.write("window.json", Json{{"tokens", window}}.dump());
    ASSERT_EQ(testing::rocmforge({"logits", "-m", model_, "--tokens", file, "--out", folder_ / "w.npy"}).exit_code, 0);
    const NpyArray logits = read_npy(folder_ / "w.npy");
    const std::size_t columns = logits.shape[1];
    for (std::size_t i = 33; i < 64; ++i, ++count) {
      double total = 0;
      for (std::size_t t = 0; t < columns; ++t) total += std::exp(double{logits.values[(i - 1) * columns + t]});
      sum += std::log(total) - logits.values[(i - 1) * columns + static_cast<std::size_t>(window[i])];
    }
  }
  const Json result = Json::parse(answer.output);
  EXPECT_EQ(result["tokens_scored"], count);
  EXPECT_NEAR(result["nll"].get<double>(), sum / count, 1e-6);
  EXPECT_NEAR(result["perplexity"].get<double>() / std::exp(sum / count), 1, 1e-4);
  EXPECT_EQ(result["windows"], 2);

  const Answer said = measure(text, {"-c", "64"});
  EXPECT_THAT(said.output, HasSubstr(" ± "));
  EXPECT_THAT(said.output, HasSubstr("over 62 tokens in 2 windows of 64"));
}

// Megabytes of text must not become gigabytes of memory.
TEST_F(PerplexityCommand, TakesAFileOfMegabytesInLittleMemory) {
  const std::uint64_t small = measure(write_text(20'000)).peak_bytes;
  const Answer large = measure(write_text(400'000));
  ASSERT_EQ(large.exit_code, 0) << large.errors;
  EXPECT_THAT(large.output, HasSubstr("in 781 windows of 512"));
  // The text is mapped, its tokens take four bytes each, and tokenizing temporarily takes as much again. A row of
  // logits per token would take 1036 bytes.
  EXPECT_LT(large.peak_bytes - small, std::uint64_t{400'000} * 40);
}

TEST_F(PerplexityCommand, SaysWhatItHasWhenItIsInterrupted) {
  const std::string text = write_text(8'000'000);
  testing::Program program({ROCMFORGE_BINARY, "perplexity", "-m", model_, "-f", text, "-t", "1", "--json"});
  // This is the last message before it begins.
  while (program.errors_so_far().find("8,000,000 tokens") == std::string::npos && program.is_running()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  program.signal(SIGINT);
  const Answer answer = program.wait();
  EXPECT_EQ(answer.exit_code, 130);
  EXPECT_THAT(answer.errors, HasSubstr("interrupted after "));
  if (!answer.output.empty()) {
    EXPECT_GT(Json::parse(answer.output)["perplexity"].get<double>(), 1);
  }
}

TEST_F(PerplexityCommand, ReadsAPipe) {
  const std::string text = write_text(20'000);
  const std::string command = ROCMFORGE_BINARY " perplexity -m " + model_ + " -t 1 -f ";
  const testing::Answer file = testing::Program({"/bin/sh", "-c", command + text}).wait();
  const testing::Answer pipe =
      testing::Program({"/bin/sh", "-c", "cat " + text + " | " + command + "/dev/stdin"}).wait();
  EXPECT_EQ(pipe.exit_code, 0) << pipe.errors;
  EXPECT_EQ(pipe.output, file.output);
}

TEST_F(PerplexityCommand, SaysWhatIsWrong) {
  const auto refused = [&](const Answer& answer, int code, const char* text) {
    EXPECT_EQ(answer.exit_code, code) << text;
    EXPECT_THAT(answer.errors, HasSubstr(text));
  };
  const std::string text = write_text(1000);
  refused(measure(text), 2, "1000 tokens, less than two windows of 512");
  refused(measure(folder_ / "nothing"), 1, "nothing");
  refused(measure(text, {"-c", "3"}), 2, "'3' is no whole number from 4 to 1,048,576");
  refused(measure(text, {"-c", "64", "--stride", "64"}), 2, "--stride 64: expected less than the window");
  refused(measure(text, {"-c", "64", "--ctx", "32"}), 2, "--ctx 32: less than the window");
  EXPECT_EQ(Json::parse(measure(text, {"-c", "64", "--stride", "16", "--json"}).output)["tokens_scored"], 999);
}

}  // namespace
}  // namespace rocmforge
