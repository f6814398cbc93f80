// Tests perplexity against a separate computation from all logits.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/perplexity.h"
#include "support/chat_model.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge::engine {
namespace {

class PerplexityOfAText : public ::testing::Test {
 protected:
  PerplexityOfAText() : file_(gguf::File::open(testing::chat_model(folder_ / "model.gguf"))) {}

  Runner runner(int rows = 1) {
    return {file_,
            {.device = {.device = "cpu", .threads = 1},
             .context = 64,
             .logit_rows = rows,
             .key_format = &quant::format_of(quant::FormatId::kF32),
             .value_format = &quant::format_of(quant::FormatId::kF32),
             .on_progress = {}}};
  }

  static MeasuredText text_of(std::size_t tokens) {
    MeasuredText text;
    for (std::size_t i = 0; i < tokens; ++i) text.tokens.push_back(static_cast<kv::TokenId>((i * i + 3 * i) % 250));
    return text;
  }

  // -ln p of tokens[from] to the last one, after those before.
  std::vector<double> nll_of_tokens(const std::vector<kv::TokenId>& tokens, std::size_t from) {
    Runner all = runner(64);
    const StepItem item{all.start()->id, tokens, Wanted::kAll};
    EXPECT_TRUE(all.run({&item, 1}));
    std::vector<double> nll;
    for (std::size_t i = from; i < tokens.size(); ++i) {
      const auto logits = all.output(static_cast<int>(i - 1));
      long double sum = 0;
      for (const float logit : logits) sum += std::exp(static_cast<long double>(logit));
      nll.push_back(static_cast<double>(std::log(sum) - logits[static_cast<std::size_t>(tokens[i])]));
    }
    return nll;
  }

  static void expect(const NegativeLogLikelihood& found, const std::vector<double>& nll) {
    const auto count = static_cast<double>(nll.size());
    double mean = 0;
    double squares = 0;
    for (const double value : nll) mean += value / count;
    for (const double value : nll) squares += value * value / count;
    EXPECT_EQ(found.tokens(), static_cast<std::int64_t>(nll.size()));
    EXPECT_NEAR(found.mean(), mean, 1e-6);
    EXPECT_NEAR(found.perplexity(), std::exp(mean), 1e-4);
    EXPECT_NEAR(found.error(), std::exp(mean) * std::sqrt((squares - mean * mean) / (count - 1)), 1e-4);
  }

  testing::TempFolder folder_;
  gguf::File file_;
};

// In windows of 16 the tokens 9 to 15 count, and the remainder does not.
TEST_F(PerplexityOfAText, ScoresTheSecondHalvesOfWindows) {
  const MeasuredText text = text_of(16 * 3 + 5);
  std::vector<double> expected;
  for (std::size_t begin = 0; begin < 48; begin += 16) {
    const auto start = text.tokens.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<double> of_window = nll_of_tokens({start, start + 16}, 9);
    expected.insert(expected.end(), of_window.begin(), of_window.end());
  }
  for (const int rows : {1, 3, 16}) {
    Runner some = runner(rows);
    const Perplexity found = measure_perplexity(some, text, {.window = 16, .is_cancelled = {}, .on_window = {}});
    EXPECT_EQ(found.windows, 3);
    EXPECT_EQ(found.dropped, 5);
    expect(found.nll, expected);
  }
}

TEST_F(PerplexityOfAText, BeginsEveryWindowWithBos) {
  MeasuredText text = text_of(32);
  text.bos = 257;
  std::vector<double> expected;
  for (std::size_t begin = 0; begin < 32; begin += 16) {
    const auto start = text.tokens.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<kv::TokenId> window(start, start + 16);
    window[0] = 257;
    for (const double value : nll_of_tokens(window, 9)) expected.push_back(value);
  }
  Runner all = runner(16);
  expect(measure_perplexity(all, text, {.window = 16, .is_cancelled = {}, .on_window = {}}).nll, expected);
}

// Every token but the first is scored once, with as much context as the window allows.
TEST_F(PerplexityOfAText, ScoresEveryTokenOnceWithAStride) {
  const MeasuredText text = text_of(45);
  const auto piece = [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    return std::vector<kv::TokenId>(text.tokens.begin() + begin, text.tokens.begin() + end);
  };
  std::vector<double> expected = nll_of_tokens(piece(0, 16), 1);
  for (std::ptrdiff_t end = 16; end < 45;) {
    const std::ptrdiff_t next = std::min<std::ptrdiff_t>(end + 6, 45);
    for (const double value : nll_of_tokens(piece(next - 16, next), static_cast<std::size_t>(16 - (next - end)))) {
      expected.push_back(value);
    }
    end = next;
  }
  ASSERT_EQ(expected.size(), 44u);
  Runner some = runner(4);
  const PerplexityOptions options{.window = 16, .stride = 6, .is_cancelled = {}, .on_window = {}};
  const Perplexity found = measure_perplexity(some, text, options);
  EXPECT_EQ(found.dropped, 0);
  expect(found.nll, expected);
}

TEST_F(PerplexityOfAText, CountsWholeWindowsWhenItIsCancelled) {
  Runner some = runner(4);
  int windows = 0;
  PerplexityOptions options{.window = 16, .is_cancelled = [&] { return windows == 2; }, .on_window = {}};
  options.on_window = [&](int done, int of, const NegativeLogLikelihood& so_far) {
    windows = done;
    EXPECT_EQ(of, 10);
    EXPECT_EQ(so_far.tokens(), 7 * done);
  };
  const Perplexity found = measure_perplexity(some, text_of(160), options);
  EXPECT_EQ(found.windows, 2);
  EXPECT_EQ(found.of_windows, 10);
  EXPECT_EQ(found.nll.tokens(), 14);
}

TEST_F(PerplexityOfAText, SaysWhatIsWrong) {
  Runner some = runner(4);
  const auto measure = [&](std::size_t tokens, int stride) {
    return measure_perplexity(some, text_of(tokens),
                              {.window = 16, .stride = stride, .is_cancelled = {}, .on_window = {}});
  };
  EXPECT_ERROR(measure(31, 0), "31 tokens, less than two windows of 16");
  EXPECT_ERROR(measure(32, 16), "a stride of 16");
}

// A broken model must not get a perplexity, least of all a good one.
TEST_F(PerplexityOfAText, RefusesLogitsThatAreNoNumbers) {
  const std::string path = folder_ / "model.gguf";
  std::string bytes = testing::read_text(path);
  // The last tensor is the output matrix, and its last row belongs to the last token.
  bytes.replace(bytes.size() - 8, 8, 8, '\xff');
  const gguf::File damaged = gguf::File::open(folder_.write("damaged.gguf", bytes));
  Runner some(damaged, {.device = {.device = "cpu", .threads = 1}, .context = 64, .on_progress = {}});
  EXPECT_ERROR(measure_perplexity(some, text_of(32), {.window = 16, .is_cancelled = {}, .on_window = {}}),
               "are no numbers");
}

TEST_F(PerplexityOfAText, ReadsATextAsText) {
  const MeasuredText text = tokens_to_measure(file_, "a<|im_end|>\n\n");
  EXPECT_EQ(text.tokens.size(), 12u) << "one line feed less, and no control token";
  EXPECT_FALSE(text.bos.has_value());
}

}  // namespace
}  // namespace rocmforge::engine
