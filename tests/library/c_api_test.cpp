// Tests the C functions with every mistake that a program can make.
#include <atomic>
#include <cmath>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rocmforge/c_api.h"
#include "support/chat_model.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using ::testing::HasSubstr;

class CApi : public ::testing::Test {
 protected:
  void SetUp() override {
    rocmforge_load_options options = rocmforge_load_defaults();
    options.threads = 1;
    options.context = 512;
    options.sequences = 2;
    ASSERT_EQ(rocmforge_load(path_.c_str(), &options, &model_), ROCMFORGE_OK) << rocmforge_last_error();
  }
  void TearDown() override { rocmforge_close(model_); }

  static void expect_error(rocmforge_status status, rocmforge_status expected, const char* text) {
    EXPECT_EQ(status, expected);
    EXPECT_THAT(rocmforge_last_error(), HasSubstr(text));
  }

  testing::TempFolder folder_;
  std::string path_ = testing::chat_model(folder_ / "model.gguf", {.script = {"One", " two", " three"}});
  rocmforge_model* model_ = nullptr;
};

int append(const char* text, size_t length, int, void* context) {
  static_cast<std::string*>(context)->append(text, length);
  return 0;
}

TEST_F(CApi, ChatsAndTellsWhatItTook) {
  const rocmforge_message messages[] = {{"system", "Count."}, {"user", "Go!"}};
  std::string streamed;
  rocmforge_result* result = nullptr;
  ASSERT_EQ(rocmforge_chat(model_, messages, 2, nullptr, append, &streamed, &result), ROCMFORGE_OK);
  EXPECT_STREQ(result->text, "One two three");
  EXPECT_EQ(streamed, result->text);
  EXPECT_STREQ(result->reasoning, "");
  EXPECT_EQ(result->finish, ROCMFORGE_FINISH_END);
  EXPECT_EQ(result->new_tokens, 3);
  EXPECT_GT(result->prompt_tokens, 10);
  EXPECT_GT(result->first_token_seconds, 0);
  rocmforge_free_result(result);
}

TEST_F(CApi, GeneratesAsTheOptionsSay) {
  rocmforge_generation_options options = rocmforge_generation_defaults();
  const char* const stop[] = {"o th"};
  options.stop = stop;
  options.stop_count = 1;
  rocmforge_result* result = nullptr;
  // The script follows the last token of the generation prompt.
  ASSERT_EQ(rocmforge_generate(model_, "\n", &options, nullptr, nullptr, &result), ROCMFORGE_OK);
  EXPECT_STREQ(result->text, "One tw");
  EXPECT_EQ(result->finish, ROCMFORGE_FINISH_STOP_STRING);
  rocmforge_free_result(result);

  const rocmforge_on_piece refuse = [](const char*, size_t, int, void*) { return 1; };
  ASSERT_EQ(rocmforge_generate(model_, "\n", nullptr, refuse, nullptr, &result), ROCMFORGE_OK);
  EXPECT_EQ(result->finish, ROCMFORGE_FINISH_CANCELLED);
  rocmforge_free_result(result);
}

TEST_F(CApi, TokenizesBothWays) {
  int32_t* tokens = nullptr;
  size_t count = 0;
  const std::string text("a\0b<|im_end|>", 13);
  ASSERT_EQ(rocmforge_tokenize(model_, text.data(), text.size(), 1, 1, &tokens, &count), ROCMFORGE_OK);
  EXPECT_EQ(count, 4u);
  char* back = nullptr;
  size_t length = 0;
  ASSERT_EQ(rocmforge_detokenize(model_, tokens, 4, &back, &length), ROCMFORGE_OK);
  EXPECT_EQ(std::string(back, length), text) << "the zero byte too";
  rocmforge_free(tokens);
  rocmforge_free(back);
}

TEST_F(CApi, Embeds) {
  float* vector = nullptr;
  size_t count = 0;
  ASSERT_EQ(rocmforge_embed(model_, "text", "mean", 1, &vector, &count), ROCMFORGE_OK) << rocmforge_last_error();
  int32_t width = 0;
  ASSERT_EQ(rocmforge_dimensions(model_, nullptr, nullptr, &width), ROCMFORGE_OK);
  EXPECT_EQ(count, static_cast<size_t>(width));
  double squares = 0;
  for (size_t i = 0; i < count; ++i) squares += static_cast<double>(vector[i]) * vector[i];
  EXPECT_NEAR(squares, 1, 1e-6);
  rocmforge_free(vector);
}

TEST_F(CApi, WrongHandlesAreErrors) {
  int64_t context = 0;
  expect_error(rocmforge_dimensions(nullptr, &context, nullptr, nullptr), ROCMFORGE_ERROR_USAGE, "the model is NULL");
  int something = 0;
  auto* const wrong = reinterpret_cast<rocmforge_model*>(&something);
  expect_error(rocmforge_dimensions(wrong, &context, nullptr, nullptr), ROCMFORGE_ERROR_USAGE, "no handle");
  expect_error(rocmforge_close(wrong), ROCMFORGE_ERROR_USAGE, "no handle");
  expect_error(rocmforge_close(nullptr), ROCMFORGE_ERROR_USAGE, "NULL");

  ASSERT_EQ(rocmforge_close(model_), ROCMFORGE_OK);
  expect_error(rocmforge_generate(model_, "x", nullptr, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE, "closed");
  expect_error(rocmforge_close(model_), ROCMFORGE_ERROR_USAGE, "closed");
  // A new model never gets the handle of a closed one.
  rocmforge_model* const closed = model_;
  ASSERT_EQ(rocmforge_load(path_.c_str(), nullptr, &model_), ROCMFORGE_OK);
  EXPECT_NE(model_, closed);
  expect_error(rocmforge_dimensions(closed, &context, nullptr, nullptr), ROCMFORGE_ERROR_USAGE, "closed");
}

TEST_F(CApi, NullsAndNonsenseAreErrors) {
  rocmforge_model* other = model_;
  expect_error(rocmforge_load(nullptr, nullptr, &other), ROCMFORGE_ERROR_USAGE, "path is NULL");
  EXPECT_EQ(other, nullptr);
  expect_error(rocmforge_load(path_.c_str(), nullptr, nullptr), ROCMFORGE_ERROR_USAGE, "model is NULL");
  expect_error(rocmforge_load("/nowhere.gguf", nullptr, &other), ROCMFORGE_ERROR_NOT_FOUND, "/nowhere.gguf");
  rocmforge_load_options load = rocmforge_load_defaults();
  load.device = "gpu";
  expect_error(rocmforge_load(path_.c_str(), &load, &other), ROCMFORGE_ERROR_UNSUPPORTED, "no GPU backend");
  EXPECT_THAT(rocmforge_last_hint(), HasSubstr("cpu"));
  load = rocmforge_load_defaults();
  load.key_type = "Q9";
  expect_error(rocmforge_load(path_.c_str(), &load, &other), ROCMFORGE_ERROR_USAGE, "keys as 'Q9'");
  load = {};  // without its defaults
  expect_error(rocmforge_load(path_.c_str(), &load, &other), ROCMFORGE_ERROR_USAGE, "struct_size is 0");
  for (const size_t size : {size_t{12}, size_t{100000}}) {
    load = rocmforge_load_defaults();
    load.struct_size = size;
    expect_error(rocmforge_load(path_.c_str(), &load, &other), ROCMFORGE_ERROR_USAGE, "struct_size is 1");
  }

  rocmforge_generation_options options = rocmforge_generation_defaults();
  expect_error(rocmforge_generate(model_, nullptr, &options, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE,
               "prompt is NULL");
  options.top_p = std::nanf("");
  expect_error(rocmforge_generate(model_, "x", &options, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE, "top_p");
  options = rocmforge_generation_defaults();
  options.stop_count = 1;
  expect_error(rocmforge_generate(model_, "x", &options, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE, "stop");
  const char* const stop[] = {"x"};
  options.stop = stop;
  options.stop_count = 1000000;
  expect_error(rocmforge_generate(model_, "x", &options, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE,
               "stop_count is 1000000");
  const rocmforge_message wrong_role[] = {{"robot", "x"}};
  expect_error(rocmforge_chat(model_, wrong_role, 1, nullptr, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE,
               "'robot'");
  const rocmforge_message no_content[] = {{"user", nullptr}};
  expect_error(rocmforge_chat(model_, no_content, 1, nullptr, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE,
               "content is NULL");
  expect_error(rocmforge_chat(model_, nullptr, 2, nullptr, nullptr, nullptr, nullptr), ROCMFORGE_ERROR_USAGE,
               "messages is NULL");
  float* vector = nullptr;
  size_t count = 0;
  expect_error(rocmforge_embed(model_, "x", nullptr, 1, &vector, &count), ROCMFORGE_ERROR_USAGE, "pooling_type");
  expect_error(rocmforge_embed(model_, "x", "max", 1, &vector, &count), ROCMFORGE_ERROR_USAGE, "'max'");
  expect_error(rocmforge_embed(model_, "x", "mean", 1, nullptr, &count), ROCMFORGE_ERROR_USAGE, "vector is NULL");
  expect_error(rocmforge_set_log_level("loud"), ROCMFORGE_ERROR_USAGE, "loud");
  const int32_t beyond = 1 << 20;
  char* text = nullptr;
  expect_error(rocmforge_detokenize(model_, &beyond, 1, &text, nullptr), ROCMFORGE_ERROR_MALFORMED, "1048576");
}

TEST_F(CApi, ErrorsBelongToTheirThread) {
  rocmforge_close(nullptr);
  EXPECT_THAT(rocmforge_last_error(), HasSubstr("NULL"));
  std::jthread([] { EXPECT_STREQ(rocmforge_last_error(), ""); });
}

TEST_F(CApi, ThreadsShareAModelAndOneMayCloseIt) {
  std::atomic<int> answered = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([this, &answered] {
      for (;;) {
        rocmforge_result* result = nullptr;
        const rocmforge_status status = rocmforge_generate(model_, "\n", nullptr, nullptr, nullptr, &result);
        if (status != ROCMFORGE_OK) {
          EXPECT_TRUE(status == ROCMFORGE_ERROR_CANCELLED || status == ROCMFORGE_ERROR_USAGE);
          EXPECT_THAT(rocmforge_last_error(), HasSubstr("closed"));
          return;
        }
        EXPECT_STREQ(result->text, "One two three");
        rocmforge_free_result(result);
        ++answered;
      }
    });
  }
  while (answered < 8) std::this_thread::yield();
  EXPECT_EQ(rocmforge_close(model_), ROCMFORGE_OK);
}

}  // namespace
}  // namespace rocmforge
