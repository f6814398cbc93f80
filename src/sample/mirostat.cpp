#include "sample/mirostat.h"

#include <algorithm>

#include "sample/draw.h"
#include "sample/exponential.h"

namespace rocmforge::sample {
namespace {

constexpr double kLn2 = 0x1.62e42fefa39efp-1;
constexpr int kZipfTokens = 100;  // number of tokens from which the exponent is estimated

// Estimates the exponent s of Zipf's law, ln p_i - ln p_(i+1) = s ln((i+1)/i), by least squares.
double zipf_exponent(std::span<const Ranked> likeliest) {
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i + 1 < likeliest.size() && likeliest[i + 1].logit != kImpossible; ++i) {
    const double step = logarithm(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    products += step * (static_cast<double>(likeliest[i].logit) - static_cast<double>(likeliest[i + 1].logit));
    squares += step * step;
  }
  return squares > 0 ? products / squares : 0;
}

}  // namespace

Mirostat::Mirostat(const Settings& settings)
    : version_(settings.mirostat),
      target_(static_cast<double>(settings.mirostat_tau)),
      rate_(static_cast<double>(settings.mirostat_eta)),
      limit_(2 * target_) {}

int Mirostat::draw(Candidates& candidates, Random& random) {
  if (version_ == 1) {
    drop_by_zipf(candidates);
  } else {
    drop_surprising(candidates);
  }
  const int position = draw_position(candidates, random);
  if (position == kNone) return kNone;
  const double surprise =
      logarithm(static_cast<double>(candidates.total()) / static_cast<double>(candidates.mass(position))) / kLn2;
  limit_ -= rate_ * (surprise - target_);
  return position;
}

void Mirostat::drop_surprising(Candidates& candidates) const {
  candidates.weigh();
  if (candidates.total() == 0) return;
  // Surprise is the distance from the largest logit plus the logarithm of the sum.
  const double sum = static_cast<double>(candidates.total()) / static_cast<double>(kWholeMass);
  const double farthest = limit_ * kLn2 - logarithm(sum);
  if (farthest < 0) {
    candidates.keep_likeliest(1);
  } else {
    candidates.keep_from(within_finite(static_cast<float>(static_cast<double>(candidates.largest_logit()) - farthest)));
  }
}

void Mirostat::drop_by_zipf(Candidates& candidates) const {
  const auto size = static_cast<double>(candidates.size());
  const double exponent = zipf_exponent(candidates.likeliest(kZipfTokens));
  const double excess = exponent - 1;
  const double log_size = logarithm(size);
  // k^s = excess 2^limit / (1 - size^-excess), where the quotient nears 1 / ln(size) when the excess nears 0.
  const double scale = excess * log_size;
  double quotient = 1 / std::max(log_size, kLn2);
  if (scale < -1e-6 || scale > 1e-6) quotient = excess / (1 - exponential(-scale));
  const double log_power = limit_ * kLn2 + logarithm(quotient);
  int count = 1;
  if (log_power > 0) {
    // Compare before dividing, since the exponent may be 0.
    const bool all = log_power >= exponent * log_size;
    count = all ? candidates.size() : std::max(1, static_cast<int>(exponential(log_power / exponent)));
  }
  candidates.keep_likeliest(count);
}

}  // namespace rocmforge::sample
