// Measures the perplexity of a model on a text: the exponential of the mean negative log-likelihood of its tokens.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/runner.h"

namespace rocmforge::engine {

struct MeasuredText {
  std::vector<kv::TokenId> tokens;
  std::optional<kv::TokenId> bos;  // the token that every window begins with
};

// Tokenizes the text as a whole. Ignores a line feed at its end, and treats the names of control tokens as text.
MeasuredText tokens_to_measure(const gguf::File& file, std::string_view text);

// The sum of the negative log-likelihoods of the scored tokens.
class NegativeLogLikelihood {
 public:
  void add(double nll);

  std::int64_t tokens() const { return tokens_; }
  double mean() const;        // of -ln p
  double perplexity() const;  // exponential of the mean
  double error() const;       // standard error of the perplexity
 private:
  std::int64_t tokens_ = 0;
  double sum_ = 0;
  double sum_of_squares_ = 0;
};

struct PerplexityOptions {
  int window = 512;

  // 0: windows do not overlap, and the tokens window/2 + 1 to window - 1 of each are scored. Otherwise: number of
  // tokens by which windows advance; every token except the first is scored once, with as much context as its window
  // has.
  int stride = 0;

  std::function<bool()> is_cancelled;  // called after each step
  std::function<void(int done, int windows, const NegativeLogLikelihood& so_far)> on_window;
};

struct Perplexity {
  NegativeLogLikelihood nll;
  int windows = 0;           // windows that were computed
  int of_windows = 0;        // windows of the text
  std::int64_t dropped = 0;  // tokens at the end that do not fill a window
};

// Measures the perplexity. Requires: the runner's context holds a window. Throws Error if the text is shorter than two
// windows or the stride is invalid.
Perplexity measure_perplexity(Runner& runner, const MeasuredText& text, const PerplexityOptions& options);

// Returns a number of rows of logits per step that is sufficient and does not take much memory.
int rows_to_score(int window, int vocabulary);

}  // namespace rocmforge::engine
