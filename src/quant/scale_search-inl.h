// Searches for the scales of groups of values, with one group per lane. Included once per Highway target.
//
// x is a value, q its quant (a small integer), and w its error weight. For fixed quants, the scale (and the minimum, if
// there is one) with the least squared error follows from a few sums. So a search tries scales, rounds to quants, and
// refits.

#if defined(ROCMFORGE_QUANT_SCALE_SEARCH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_SCALE_SEARCH_INL_H_
#undef ROCMFORGE_QUANT_SCALE_SEARCH_INL_H_
#else
#define ROCMFORGE_QUANT_SCALE_SEARCH_INL_H_
#endif

#include <hwy/highway.h>

#include "quant/grids.h"
#include "quant/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

// The scales to try. Each maps the value farthest from zero to a point `first * unit` to `last * unit` beyond
// (positive) or before the end of the quants' range.
struct SearchRange {
  int first;
  int last;
  float unit;
  int refits;  // number of rounds of rounding and refitting that then improve the best scale
};

// ---- Quants around zero: x is about scale * q ----

// Integers from kLow to kHigh. kEnd is the one that is farthest from zero.
template <int kLow, int kHigh>
struct IntegerLevels {
  static constexpr float kEnd = -kLow > kHigh ? kLow : kHigh;
  static HWY_ATTR Lanes nearest(Lanes scaled) { return round(clamp(scaled, kLow, kHigh)); }
  static HWY_ATTR Lanes stored(Lanes scaled) { return nearest(scaled) - all(kLow); }
};

struct ScaleFit {
  Lanes scale;
  Lanes gain;  // reduction of the squared error compared with all zeros
};

// Returns the scale of least squared error for the quants to which `inverse` rounds.
template <typename Levels, int kGroupValues>
HWY_ATTR ScaleFit refit(const Chunk<kGroupValues>& chunk, Lanes inverse) {
  Lanes product = all(0);
  Lanes square = all(0);
  for (int v = 0; v < kGroupValues; ++v) {
    const Lanes q = Levels::nearest(chunk.x(v) * inverse);
    const Lanes wq = chunk.weighted(v, q);
    product = product + wq * chunk.x(v);
    square = square + wq * q;
  }
  const Lanes scale = product * inverse_or_zero(square);
  return {scale, scale * product};
}

// The ends of the levels differ, so the sign of the scale matters. The steps alternate between both signs.
template <typename Levels, int kGroupValues>
HWY_ATTR Lanes search_scale(const Chunk<kGroupValues>& chunk, SearchRange range) {
  Lanes greatest = all(0);
  for (int v = 0; v < kGroupValues; ++v) greatest = hn::Max(greatest, hn::Abs(chunk.x(v)));
  const Lanes unit = inverse_or_zero(greatest);
  ScaleFit best{all(0), all(0)};
  const auto try_inverse = [&](Lanes inverse) HWY_ATTR {
    const ScaleFit fit = refit<Levels>(chunk, inverse);
    const auto better = hn::Gt(fit.gain, best.gain);
    best.scale = hn::IfThenElse(better, fit.scale, best.scale);
    best.gain = hn::IfThenElse(better, fit.gain, best.gain);
  };
  for (int step = range.first; step <= range.last; ++step) {
    const float beyond = range.unit * static_cast<float>(step);
    const float end = Levels::kEnd < 0 ? Levels::kEnd - beyond : Levels::kEnd + beyond;
    if (step % 2 == 0) try_inverse(unit * all(end));
    if (step % 2 != 0 || step == 0) try_inverse(unit * all(-end));
  }
  for (int turn = 0; turn < range.refits; ++turn) try_inverse(inverse_or_zero(best.scale));
  return best.scale;
}

// Returns the squared error with a given (stored) scale.
template <typename Levels, int kGroupValues>
HWY_ATTR Lanes error_of(const Chunk<kGroupValues>& chunk, Lanes scale) {
  const Lanes inverse = inverse_or_zero(scale);
  Lanes error = all(0);
  for (int v = 0; v < kGroupValues; ++v) {
    const Lanes difference = chunk.x(v) - scale * Levels::nearest(chunk.x(v) * inverse);
    error = error + chunk.weighted(v, difference * difference);
  }
  return error;
}

// ---- Quants from zero up: x is about scale * q - minimum ----

struct AffineFit {
  Lanes scale;
  Lanes minimum;
};

// The sums over a group that the best fit needs and that do not depend on the quants.
struct GroupSums {
  Lanes weight;
  Lanes x;
  Lanes low;
  Lanes high;
};

template <int kGroupValues>
HWY_ATTR Lanes weight_of(const Chunk<kGroupValues>& chunk) {
  if (chunk.weights == nullptr) return all(kGroupValues);
  Lanes weight = all(0);
  for (int v = 0; v < kGroupValues; ++v) weight = weight + chunk.w(v);
  return weight;
}

template <int kGroupValues>
HWY_ATTR GroupSums sums_of(const Chunk<kGroupValues>& chunk) {
  GroupSums sums{weight_of(chunk), all(0), chunk.x(0), chunk.x(0)};
  for (int v = 0; v < kGroupValues; ++v) {
    const Lanes x = chunk.x(v);
    sums.x = sums.x + chunk.weighted(v, x);
    sums.low = hn::Min(sums.low, x);
    sums.high = hn::Max(sums.high, x);
  }
  return sums;
}

// The allowed signs of a minimum: the K formats store it without a sign.
enum class MinimumSign { kNotNegative, kAny };

struct AffineCandidate {
  AffineFit fit;
  Lanes gain;
};

// Returns scale and minimum of least squared error for the quants to which `inverse` and `start` round.
template <MinimumSign kSign, int kGroupValues>
HWY_ATTR AffineCandidate refit_affine(const Chunk<kGroupValues>& chunk, const GroupSums& sums, Lanes inverse,
                                      Lanes start, int max_quant) {
  Lanes q_sum = all(0);
  Lanes square = all(0);
  Lanes product = all(0);
  for (int v = 0; v < kGroupValues; ++v) {
    const Lanes x = chunk.x(v);
    const Lanes q = round(clamp((x - start) * inverse, 0, static_cast<float>(max_quant)));
    const Lanes wq = chunk.weighted(v, q);
    q_sum = q_sum + wq;
    square = square + wq * q;
    product = product + wq * x;
  }
  const Lanes determinant = sums.weight * square - q_sum * q_sum;
  // The determinant is 0, apart from rounding errors, if all quants are equal.
  const auto solvable = hn::Gt(determinant, all(1e-5f) * sums.weight * square);
  const Lanes per_determinant = inverse_or_zero(determinant);
  Lanes scale = (sums.weight * product - sums.x * q_sum) * per_determinant;
  Lanes offset = (square * sums.x - q_sum * product) * per_determinant;
  const auto through_zero =
      kSign == MinimumSign::kNotNegative ? hn::Or(hn::Not(solvable), hn::Gt(offset, all(0))) : hn::Not(solvable);
  scale = hn::IfThenElse(through_zero, product * inverse_or_zero(square), scale);
  offset = hn::IfThenElse(through_zero, all(0), offset);
  return {{scale, all(0) - offset}, scale * product + offset * sums.x};
}

// The scales to try map the range of values to the range of quants, and to ranges that end before or beyond it.
template <MinimumSign kSign, int kGroupValues>
HWY_ATTR AffineFit search_affine(const Chunk<kGroupValues>& chunk, int max_quant, SearchRange range) {
  const GroupSums sums = sums_of(chunk);
  const Lanes low = kSign == MinimumSign::kNotNegative ? hn::Min(sums.low, all(0)) : sums.low;
  const Lanes per_range = inverse_or_zero(sums.high - low);
  AffineCandidate best{{all(0), all(0) - low}, all(0)};
  const auto try_rounding = [&](Lanes inverse, Lanes start) HWY_ATTR {
    const AffineCandidate candidate = refit_affine<kSign>(chunk, sums, inverse, start, max_quant);
    const auto better = hn::And(hn::Gt(candidate.gain, best.gain), hn::Gt(candidate.fit.scale, all(0)));
    best.fit.scale = hn::IfThenElse(better, candidate.fit.scale, best.fit.scale);
    best.fit.minimum = hn::IfThenElse(better, candidate.fit.minimum, best.fit.minimum);
    best.gain = hn::IfThenElse(better, candidate.gain, best.gain);
  };
  for (int step = range.first; step <= range.last; ++step) {
    const float end = static_cast<float>(max_quant) + range.unit * static_cast<float>(step);
    try_rounding(all(end) * per_range, low);
  }
  for (int turn = 0; turn < range.refits; ++turn)
    try_rounding(inverse_or_zero(best.fit.scale), all(0) - best.fit.minimum);
  return best.fit;
}

struct AffineError {
  Lanes error;
  Lanes excess;  // weighted sum of (decoded value - value)
};

// Returns the squared error with a given (stored) scale and minimum.
template <int kGroupValues>
HWY_ATTR AffineError error_of(const Chunk<kGroupValues>& chunk, AffineFit fit, int max_quant) {
  const Lanes inverse = inverse_or_zero(fit.scale);
  AffineError sum{all(0), all(0)};
  for (int v = 0; v < kGroupValues; ++v) {
    const Lanes shifted = chunk.x(v) + fit.minimum;
    const Lanes q = round(clamp(shifted * inverse, 0, static_cast<float>(max_quant)));
    const Lanes difference = fit.scale * q - shifted;
    const Lanes weighted = chunk.weighted(v, difference);
    sum.error = sum.error + weighted * difference;
    sum.excess = sum.excess + weighted;
  }
  return sum;
}

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
