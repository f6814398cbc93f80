// top_n_sigma (Tang et al. 2024): keeps the tokens whose logits are within n standard deviations of the largest.
#include <algorithm>

#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

class TopNSigma : public Stage {
 public:
  explicit TopNSigma(float deviations) : deviations_(static_cast<double>(deviations)) {}

  Effect effect() const override { return Effect::kKeepsLikeliest; }

  void apply(Candidates& candidates, Random&) override {
    const float largest = candidates.largest_logit();
    if (largest == kImpossible) return;
    const double least = static_cast<double>(largest) - deviations_ * candidates.standard_deviation();
    candidates.keep_from(std::min(largest, within_finite(static_cast<float>(least))));
  }

 private:
  double deviations_;
};

}  // namespace

std::unique_ptr<Stage> make_top_n_sigma(const Settings& settings, int) {
  if (settings.top_n_sigma <= 0) return nullptr;
  return std::make_unique<TopNSigma>(settings.top_n_sigma);
}

}  // namespace rocmforge::sample
