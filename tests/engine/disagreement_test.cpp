// Files whose tables disagree, through every door of the library: each call answers or throws an Error. Whoever never
// uses a token without an embedding is not bothered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "rocmforge/rocmforge.h"
#include "support/disagreeing_model.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::Disagreement;

std::string write(const testing::TempFolder& folder, const testing::RandomModel& model) {
  const testing::ModelFile file(model);
  return folder.write("model.gguf", file.text());
}

Model load(const std::string& path) {
  LoadOptions options;
  options.threads = 1;
  options.context = 128;
  return Model::load(path, options);
}

// An Error is an answer as well, unless it says that we broke a promise of our own.
void expect_answer_or_error(const std::string& what, const std::function<void()>& ask) {
  try {
    ask();
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::kInternal) << what << ": " << error.message();
  }
}

TEST(Disagreements, AreSurvivedThroughEveryDoor) {
  log::set_level(log::Level::kError);  // what is ignored is said each time
  for (const Disagreement& disagreement : testing::disagreements()) {
    SCOPED_TRACE(disagreement.name);
    const testing::TempFolder folder;
    const std::string path = write(folder, testing::disagreeing_model(disagreement));
    expect_answer_or_error("load", [&] {
      Model model = load(path);
      GenerationOptions few;
      few.max_tokens = 4;
      few.sampling.seed = 1;
      few.sampling.ignore_eos = true;
      few.top_logprobs = 3;
      ChatOptions chat;
      static_cast<GenerationOptions&>(chat) = few;
      chat.sampling.dry_multiplier = 1;
      chat.sampling.repeat_penalty = 1.5f;
      const std::vector<Message> messages = {{Role::kUser, "a zebra, yonder <|im_end|>"}};
      for (const char* text : {"abc", "a zebra", "yonder", "quick<|im_end|>", "", "\xff"}) {
        expect_answer_or_error("tokenize", [&] { model.tokenize(text, {.parse_special = true}); });
        expect_answer_or_error("generate", [&] { model.generate(text, few); });
        expect_answer_or_error("embed", [&] { model.embed(text); });
      }
      expect_answer_or_error("chat", [&] { model.chat(messages, chat); });
      for (const std::int32_t token : {0, 2, 3, 255, 256, 261, 262, 1'000'000, -1}) {
        const std::vector<std::int32_t> tokens = {1, token};
        expect_answer_or_error("generate_from", [&] { model.generate_from(tokens, few); });
        expect_answer_or_error("detokenize", [&] { model.detokenize(tokens); });
      }
    });
  }
}

// Converters pad and drop rows. A text without the tokens that lack one is none the worse for it.
TEST(Disagreements, OnlyTokensWithoutAnEmbeddingAreRefused) {
  const testing::TempFolder folder;
  testing::RandomModel damaged = testing::model_with_tokenizer("llama");
  testing::drop_last_rows(damaged, 1);
  Model model = load(write(folder, damaged));
  GenerationOptions few;
  few.max_tokens = 2;
  EXPECT_EQ(model.generate("some bytes", few).tokens.size(), 2u);
  EXPECT_FALSE(model.embed("some bytes").empty());

  const std::int32_t last = model.info().vocabulary;
  const std::vector<std::int32_t> tokens = {1, last};
  const auto expect_refusal = [&](const std::function<void()>& ask) {
    try {
      ask();
      ADD_FAILURE() << "nothing was refused";
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), ::testing::AllOf(::testing::HasSubstr("model.gguf: token 1 of"),
                                                    ::testing::HasSubstr(" is 261, 'yonder'"),
                                                    ::testing::HasSubstr("the tokenizer has 262 tokens"),
                                                    ::testing::HasSubstr("'token_embd.weight' has 261 rows")));
    }
  };
  ASSERT_EQ(last, 261);
  expect_refusal([&] { model.generate_from(tokens, few); });
}

}  // namespace
}  // namespace rocmforge
