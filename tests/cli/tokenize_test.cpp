// Tests `rocmforge tokenize` and `detokenize`, as a user and a script see them.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "support/program.h"
#include "support/temp_folder.h"
#include "support/tiny_vocabulary.h"

namespace rocmforge {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using testing::rocmforge;

class Tokenize : public ::testing::Test {
 protected:
  Tokenize() {
    vocabulary_.merge("h", "i").control("<s>");
    model_ = folder_.write("model.gguf", vocabulary_.file_bytes());
  }

  testing::TinyVocabulary vocabulary_ = testing::TinyVocabulary::byte_level();
  testing::TempFolder folder_;
  std::string model_;
};

TEST_F(Tokenize, PrintsIdsInAPipe) {
  EXPECT_EQ(rocmforge({"tokenize", "-m", model_, "--text", "hi"}).output, "[256]\n");
  EXPECT_EQ(rocmforge({"tokenize", "-m", model_}, "hihi").output, "[256,256]\n") << "from standard input";
  EXPECT_EQ(rocmforge({"tokenize", "-m", model_, "--text", "<s>hi", "--parse-special"}).output, "[257,256]\n");
}

// An empty text is a valid text; the program must not wait for standard input.
TEST_F(Tokenize, AnEmptyTextIsNotAMissingOne) {
  EXPECT_EQ(rocmforge({"tokenize", "-m", model_, "--text", ""}, "hi").output, "[]\n");
  EXPECT_EQ(rocmforge({"tokenize", "-m", model_, "--text", "a", "--text", "b"}).exit_code, 2);
  EXPECT_EQ(rocmforge({"tokenize", "-m", model_, "--text", "a", "--jsonl"}).exit_code, 2);
  EXPECT_THAT(rocmforge({"detokenize", "-m", model_}, "").errors, HasSubstr("there are no ids"));
}

TEST_F(Tokenize, AnswersLineByLine) {
  const Answer answer = rocmforge({"tokenize", "-m", model_, "--jsonl"},
                                  "{\"text\": \"hi\"}\n\n{\"text\": \"<s>\", \"parse_special\": true}\n");
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_EQ(answer.output, "{\"ids\":[256]}\n{\"ids\":[257]}\n");
}

// An invalid line must not prevent the answers to the others.
TEST_F(Tokenize, ABadLineIsAnsweredByItsError) {
  const Answer answer = rocmforge({"tokenize", "-m", model_, "--jsonl"},
                                  "not json\n{\"text\": 5}\n{\"txt\": \"a\"}\n[]\n{\"text\": \"hi\"}");
  EXPECT_EQ(answer.exit_code, 0);
  std::istringstream lines(answer.output);
  for (const char* expected : {"line 1: not JSON", "line 2: the field 'text' is 5, expected a text",
                               "line 3: the field 'text' is missing", "line 4: expected an object"}) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_THAT(parse_json(line, "answer").at("error").get<std::string>(), HasSubstr(expected));
  }
  std::string last;
  std::getline(lines, last);
  EXPECT_EQ(last, "{\"ids\":[256]}");
}

TEST_F(Tokenize, DetokenizeGivesTheTextBack) {
  EXPECT_EQ(rocmforge({"detokenize", "-m", model_, "--ids", "[257, 256]"}).output, "<s>hi\n");
  EXPECT_EQ(rocmforge({"detokenize", "-m", model_, "--ids", "[257, 256]", "--no-special"}).output, "hi\n");
  const Answer lines = rocmforge({"detokenize", "-m", model_, "--jsonl"},
                                 "{\"ids\": [257, 256], \"special\": false}\n{\"ids\": [999]}\n");
  EXPECT_THAT(lines.output, HasSubstr("{\"text\":\"hi\"}\n{\"error\":\"line 2: token 999 is none"));
  const Answer refused = rocmforge({"detokenize", "-m", model_, "--ids", "[-1]"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.errors, HasSubstr("'-1' in the list of ids is no token id"));
}

TEST_F(Tokenize, ThePreTokenizerCanBeForced) {
  const auto unknown = testing::TinyVocabulary::byte_level("futuristic");
  const std::string model = folder_.write("unknown.gguf", unknown.file_bytes());
  const Answer refused = rocmforge({"tokenize", "-m", model, "--text", "a"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.errors, HasSubstr("'futuristic'"));
  EXPECT_THAT(refused.errors, HasSubstr("--pre-tokenizer"));
  EXPECT_EQ(rocmforge({"tokenize", "-m", model, "--text", "a", "--pre-tokenizer", "gpt-2"}).exit_code, 0);
}

TEST_F(Tokenize, AModelWithoutATokenizerSaysSo) {
  testing::GgufBytes file;
  const std::string bare = folder_.write("bare.gguf", file.string("general.architecture", "llama").bytes());
  const Answer answer = rocmforge({"tokenize", "-m", bare, "--text", "a"});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("has no tokenizer"));
}

}  // namespace
}  // namespace rocmforge
