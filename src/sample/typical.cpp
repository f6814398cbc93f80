// typ_p, locally typical sampling (Meister et al. 2022): keeps the tokens whose surprise, -ln p, is nearest to its
// expected value, the entropy, until their total probability exceeds p.
//
// With d for the distance of a logit from the largest, surprise is d + ln(sum) and entropy is mean(d) + ln(sum), so
// only d matters.
#include <bit>

#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

class Typical : public Stage {
 public:
  Typical(float share, int min_keep) : share_(share), min_keep_(min_keep) {}

  void apply(Candidates& candidates, Random&) override {
    candidates.weigh();
    if (candidates.total() == 0) return;
    const auto expected = static_cast<float>(candidates.mean_distance());
    const auto oddity = [&](int i) {
      const float difference = candidates.distance(i) - expected;
      return difference < 0 ? -difference : difference + 0.0f;  // never -0
    };
    const auto needed = static_cast<Mass>(static_cast<double>(share_) * static_cast<double>(candidates.total())) + 1;
    Cut last = candidates.cut_by_distance(oddity, [&](int i) { return candidates.mass(i); }, needed);
    if (min_keep_ > 1) {
      const int least = min_keep_ < candidates.size() ? min_keep_ : candidates.size();
      const Cut least_last = candidates.cut_by_distance(oddity, [](int) { return Mass{1}; }, static_cast<Mass>(least));
      if (!last.takes(least_last.key, least_last.position)) last = least_last;
    }
    candidates.keep_if([&](int i) { return last.takes(std::bit_cast<std::uint32_t>(oddity(i)), i); });
  }

 private:
  float share_;
  int min_keep_;
};

}  // namespace

std::unique_ptr<Stage> make_typical(const Settings& settings, int) {
  if (settings.typical_p >= 1) return nullptr;
  return std::make_unique<Typical>(settings.typical_p, settings.min_keep);
}

}  // namespace rocmforge::sample
