// top_p, nucleus sampling (Holtzman et al. 2019): keeps the likeliest tokens until their total probability reaches p,
// including the token that reaches it.
#include <algorithm>

#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

// The nucleus of most distributions has at most this many tokens, which are found quickly.
constexpr int kUsualNucleus = 256;

class TopP : public Stage {
 public:
  TopP(float share, int min_keep) : share_(share), min_keep_(min_keep) {}

  Effect effect() const override { return Effect::kKeepsLikeliest; }

  void apply(Candidates& candidates, Random&) override {
    candidates.weigh();
    if (candidates.total() == 0) return;
    Ranked last = last_of_nucleus(candidates);
    if (min_keep_ > 1) {
      const Ranked least = candidates.at_rank(min_keep_);
      if (precedes(last, least)) last = least;
    }
    candidates.keep_through(last);
  }

 private:
  Ranked last_of_nucleus(Candidates& candidates) const {
    const Mass needed = std::max<Mass>(mass_at_least(static_cast<double>(share_), candidates.total()), 1);
    Mass sum = 0;
    for (const Ranked& candidate : candidates.likeliest(kUsualNucleus)) {
      sum += candidates.mass(candidate.position);
      if (sum >= needed) return candidate;
    }
    const Cut last = candidates.cut_by_logit([&](int i) { return candidates.mass(i); }, needed);
    return {candidates.logit(last.position), last.position};
  }

  float share_;
  int min_keep_;
};

}  // namespace

std::unique_ptr<Stage> make_top_p(const Settings& settings, int) {
  if (settings.top_p >= 1) return nullptr;
  return std::make_unique<TopP>(settings.top_p, settings.min_keep);
}

}  // namespace rocmforge::sample
