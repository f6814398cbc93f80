// Tests generations through the library: when they end, what they contain, and that they do not depend on each other.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rocmforge/rocmforge.h"
#include "support/chat_model.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::ChatModelOptions;
using ::testing::HasSubstr;

const std::vector<Message> kQuestion = {{Role::kUser, "What does the fox do?"}};
const std::vector<std::string> kFox = {"The", " quick", " brown", " fox", " jumps", " over", " it", "."};

class Generations : public ::testing::Test {
 protected:
  std::string write(const ChatModelOptions& options) {
    return testing::chat_model(folder_ / ("model" + std::to_string(models_++) + ".gguf"), options);
  }
  Model load(const ChatModelOptions& model, LoadOptions options = {}) {
    options.threads = 1;
    if (options.context == 0) options.context = 256;
    return Model::load(write(model), options);
  }

  static ChatOptions with_seed(std::uint64_t seed) {
    ChatOptions options;
    options.sampling.seed = seed;
    return options;
  }

  testing::TempFolder folder_;
  int models_ = 0;
};

// ---- How they end ----

TEST_F(Generations, EndWhereTheModelEndsThem) {
  Model model = load({.script = kFox});
  std::string streamed;
  std::vector<std::int32_t> tokens;
  const Generation reply = model.chat(kQuestion, {}, [&](const Piece& piece) {
    streamed += piece.text;
    for (const GeneratedToken& token : piece.tokens) tokens.push_back(token.token);
    return true;
  });
  EXPECT_EQ(reply.text, "The quick brown fox jumps over it.");
  EXPECT_EQ(streamed, reply.text);
  EXPECT_EQ(reply.finish, FinishReason::kEnd);
  EXPECT_EQ(reply.statistics.new_tokens, 8);
  EXPECT_EQ(tokens.size(), 8u) << "the token that ended it is none of the reply's";
  EXPECT_EQ(model.detokenize(tokens), reply.text);
}

TEST_F(Generations, EndAtTheLimit) {
  Model model = load({.script = kFox});
  ChatOptions options;
  options.max_tokens = 3;
  const Generation reply = model.chat(kQuestion, options);
  EXPECT_EQ(reply.text, "The quick brown");
  EXPECT_EQ(reply.finish, FinishReason::kLength);
  EXPECT_EQ(reply.tokens.size(), 3u);
}

// "x ju" spans three tokens.
TEST_F(Generations, EndBeforeAStopStringThatTokensDivide) {
  Model model = load({.script = kFox});
  ChatOptions options;
  options.stop = {"nothing", "x ju"};
  const Generation reply = model.chat(kQuestion, options);
  EXPECT_EQ(reply.text, "The quick brown fo");
  EXPECT_EQ(reply.finish, FinishReason::kStopString);
  EXPECT_EQ(reply.stop, "x ju");
}

TEST_F(Generations, EndWithTheContext) {
  Model model = load({.script = kFox, .script_repeats = true}, {.context = 64});
  const Generation reply = model.chat(kQuestion);
  EXPECT_EQ(reply.finish, FinishReason::kContext);
  // The last drawn token has no place in the context and needs none.
  EXPECT_EQ(reply.statistics.prompt_tokens + reply.statistics.new_tokens, 65);
}

TEST_F(Generations, GoOnInAContextThatShifts) {
  Model model = load({.script = kFox, .script_repeats = true}, {.context = 64});
  ChatOptions options;
  options.context_shift = true;
  options.max_tokens = 200;
  const Generation reply = model.chat(kQuestion, options);
  EXPECT_EQ(reply.finish, FinishReason::kLength);
  EXPECT_EQ(reply.statistics.new_tokens, 200);
  EXPECT_GT(reply.statistics.context_shifts, 2);
  std::string expected;
  for (int i = 0; i < 25; ++i) expected += "The quick brown fox jumps over it.";
  EXPECT_EQ(reply.text, expected) << "what was said goes on where it was";
}

// The result equals that of a model that never saw the dropped tokens.
TEST_F(Generations, AShiftedContextMeansWhatItHolds) {
  const std::string path = write({});
  Model model = Model::load(path, {.threads = 1, .context = 64});
  GenerationOptions options;
  options.sampling.temperature = 0;
  options.sampling.ignore_eos = true;
  options.context_shift = true;
  options.keep = 10;
  options.max_tokens = 70;
  std::vector<std::int32_t> prompt;
  for (int i = 0; i < 40; ++i) prompt.push_back(i * 5 % 250);
  const Generation shifted = model.generate_from(prompt, options);
  ASSERT_EQ(shifted.statistics.context_shifts, 2);

  // 65 tokens did not fit: 10 stay, and the newest (64 - 10) / 2.
  std::vector<std::int32_t> all = prompt;
  for (std::size_t i = 0; i < 25; ++i) all.push_back(shifted.tokens[i].token);
  std::vector<std::int32_t> left(all.begin(), all.begin() + 10);
  left.insert(left.end(), all.end() - 27, all.end());
  options.max_tokens = 27;
  const Generation fresh = Model::load(path, {.threads = 1, .context = 64}).generate_from(left, options);
  for (std::size_t i = 0; i < 27; ++i) EXPECT_EQ(fresh.tokens[i].token, shifted.tokens[25 + i].token) << i;
}

TEST_F(Generations, RefuseAPromptBeyondTheContextUnlessItMayShift) {
  Model model = load({.script = kFox}, {.context = 64});
  const std::vector<Message> lengthy = {{Role::kSystem, "Be brief."}, {Role::kUser, std::string(300, 'x')}};
  EXPECT_ERROR(model.chat(lengthy), "more than the context of 64");
  ChatOptions options;
  options.context_shift = true;
  const Generation reply = model.chat(lengthy, options);
  EXPECT_EQ(reply.text, "The quick brown fox jumps over it.");
  EXPECT_EQ(reply.statistics.context_shifts, 1);
}

TEST_F(Generations, StopWhenTheCallbackSaysSo) {
  Model model = load({.script = kFox, .script_repeats = true});
  int pieces = 0;
  const Generation reply = model.chat(kQuestion, {}, [&](const Piece&) { return ++pieces < 3; });
  EXPECT_EQ(reply.finish, FinishReason::kCancelled);
  EXPECT_EQ(pieces, 3);
  EXPECT_THAT(reply.text, HasSubstr("The quick brown"));
  EXPECT_EQ(model.chat(kQuestion, with_seed(1), {}).finish, FinishReason::kContext) << "the model goes on";
}

// While the prompt is computed, there is no piece that a callback could refuse.
TEST_F(Generations, StopWhereTheTokenIsAskedTo) {
  Model model = load({.script = kFox, .script_repeats = true}, {.context = 4000});
  std::stop_source source;
  source.request_stop();
  ChatOptions options;
  options.cancel = source.get_token();
  const Generation reply = model.chat(kQuestion, options);
  EXPECT_EQ(reply.finish, FinishReason::kCancelled);
  EXPECT_EQ(reply.statistics.new_tokens, 0);
}

TEST_F(Generations, WhatTheCallbackThrowsComesOut) {
  Model model = load({.script = kFox});
  EXPECT_THROW(model.chat(kQuestion, {}, [](const Piece&) -> bool { throw std::runtime_error("enough"); }),
               std::runtime_error);
  EXPECT_EQ(model.chat(kQuestion).finish, FinishReason::kEnd);
}

// ---- Content ----

TEST_F(Generations, TellReasoningFromTheAnswer) {
  Model model = load({.script = {"Forty", " two", "."}, .reasoning = {"Let", " me", " see"}});
  std::string streamed;
  const Generation reply = model.chat(kQuestion, {}, [&](const Piece& piece) {
    streamed += piece.reasoning;
    return true;
  });
  EXPECT_EQ(reply.reasoning, "Let me see");
  EXPECT_EQ(streamed, reply.reasoning);
  EXPECT_EQ(reply.text, "Forty two.");
  ChatOptions quick;
  quick.thinking = false;
  const Generation answer = model.chat(kQuestion, quick);
  EXPECT_EQ(answer.reasoning, "");
  EXPECT_EQ(answer.text, "Forty two.");
}

// A program that shows text must never receive half a character.
TEST_F(Generations, GiveWholeCharactersOnly) {
  Model model = load({});
  GenerationOptions options;
  options.max_tokens = 200;
  options.sampling.seed = 4;
  options.sampling.ignore_eos = true;
  const Generation random = model.generate("x", options, [&](const Piece& piece) {
    for (const char c : piece.text) EXPECT_NE(static_cast<unsigned char>(c), 0xff);
    EXPECT_FALSE(!piece.text.empty() && (static_cast<unsigned char>(piece.text.front()) & 0xc0) == 0x80);
    return true;
  });
  EXPECT_EQ(random.tokens.size(), 200u);
}

TEST_F(Generations, TheSameSeedSaysTheSame) {
  Model model = load({});
  ChatOptions options = with_seed(17);
  options.max_tokens = 50;
  const Generation first = model.chat(kQuestion, options);
  EXPECT_EQ(model.chat(kQuestion, options).text, first.text);
  options.sampling.seed = 18;
  EXPECT_NE(model.chat(kQuestion, options).text, first.text);
  options.sampling.seed.reset();
  const Generation another = model.chat(kQuestion, options);
  EXPECT_NE(another.text, first.text);
  options.sampling.seed = another.seed;
  EXPECT_EQ(model.chat(kQuestion, options).text, another.text) << "the seed that was drawn is told";
}

TEST_F(Generations, LogprobsAreTheModelsOwn) {
  Model model = load({});
  GenerationOptions options;
  options.max_tokens = 5;
  options.top_logprobs = 3;
  options.sampling.temperature = 0;
  const Generation reply = model.generate("abc", options);
  ASSERT_EQ(reply.tokens.size(), 5u);
  for (const GeneratedToken& token : reply.tokens) {
    ASSERT_EQ(token.likeliest.size(), 3u);
    EXPECT_EQ(token.likeliest[0].token, token.token) << "the likeliest was drawn";
    EXPECT_EQ(token.likeliest[0].logprob, token.logprob);
    EXPECT_GE(token.likeliest[1].logprob, token.likeliest[2].logprob);
    EXPECT_LT(token.logprob, 0);
  }
  options.top_logprobs = 0;
  EXPECT_TRUE(model.generate("abc", options).tokens[0].likeliest.empty());
  EXPECT_EQ(model.generate("abc", options).tokens[0].logprob, reply.tokens[0].logprob);
}

TEST_F(Generations, NeverEndByATokenThatIsIgnored) {
  Model model = load({.script = kFox});
  ChatOptions options;
  options.max_tokens = 30;
  options.sampling.ignore_eos = true;
  const Generation reply = model.chat(kQuestion, options);
  EXPECT_EQ(reply.finish, FinishReason::kLength);
  EXPECT_THAT(reply.text, ::testing::StartsWith("The quick brown fox jumps over it."));
}

// ---- Side by side ----

// The next turn of a conversation must not recompute the earlier ones.
TEST_F(Generations, TakeOverWhatIsCached) {
  Model model = load({.script = kFox}, {.context = 1024});
  std::vector<Message> messages = {{Role::kSystem, std::string(200, 's')}, kQuestion[0]};
  const Generation first = model.chat(messages);
  EXPECT_EQ(first.statistics.cached_tokens, 0);
  messages.push_back({Role::kAssistant, first.text});
  messages.push_back({Role::kUser, "And then?"});
  const Generation second = model.chat(messages);
  EXPECT_GE(second.statistics.cached_tokens, first.statistics.prompt_tokens / 32 * 32);
  EXPECT_LT(second.statistics.cached_tokens, second.statistics.prompt_tokens);
}

// Returns the new ids of each prompt, continued alone.
std::vector<std::vector<std::int32_t>> alone(Model& model, const std::vector<GenerationOptions>& options) {
  std::vector<std::vector<std::int32_t>> ids;
  for (std::size_t i = 0; i < options.size(); ++i) {
    ids.emplace_back();
    const std::string prompt(20 * i + 5, static_cast<char>('a' + i));
    for (const GeneratedToken& token : model.generate(prompt, options[i]).tokens) ids.back().push_back(token.token);
  }
  return ids;
}

TEST_F(Generations, SayTheSameAloneAndAmongOthers) {
  const std::string path = write({});
  std::vector<GenerationOptions> options(6);
  for (std::size_t i = 0; i < options.size(); ++i) {
    options[i].max_tokens = 40;
    options[i].sampling.seed = i;
    options[i].sampling.temperature = 1.5f;
  }
  Model one = Model::load(path, {.threads = 1, .context = 256});
  const auto expected = alone(one, options);
  Model many = Model::load(path, {.threads = 2, .context = 256, .sequences = 3});
  std::vector<std::vector<std::int32_t>> found(options.size());
  {
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < options.size(); ++i) {
      clients.emplace_back([&, i] {
        const std::string prompt(20 * i + 5, static_cast<char>('a' + i));
        for (const GeneratedToken& token : many.generate(prompt, options[i]).tokens) found[i].push_back(token.token);
      });
    }
  }
  EXPECT_EQ(found, expected);
}

TEST_F(Generations, WaitForAPlace) {
  Model model = load({.script = kFox, .script_repeats = true}, {.context = 2000});
  std::atomic<bool> running = false;
  std::stop_source stop;
  std::jthread first([&] {
    ChatOptions options;
    options.cancel = stop.get_token();
    model.chat(kQuestion, options, [&](const Piece&) { return running = true; });
  });
  while (!running) std::this_thread::yield();
  // A request that is cancelled while it waits leaves no trace.
  std::stop_source impatient;
  impatient.request_stop();
  ChatOptions options;
  options.cancel = impatient.get_token();
  EXPECT_EQ(model.chat(kQuestion, options).finish, FinishReason::kCancelled);
  stop.request_stop();
  options.cancel = {};
  options.max_tokens = 1;
  EXPECT_EQ(model.chat(kQuestion, options).text, "The");
}

// A client that never reads must not fill the server's memory.
TEST_F(Generations, FailWhenNobodyReadsThem) {
  Model model = load({.script = kFox, .script_repeats = true});
  ChatOptions options;
  options.context_shift = true;
  options.top_logprobs = 100;
  ChatOptions other;
  other.max_tokens = 1;
  bool has_waited = false;
  EXPECT_ERROR(model.chat(kQuestion, options,
                          [&](const Piece&) {
                            // Runs when the first one has ended: there is one place.
                            if (!std::exchange(has_waited, true)) model.chat(kQuestion, other);
                            return true;
                          }),
               "nobody reads: ");
  options.max_tokens = 1;
  EXPECT_EQ(model.chat(kQuestion, options).text, "The");
}

// ---- Wrong requests ----

TEST_F(Generations, SayWhatIsWrong) {
  Model model = load({.script = kFox});
  const auto with = [](auto change) {
    ChatOptions options;
    change(options);
    return options;
  };
  EXPECT_ERROR(model.chat({}), "no messages");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.max_tokens = 0; })), "max_tokens: 0");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.top_logprobs = 101; })), "top_logprobs: 101");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.keep = -1; })), "keep: -1");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.stop = {""}; })), "stop: ''");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.stop = {"\xff"}; })), "bytes of UTF-8");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.stop.resize(65, "x"); })), "65 texts");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.sampling.samplers = "top_q"; })), "top_q");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.sampling.top_p = 2; })), "top_p");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.sampling.logit_bias = {{100000, 1.0f}}; })), "token 100000");
  EXPECT_ERROR(model.chat(kQuestion, with([](auto& o) { o.continue_last = true; })), "not the assistant's");
  EXPECT_ERROR(model.generate(""), "the prompt is empty");
  EXPECT_ERROR(model.generate_from({}), "no tokens");
  const std::vector<std::int32_t> beyond = {1, -1};
  EXPECT_ERROR(model.generate_from(beyond), "token 1 of the prompt is -1");
  EXPECT_ERROR(model.embed("x"), "'llama.pooling_type' does not say");
  // A request that cannot continue must not affect others.
  const auto forbid_all = with([&](auto& o) {
    for (int token = 0; token < model.info().vocabulary; ++token) {
      o.sampling.logit_bias.emplace_back(token, -std::numeric_limits<float>::infinity());
    }
  });
  EXPECT_ERROR(model.chat(kQuestion, forbid_all), "no token can be drawn");
  EXPECT_EQ(model.chat(kQuestion).finish, FinishReason::kEnd);
}

TEST_F(Generations, AreOverWhenTheModelIsClosed) {
  Model model = load({.script = kFox, .script_repeats = true}, {.context = 4000});
  std::atomic<bool> running = false;
  std::jthread client(
      [&] { EXPECT_ERROR(model.chat(kQuestion, {}, [&](const Piece&) { return running = true; }), "closed"); });
  while (!running) std::this_thread::yield();
  model.close();
  client.join();
  EXPECT_ERROR(model.chat(kQuestion), "the model is closed");
  EXPECT_ERROR(model.info(), "the model is closed");
  model.close();
  const Model moved = std::move(model);
  EXPECT_ERROR(model.tokenize("x"), "the model is closed");  // NOLINT(bugprone-use-after-move): what it asks
}

}  // namespace
}  // namespace rocmforge
