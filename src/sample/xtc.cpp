// xtc, "exclude top choices": with a given probability, drops all likely tokens except the least likely of them.
//
// Uses one random number at every step.
#include <algorithm>

#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

class Xtc : public Stage {
 public:
  explicit Xtc(const Settings& settings)
      : probability_(static_cast<double>(settings.xtc_probability)),
        threshold_(static_cast<double>(settings.xtc_threshold)),
        min_keep_(settings.min_keep) {}

  void apply(Candidates& candidates, Random& random) override {
    if (random.uniform() >= probability_) return;
    candidates.weigh();
    // The threshold is at least 1, so that impossible tokens are never likely.
    const Mass likely = std::max<Mass>(mass_at_least(threshold_, candidates.total()), 1);
    Ranked least = {};
    int likely_count = 0;
    int possible = 0;
    for (int i = 0; i < candidates.size(); ++i) {
      const Ranked candidate = {candidates.logit(i), i};
      possible += candidate.logit == kImpossible ? 0 : 1;
      if (candidates.total() == 0 || candidates.mass(i) < likely) continue;
      if (likely_count == 0 || precedes(least, candidate)) least = candidate;
      ++likely_count;
    }
    if (likely_count < 2 || possible - (likely_count - 1) < min_keep_) return;
    candidates.keep_if([&](int i) { return candidates.mass(i) < likely || i == least.position; });
  }

 private:
  double probability_;
  double threshold_;
  int min_keep_;
};

}  // namespace

std::unique_ptr<Stage> make_xtc(const Settings& settings, int) {
  // Two tokens cannot both be more likely than one half.
  if (settings.xtc_probability <= 0 || settings.xtc_threshold > 0.5f) return nullptr;
  return std::make_unique<Xtc>(settings);
}

}  // namespace rocmforge::sample
