// dry, "don't repeat yourself": makes tokens less likely that would continue a repetition. If the last n tokens also
// occur earlier in the window, the token that followed them there is penalized by multiplier * base^(n - allowed
// length), for the greatest such n. A repetition does not extend across a sequence breaker, and a token that is a
// breaker is never penalized.
#include <algorithm>
#include <limits>
#include <vector>

#include "sample/breakers.h"
#include "sample/recent_tokens.h"
#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

// Computes base^exponent without the C library, limited to the largest float. Requires: base >= 1.
float power(float base, int exponent) {
  double result = 1;
  double square = static_cast<double>(base);
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result *= square;
    square *= square;
  }
  constexpr float kMost = std::numeric_limits<float>::max();
  return result < static_cast<double>(kMost) ? static_cast<float>(result) : kMost;
}

class Dry : public Stage {
 public:
  Dry(const Settings& settings, int vocabulary)
      : multiplier_(settings.dry_multiplier),
        base_(settings.dry_base),
        allowed_length_(settings.dry_allowed_length),
        breakers_(settings.dry_breakers),
        window_(bounded_window(settings.dry_penalty_last_n)),
        recent_(std::max(window_, Breakers::kLongest)),
        repeated_(std::make_unique_for_overwrite<int[]>(static_cast<std::size_t>(window_))),
        longest_(static_cast<std::size_t>(vocabulary), -1) {
    continuing_.reserve(longest_.size());
  }

  void remember(TokenId token) override {
    recent_.append(token);
    since_breaker_ = breakers_.end(recent_.tokens()) ? 0 : std::min(since_breaker_ + 1, window_);
  }

  void apply(Candidates& candidates, Random&) override {
    if (since_breaker_ < allowed_length_) return;
    const auto tokens = recent_.tokens();
    find_continuing(tokens.last(std::min(tokens.size(), static_cast<std::size_t>(window_))));
    for (const TokenId token : continuing_) {
      const int length = longest_[token];
      longest_[token] = -1;
      if (breakers_.is_one(token)) continue;
      const float penalty = multiplier_ * power(base_, length - allowed_length_);
      candidates.change(token, [&](float logit) { return logit - penalty; });
    }
    continuing_.clear();
  }

  static std::uint64_t bytes(int vocabulary) {
    return static_cast<std::uint64_t>(vocabulary) * (sizeof(int) + sizeof(TokenId));
  }

 private:
  // Runs the Z-algorithm on the reversed text: repeated_[i] becomes the number of tokens, going back from the i-th
  // before the last, that agree with the last tokens of the text. In [from, to) the text is known to agree with its
  // beginning, so that no token is compared twice.
  void find_repeated(std::span<const TokenId> text) {
    const int size = static_cast<int>(text.size());
    const auto backwards = [&](int i) { return text[static_cast<std::size_t>(size - 1 - i)]; };
    int from = 0;
    int to = 0;
    for (int i = 1; i < size; ++i) {
      int length = i < to ? std::min(to - i, repeated_[i - from]) : 0;
      while (i + length < size && backwards(length) == backwards(i + length)) ++length;
      repeated_[i] = length;
      if (i + length <= to) continue;
      from = i;
      to = i + length;
    }
  }

  // Sets continuing_ to the tokens that would continue a repetition, and longest_ to the lengths of the repetitions.
  void find_continuing(std::span<const TokenId> text) {
    find_repeated(text);
    const int size = static_cast<int>(text.size());
    for (int i = 1; i < size; ++i) {
      const int length = std::min(repeated_[i], since_breaker_);
      if (length < allowed_length_) continue;
      const TokenId next = text[static_cast<std::size_t>(size - i)];
      if (longest_[next] < 0) continuing_.push_back(next);
      longest_[next] = std::max(longest_[next], length);
    }
  }

  float multiplier_;
  float base_;
  int allowed_length_;
  Breakers breakers_;
  int window_;
  RecentTokens recent_;
  int since_breaker_ = 0;  // number of tokens since the last breaker, within the window
  std::unique_ptr<int[]> repeated_;
  std::vector<int> longest_;  // by token: the longest repetition that it would continue, or -1
  std::vector<TokenId> continuing_;
};

}  // namespace

std::unique_ptr<Stage> make_dry(const Settings& settings, int vocabulary) {
  if (settings.dry_multiplier <= 0 || settings.dry_base < 1 || settings.dry_penalty_last_n == 0) return nullptr;
  return std::make_unique<Dry>(settings, vocabulary);
}

std::uint64_t bytes_of_dry(int vocabulary) { return Dry::bytes(vocabulary); }

}  // namespace rocmforge::sample
