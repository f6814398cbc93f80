// temperature: divides the logits, so that the distribution becomes sharper or flatter; 0 keeps the likeliest token
// only. Dynamic temperature is low when the model is certain and high when it is not, according to the entropy relative
// to its maximum.
#include <algorithm>

#include "sample/exponential.h"
#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

class Temperature : public Stage {
 public:
  explicit Temperature(const Settings& settings)
      : temperature_(settings.temperature),
        range_(static_cast<double>(settings.dynatemp_range)),
        exponent_(static_cast<double>(settings.dynatemp_exponent)) {}

  Effect effect() const override { return temperature_ <= 0 ? Effect::kOnlyLikeliest : Effect::kKeepsLikeliest; }

  void apply(Candidates& candidates, Random&) override {
    const float temperature = temperature_ > 0 && range_ > 0 ? dynamic_temperature(candidates) : temperature_;
    if (temperature <= 0) {
      candidates.keep_likeliest(1);
    } else if (temperature != 1) {
      divide(candidates, temperature);
    }
  }

 private:
  float dynamic_temperature(Candidates& candidates) const {
    candidates.weigh();
    int possible = 0;
    for (int i = 0; i < candidates.size(); ++i) possible += candidates.logit(i) == kImpossible ? 0 : 1;
    if (possible < 2) return temperature_;
    const double sum = static_cast<double>(candidates.total()) / static_cast<double>(kWholeMass);
    const double entropy = candidates.mean_distance() + logarithm(sum);
    const double share = std::clamp(entropy / logarithm(possible), 0.0, 1.0);
    const double lowest = std::max(0.0, static_cast<double>(temperature_) - range_);
    const double highest = static_cast<double>(temperature_) + range_;
    return static_cast<float>(lowest + (highest - lowest) * power(share));
  }

  double power(double share) const {
    if (exponent_ == 0) return 1;
    if (share == 0 || exponent_ == 1) return share;
    return exponential(exponent_ * logarithm(share));
  }

  static void divide(Candidates& candidates, float temperature) {
    // Limit the temperature so that the largest logit stays finite. A lower temperature would make no difference.
    const float largest = candidates.largest_logit();
    if (largest == kImpossible) return;
    temperature = std::max(temperature, (largest < 0 ? -largest : largest) / 1e38f);
    candidates.change_all([temperature](float logit) { return logit / temperature; });
  }

  float temperature_;
  double range_;
  double exponent_;
};

}  // namespace

std::unique_ptr<Stage> make_temperature(const Settings& settings, int) {
  if (settings.temperature == 1 && settings.dynatemp_range <= 0) return nullptr;
  return std::make_unique<Temperature>(settings);
}

}  // namespace rocmforge::sample
