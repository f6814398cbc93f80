// The tokens that may still be drawn, with their logits, in ascending order of id. Initially that is the whole
// vocabulary.
//
// Where order matters, larger logits come first and of equal logits the lower id. The stages need parts of the sorted
// order but never sort: the maxima of blocks of 64 logits show which few blocks can contain the likeliest tokens, and
// cut_by_mass() (selection.h) does the rest. Allocates in the constructor only; memory is touched only when it is
// needed.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "sample/exponential.h"
#include "sample/logits.h"
#include "sample/selection.h"
#include "sample/settings.h"

namespace rocmforge::sample {

// A candidate: its logit and its position among the candidates.
struct Ranked {
  float logit = 0;
  int position = 0;
};
inline bool precedes(const Ranked& a, const Ranked& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.position < b.position);
}

class Candidates {
 public:
  explicit Candidates(int vocabulary);
  // The memory that those take.
  static std::uint64_t bytes(int vocabulary);

  // Makes all tokens candidates, with these logits. NaN becomes minus infinity, and infinity becomes the largest finite
  // number, so that there is a distribution, which such tokens share among them.
  void assign(std::span<const float> logits);

  int size() const { return size_; }
  TokenId token(int position) const { return whole_ ? position : tokens_[position]; }
  float logit(int position) const { return logits_[position]; }
  // Returns minus infinity if nothing can be drawn.
  float largest_logit();

  // Replaces the logit of a token by change(logit), unless the token is no candidate or is impossible. The result is
  // kept finite.
  template <typename Change>
  void change(TokenId token, Change change);
  void forbid(TokenId token);
  // Changes all logits. Requires: change() preserves the order and can be vectorized.
  template <typename Change>
  void change_all(Change change);

  // Returns the first `count` candidates in order, or all if there are fewer. Valid until the next call of any
  // function.
  std::span<const Ranked> likeliest(int count);
  // Returns the last of likeliest(count), without computing the others.
  Ranked at_rank(int count);

  void keep_likeliest(int count);
  // Keeps the candidates up to and including `last` in order.
  void keep_through(const Ranked& last);
  // Keeps the candidates with at least this logit.
  void keep_from(float logit);
  // Keeps the candidates for whose position keep() returns true.
  template <typename Keep>
  void keep_if(Keep keep);

  // Computes weights from the logits. They are valid until logits change or candidates are dropped.
  void weigh();
  Mass total() const { return total_; }
  Mass mass(int position) const { return mass_of_weight(weights_[position]); }
  // Returns how far the logit is below the largest logit at the time of weigh(). Finite even if the token is
  // impossible.
  float distance(int position) const { return distance_from(weighed_from_, position); }
  // Returns the weighted mean of the distances. The entropy is ln(total / kWholeMass) more than this.
  double mean_distance() const;

  // Returns the position at which the cumulative mass first exceeds `mass`. Requires: mass < total().
  int position_at(Mass mass) const;
  // Returns the standard deviation of the logits that are not minus infinity.
  double standard_deviation();

  // See cut_by_mass(); the functions are called with positions.
  template <typename MassOf>
  Cut cut_by_logit(MassOf mass, Mass need);
  template <typename DistanceOf, typename MassOf>
  Cut cut_by_distance(DistanceOf distance, MassOf mass, Mass need);

 private:
  int blocks() const { return (size_ + kLogitBlock - 1) / kLogitBlock; }
  void refresh_maximum(int block);
  void refresh_maxima();
  float distance_from(float largest, int position) const {
    const float distance = largest - logits_[position];
    return distance < -kLowestExponent ? distance : -kLowestExponent;
  }
  // Returns the position of the token, or -1.
  int find(TokenId token) const;
  void set(int position, float logit);
  template <typename Keep>
  void compact(float floor, Keep keep);
  void finish_compaction(int kept);
  float floor_of_likeliest(int count);

  int size_ = 0;
  bool whole_ = true;       // all tokens are candidates, and tokens_ is not filled
  bool stale_ = false;      // some block's maximum is out of date
  float weighed_from_ = 0;  // the largest logit when the weights were computed
  Mass total_ = 0;
  // Padded with minus infinity to whole blocks.
  std::unique_ptr<float[]> logits_;
  std::unique_ptr<TokenId[]> tokens_;
  std::unique_ptr<float[]> weights_;
  std::unique_ptr<Mass[]> masses_;            // of each block
  std::unique_ptr<float[]> maxima_;           // of each block
  std::unique_ptr<std::uint8_t[]> is_stale_;  // for each block: its maximum is out of date
  std::unique_ptr<float[]> maxima_scratch_;
  std::unique_ptr<Ranked[]> ranked_;
  SelectionScratch selection_;
};

// Clamps the result of arithmetic on a logit to finite numbers, so that possible tokens stay possible and differences
// of logits are never NaN.
inline float within_finite(float logit) {
  constexpr float kMost = std::numeric_limits<float>::max();
  logit = logit < kMost ? logit : kMost;
  return logit > -kMost ? logit : -kMost;
}

template <typename Change>
void Candidates::change(TokenId token, Change change) {
  const int position = find(token);
  if (position < 0 || logits_[position] == kImpossible) return;
  set(position, within_finite(change(logits_[position])));
}

template <typename Change>
void Candidates::change_all(Change change) {
  refresh_maxima();
  const auto change_each = [&](float* logits, int count) {
    for (int i = 0; i < count; ++i) {
      const float changed = within_finite(change(logits[i]));
      logits[i] = logits[i] == kImpossible ? kImpossible : changed;
    }
  };
  change_each(logits_.get(), blocks() * kLogitBlock);
  change_each(maxima_.get(), blocks());
}

template <typename Keep>
void Candidates::compact(float floor, Keep keep) {
  refresh_maxima();
  int kept = 0;
  for (int block = 0; block < blocks(); ++block) {
    if (!(maxima_[block] >= floor)) continue;
    const int end = size_ < (block + 1) * kLogitBlock ? size_ : (block + 1) * kLogitBlock;
    for (int i = block * kLogitBlock; i < end; ++i) {
      const Ranked candidate = {logits_[i], i};
      const TokenId its_token = token(i);
      // Always write, over elements that have been read already: this is cheaper than an unpredictable branch.
      logits_[kept] = candidate.logit;
      tokens_[kept] = its_token;
      kept += keep(candidate) ? 1 : 0;
    }
  }
  finish_compaction(kept);
}

template <typename Keep>
void Candidates::keep_if(Keep keep) {
  compact(kImpossible, [&](const Ranked& candidate) { return keep(candidate.position); });
}

template <typename MassOf>
Cut Candidates::cut_by_logit(MassOf mass, Mass need) {
  const auto key = [this](int i) {
    const auto bits = std::bit_cast<std::uint32_t>(logits_[i] + 0.0f);  // maps -0 to +0
    // Map numbers to integers in reverse order: the largest first.
    return (bits >> 31) != 0 ? bits : ~(bits | 0x80000000u);
  };
  const auto distance = [this, largest = largest_logit()](int i) { return distance_from(largest, i); };
  return cut_by_mass(size_, distance, key, mass, need, selection_);
}

template <typename DistanceOf, typename MassOf>
Cut Candidates::cut_by_distance(DistanceOf distance, MassOf mass, Mass need) {
  // The bits of nonnegative numbers have the order of the numbers.
  const auto key = [&](int i) { return std::bit_cast<std::uint32_t>(distance(i)); };
  return cut_by_mass(size_, distance, key, mass, need, selection_);
}

}  // namespace rocmforge::sample
