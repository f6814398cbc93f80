// How well a model foretells a text: the exponential of the mean negative log-likelihood of its tokens.
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
  std::optional<kv::TokenId> bos;  // with which every window begins
};

// The text's tokens, all in one piece; a line feed at its end does not count, and control tokens written out in it are
// text.
MeasuredText tokens_to_measure(const gguf::File& file, std::string_view text);

// The scores of some tokens, added up.
class NegativeLogLikelihood {
 public:
  void add(double nll);

  std::int64_t tokens() const { return tokens_; }
  double mean() const;        // of -ln p
  double perplexity() const;  // its exponential
  double error() const;       // the standard error of that
 private:
  std::int64_t tokens_ = 0;
  double sum_ = 0;
  double sum_of_squares_ = 0;
};

struct PerplexityOptions {
  int window = 512;

  // 0: windows follow each other, and of each the tokens window/2 + 1 to window - 1 are scored. Otherwise windows
  // advance by so many tokens and every token but the first is scored once, with as much before it as there is.
  int stride = 0;

  std::function<bool()> is_cancelled;  // asked after each step
  std::function<void(int done, int windows, const NegativeLogLikelihood& so_far)> on_window;
};

struct Perplexity {
  NegativeLogLikelihood nll;
  int windows = 0;  // that are done
  int of_windows = 0;
  std::int64_t dropped = 0;  // tokens at the end that fill no window
};

// A runner whose context holds a window. An Error for a text of less than two windows, and for a stride that is none.
Perplexity measure_perplexity(Runner& runner, const MeasuredText& text, const PerplexityOptions& options);

// So many rows of logits at a time are enough, and do not take much memory.
int rows_to_score(int window, int vocabulary);

}  // namespace rocmforge::engine
