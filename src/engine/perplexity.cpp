#include "engine/perplexity.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "sample/sampler.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {
namespace {

constexpr std::int64_t kMostLogits = std::int64_t{1} << 24;

// A window of the text and its first scored token.
struct Window {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t scored_from = 0;  // all three count from the text's beginning
};

std::vector<Window> separate_windows(std::size_t tokens, std::size_t length) {
  std::vector<Window> windows;
  for (std::size_t begin = 0; begin + length <= tokens; begin += length) {
    windows.push_back({begin, begin + length, begin + length / 2 + 1});
  }
  return windows;
}

std::vector<Window> sliding_windows(std::size_t tokens, std::size_t length, std::size_t stride) {
  std::vector<Window> windows = {{0, std::min(length, tokens), 1}};
  while (windows.back().end < tokens) {
    const std::size_t scored_from = windows.back().end;
    const std::size_t end = std::min(scored_from + stride, tokens);
    windows.push_back({end - length, end, scored_from});
  }
  return windows;
}

std::vector<Window> windows_of(const MeasuredText& text, const PerplexityOptions& options) {
  const std::size_t count = text.tokens.size();
  const auto length = static_cast<std::size_t>(options.window);
  if (count < 2 * length) {
    throw Error(ErrorCode::kUsage,
                fmt::format("the text has {} tokens, less than two windows of {}", count, options.window),
                "a longer text, or a smaller window");
  }
  if (options.stride == 0) return separate_windows(count, length);
  if (options.stride < 0 || options.stride >= options.window) {
    throw error(ErrorCode::kUsage, "a stride of {}: expected 1 to {}, less than the window", options.stride,
                options.window - 1);
  }
  return sliding_windows(count, length, static_cast<std::size_t>(options.stride));
}

// Computes the windows one after the other, each in a sequence of its own.
class Scorer {
 public:
  Scorer(Runner& runner, const MeasuredText& text, const std::function<bool()>& is_cancelled)
      : runner_(runner), text_(text), is_cancelled_(is_cancelled) {}

  // Returns false if it was cancelled; then no token of the window is counted.
  bool score(const Window& window, NegativeLogLikelihood& nll) {
    tokens_.assign(text_.tokens.begin() + static_cast<std::ptrdiff_t>(window.begin),
                   text_.tokens.begin() + static_cast<std::ptrdiff_t>(window.end));
    if (text_.bos) tokens_.front() = *text_.bos;
    const auto sequence = runner_.start();  // without the cache, which does not hold logits
    RF_CHECK(sequence);
    NegativeLogLikelihood extended = nll;
    // The last token is only predicted; it is not an input.
    const bool complete = run(sequence->id, tokens_.size() - 1, window.scored_from - window.begin - 1, extended);
    runner_.finish(sequence->id);
    if (complete) nll = extended;
    return complete;
  }

 private:
  // Leaving such tokens out would make the model look better than it is.
  static void check_numbers(std::span<const float> logits, std::size_t position) {
    if (std::ranges::none_of(logits, [](float logit) { return std::isnan(logit); })) return;
    throw error(ErrorCode::kMalformed, "the logits at position {} of a window are no numbers: the model is damaged",
                position);
  }

  // Positions from `first_wanted` on predict tokens that are scored.
  bool run(kv::SequenceId sequence, std::size_t end, std::size_t first_wanted, NegativeLogLikelihood& nll) {
    const auto step = static_cast<std::size_t>(runner_.step_tokens());
    const auto rows = static_cast<std::size_t>(runner_.most_output_rows());
    for (std::size_t done = 0; done < end;) {
      const bool wanted = done >= first_wanted;
      const std::size_t until =
          wanted ? std::min(end, done + std::min(step, rows)) : std::min(first_wanted, done + step);
      const auto part = std::span(tokens_).subspan(done, until - done);
      const StepItem item{sequence, part, wanted ? Wanted::kAll : Wanted::kNothing};
      RF_CHECK(runner_.run({&item, 1}));
      for (std::size_t i = done; wanted && i < until; ++i) {
        const std::span<const float> logits = runner_.output(static_cast<int>(i - done));
        check_numbers(logits, i);
        nll.add(-static_cast<double>(sample::logprob_of(logits, tokens_[i + 1], 0, likeliest_)));
      }
      done = until;
      if (is_cancelled_ && is_cancelled_()) return false;
    }
    return true;
  }

  Runner& runner_;
  const MeasuredText& text_;
  const std::function<bool()>& is_cancelled_;
  std::vector<kv::TokenId> tokens_;
  std::vector<sample::LikelyToken> likeliest_;
};

}  // namespace

MeasuredText tokens_to_measure(const gguf::File& file, std::string_view text) {
  if (!file.metadata().contains(text::kTokensKey)) {
    throw error(ErrorCode::kUnsupported, "{}: the file has no tokenizer", file.path());
  }
  if (text.ends_with('\n')) text.remove_suffix(1);
  const text::Tokenizer tokenizer(file.metadata());
  MeasuredText measured{.tokens = tokenizer.encode(text, {.add_special = text::AddSpecial::kPrompt}), .bos = {}};
  const text::TokenId bos = tokenizer.vocabulary().special().bos;
  const std::vector<text::TokenId> nothing = tokenizer.encode("", {.add_special = text::AddSpecial::kPrompt});
  if (bos != text::kNoToken && !nothing.empty() && nothing.front() == bos) measured.bos = bos;
  return measured;
}

void NegativeLogLikelihood::add(double nll) {
  ++tokens_;
  sum_ += nll;
  sum_of_squares_ += nll * nll;
}

double NegativeLogLikelihood::mean() const { return tokens_ > 0 ? sum_ / static_cast<double>(tokens_) : 0; }

double NegativeLogLikelihood::perplexity() const { return std::exp(mean()); }

double NegativeLogLikelihood::error() const {
  if (tokens_ < 2) return 0;
  const double variance = sum_of_squares_ / static_cast<double>(tokens_) - mean() * mean();
  return perplexity() * std::sqrt(std::max(variance, 0.0) / static_cast<double>(tokens_ - 1));
}

Perplexity measure_perplexity(Runner& runner, const MeasuredText& text, const PerplexityOptions& options) {
  const std::vector<Window> windows = windows_of(text, options);
  runner.check_tokens(text.tokens, "the text");
  if (text.bos) runner.check_tokens({&*text.bos, 1}, "each window");
  Perplexity result;
  result.of_windows = static_cast<int>(windows.size());
  result.dropped = static_cast<std::int64_t>(text.tokens.size() - windows.back().end);
  Scorer scorer(runner, text, options.is_cancelled);
  for (const Window& window : windows) {
    if (!scorer.score(window, result.nll)) break;
    ++result.windows;
    if (options.on_window) options.on_window(result.windows, result.of_windows, result.nll);
  }
  return result;
}

int rows_to_score(int window, int vocabulary) {
  return static_cast<int>(std::clamp<std::int64_t>(kMostLogits / vocabulary, 1, window));
}

}  // namespace rocmforge::engine
