// min_p (Nguyen et al. 2024): keeps the tokens whose probability is at least a given share of the likeliest token's.
#include "sample/exponential.h"
#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

class MinP : public Stage {
 public:
  MinP(float share, int min_keep) : below_(logarithm(static_cast<double>(share))), min_keep_(min_keep) {}

  Effect effect() const override { return Effect::kKeepsLikeliest; }

  void apply(Candidates& candidates, Random&) override {
    const float largest = candidates.largest_logit();
    if (largest == kImpossible) return;
    const auto least = static_cast<float>(static_cast<double>(largest) + below_);
    if (min_keep_ > 1 && candidates.at_rank(min_keep_).logit < least) {
      candidates.keep_likeliest(min_keep_);
    } else {
      candidates.keep_from(least);
    }
  }

 private:
  double below_;  // ln of the share: the least allowed difference to the largest logit
  int min_keep_;
};

}  // namespace

std::unique_ptr<Stage> make_min_p(const Settings& settings, int) {
  if (settings.min_p <= 0) return nullptr;
  return std::make_unique<MinP>(settings.min_p, settings.min_keep);
}

}  // namespace rocmforge::sample
