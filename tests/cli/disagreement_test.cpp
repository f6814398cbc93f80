// Files whose tables disagree, through every command that reads a model. Each answers or says what is wrong; none
// crashes, and none ends in an error of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/disagreeing_model.h"
#include "support/program.h"

namespace rocmforge {
namespace {

using testing::Answer;
using testing::rocmforge;

struct Call {
  std::vector<std::string> words;
  std::string input;
};

std::vector<Call> calls(const std::string& model, const testing::TempFolder& folder) {
  const std::string text = "zebra yonder <|im_end|> and some bytes";
  const std::string tokens = folder.write("tokens.json", "{\"tokens\":[1,2,261]}");
  const std::string book = folder.write("book.txt", std::string(60, 'a') + " zebra yonder " + std::string(60, 'b'));
  const std::vector<std::string> few = {"-n", "3", "--seed", "1", "--ctx", "64", "-t", "1"};
  const auto with = [](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  return {
      {with({"run", model, text}, few), ""},
      {with({"run", model, text, "--raw", "--dry-multiplier", "1", "--context-shift"}, few), ""},
      {with({"run", model, "--raw", "--tokens", tokens}, few), ""},
      {with({"run", model, "--jsonl"}, few),
       "{\"messages\":[{\"role\":\"user\",\"content\":\"a zebra\"}],\"logit_bias\":{\"261\":5}}\n"},
      {{"embed", "-m", model, "--text", text, "--ctx", "64", "-t", "1"}, ""},
      {{"embed", "-m", model, "--jsonl", "--pooling", "last", "--ctx", "64"},
       "{\"text\":\"zebra\"}\n{\"text\":\"yonder\"}\n"},
      {{"perplexity", "-m", model, "-f", book, "-c", "16", "-t", "1"}, ""},
      {{"logits", "-m", model, "--tokens", tokens, "--out", folder / "out.npy"}, ""},
      {{"logits", "-m", model, "--tokens", tokens, "--out", folder / "out.npy", "--device", "ref", "--step"}, ""},
      {{"bench", "-m", model, "-p", "4", "-n", "2", "-r", "1", "-t", "1"}, ""},
      {{"tokenize", "-m", model, "--text", text, "--parse-special"}, ""},
      {{"detokenize", "-m", model, "--ids", "[0, 255, 261, 262, 1000000]"}, ""},
      {{"render", "-m", model}, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"},
      {{"inspect", model, "--tensors", "--json"}, ""},
      {{"quantize", model, folder / "small.gguf", "Q8_0"}, ""},
      {{"dequantize", model, "--tensor", "token_embd.weight", "--out", folder / "out.npy"}, ""},
  };
}

TEST(DisagreeingFiles, AreAnsweredOrRefusedByEveryCommand) {
  const std::vector<testing::Disagreement> all = testing::disagreements();
  for (std::size_t i = 0; i < all.size(); ++i) {
    // Every special id of every size goes through the library's doors; here a few are enough.
    if (all[i].name.find("_token_id is ") != std::string::npos && i % 8 != 0) continue;
    const testing::TempFolder folder;
    const testing::ModelFile file(testing::disagreeing_model(all[i]));
    const std::string model = folder.write("model.gguf", file.text());
    for (const Call& call : calls(model, folder)) {
      const Answer answer = rocmforge(call.words, call.input);
      EXPECT_LE(answer.exit_code, 2) << all[i].name << ": " << call.words.front() << ": " << answer.errors;
      EXPECT_THAT(answer.errors, ::testing::Not(::testing::HasSubstr("bug in ROCmForge"))) << call.words.front();
    }
  }
}

}  // namespace
}  // namespace rocmforge
