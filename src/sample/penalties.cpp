// penalties: makes tokens less likely that occur among the last ones, including the prompt's. The repeat penalty
// divides positive logits and multiplies other ones; the frequency penalty is subtracted once per occurrence, the
// presence penalty once.
#include <vector>

#include "sample/recent_tokens.h"
#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

class Penalties : public Stage {
 public:
  Penalties(const Settings& settings, int vocabulary)
      : repeat_(settings.repeat_penalty),
        frequency_(settings.frequency_penalty),
        presence_(settings.presence_penalty),
        all_(settings.penalty_last_n < 0),
        recent_(all_ ? 0 : bounded_window(settings.penalty_last_n)),
        counts_(static_cast<std::size_t>(vocabulary)) {
    occurring_.reserve(counts_.size());
  }

  void remember(TokenId token) override {
    if (!all_) {
      if (recent_.full()) --counts_[recent_.tokens().front()].times;
      recent_.append(token);
    }
    Count& count = counts_[token];
    ++count.times;
    if (count.listed) return;
    count.listed = true;
    occurring_.push_back(token);
  }

  void apply(Candidates& candidates, Random&) override {
    std::size_t kept = 0;
    for (const TokenId token : occurring_) {
      Count& count = counts_[token];
      count.listed = count.times > 0;
      if (!count.listed) continue;  // the token has left the window
      occurring_[kept++] = token;
      candidates.change(token, [&](float logit) {
        const float repeated = logit > 0 ? logit / repeat_ : logit * repeat_;
        return repeated - (static_cast<float>(count.times) * frequency_ + presence_);
      });
    }
    occurring_.resize(kept);
  }

  static std::uint64_t bytes(int vocabulary) {
    return static_cast<std::uint64_t>(vocabulary) * (sizeof(Count) + sizeof(TokenId));
  }

 private:
  struct Count {
    int times = 0;
    bool listed = false;  // is in occurring_
  };

  float repeat_;
  float frequency_;
  float presence_;
  bool all_;  // the window contains the whole history
  RecentTokens recent_;
  std::vector<Count> counts_;       // by token
  std::vector<TokenId> occurring_;  // the tokens in the window, and some that have left it
};

}  // namespace

std::unique_ptr<Stage> make_penalties(const Settings& settings, int vocabulary) {
  const bool neutral =
      settings.repeat_penalty == 1 && settings.frequency_penalty == 0 && settings.presence_penalty == 0;
  if (neutral || settings.penalty_last_n == 0) return nullptr;
  return std::make_unique<Penalties>(settings, vocabulary);
}

std::uint64_t bytes_of_penalties(int vocabulary) { return Penalties::bytes(vocabulary); }

}  // namespace rocmforge::sample
