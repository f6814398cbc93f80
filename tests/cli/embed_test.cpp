// Tests `rocmforge embed` as a user calls it.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/chat_model.h"
#include "support/program.h"

namespace rocmforge {
namespace {

using Json = nlohmann::json;
using testing::Answer;
using ::testing::HasSubstr;

class EmbedCommand : public ::testing::Test {
 protected:
  Answer embed(std::vector<std::string> more, std::string_view input = {}) {
    std::vector<std::string> arguments = {"embed", "-m", model_, "-t", "1", "--ctx", "64"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::rocmforge(arguments, input);
  }

  testing::TempFolder folder_;
  std::string model_ = testing::chat_model(folder_ / "model.gguf");
};

TEST_F(EmbedCommand, AnswersEveryLine) {
  const std::string input = "{\"text\":\"one\"}\n{\"text\":5}\n{\"text\":\"" + std::string(65, 'x') +
                            "\"}\n{\"text\":\"two\"}\n{\"text\":\"one\"}\n";
  const Answer answer = embed({"--jsonl", "--pooling", "mean"}, input);
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  std::vector<Json> lines;
  std::istringstream output(answer.output);
  for (std::string line; std::getline(output, line);) lines.push_back(Json::parse(line));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0]["embedding"].size(), 64u);
  EXPECT_THAT(lines[1]["error"].get<std::string>(), HasSubstr("line 2"));
  EXPECT_THAT(lines[2]["error"].get<std::string>(), HasSubstr("65 tokens, more than the context of 64"));
  EXPECT_NE(lines[3]["embedding"], lines[0]["embedding"]);
  EXPECT_EQ(lines[4]["embedding"], lines[0]["embedding"]);
}

TEST_F(EmbedCommand, TakesATextOrStandardInput) {
  const Answer text = embed({"--pooling", "last", "--text", "one"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(embed({"--pooling", "LAST"}, "one").output, text.output);
  const auto squares = [](const Answer& answer) {
    double sum = 0;
    const Json line = Json::parse(answer.output);
    for (const auto& value : line["embedding"]) sum += value.get<double>() * value.get<double>();
    return sum;
  };
  EXPECT_NEAR(squares(text), 1, 1e-6);
  EXPECT_GT(squares(embed({"--pooling", "last", "--no-normalize", "--text", "one"})), 2);
}

// The error comes before the first line is read; later it would be reported for each line.
TEST_F(EmbedCommand, SaysWhatIsWrong) {
  const Answer unknown = embed({"--jsonl"}, "{\"text\":\"one\"}\n");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(unknown.output, "");
  EXPECT_THAT(unknown.errors, HasSubstr("'llama.pooling_type' does not say"));
  EXPECT_THAT(embed({"--pooling", "max"}).errors, HasSubstr("--pooling max: expected mean, cls or last"));
  EXPECT_EQ(embed({"--jsonl", "--text", "x"}).exit_code, 2);
}

}  // namespace
}  // namespace rocmforge
