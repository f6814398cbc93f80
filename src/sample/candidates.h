// The tokens that may still be drawn, with their logits, always by rising id. At first that is the whole vocabulary.
//
// Where order matters, larger logits come first and of equal ones the lower id. The stages need what a sort would say
// but never a sort: the maxima of blocks of 64 logits tell which few blocks can hold the likeliest, and
// cut_by_mass() (selection.h) does the rest. Allocates in the constructor only; memory is touched as it is needed.
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

// A candidate as such: its logit and its place among the candidates.
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

  // All tokens, with these logits. No number becomes minus infinity, and infinity the largest finite number: there then
  // is a distribution, in which those share all that there is.
  void assign(std::span<const float> logits);

  int size() const { return size_; }
  TokenId token(int position) const { return whole_ ? position : tokens_[position]; }
  float logit(int position) const { return logits_[position]; }
  // Minus infinity where nothing can be drawn.
  float largest_logit();

  // Replaces the logit of a token by change(logit), if it is a candidate that is possible at all. The result is kept
  // finite.
  template <typename Change>
  void change(TokenId token, Change change);
  void forbid(TokenId token);
  // The same for all of them. change() must keep their order, and be fit for vector code.
  template <typename Change>
  void change_all(Change change);

  // The first `count` in order, or all that there are. Valid until the next call of anything.
  std::span<const Ranked> likeliest(int count);
  // The last of those, for any count.
  Ranked at_rank(int count);

  void keep_likeliest(int count);
  // Those up to and including `last` in order.
  void keep_through(const Ranked& last);
  // Those whose logit is so large.
  void keep_from(float logit);
  // Those whose position keep() wants.
  template <typename Keep>
  void keep_if(Keep keep);

  // Computes weights from the logits. They hold until logits change or candidates go.
  void weigh();
  Mass total() const { return total_; }
  Mass mass(int position) const { return mass_of_weight(weights_[position]); }
  // How far below the largest logit, when last weighed; a number also where the token is impossible.
  float distance(int position) const { return distance_from(weighed_from_, position); }
  // The mean of the distances by weight. Entropy is ln(total / kWholeMass) more than this.
  double mean_distance() const;

  // Where the masses of the candidates so far first exceed `mass`, which is less than the total.
  int position_at(Mass mass) const;
  // Of the logits that are possible.
  double standard_deviation();

  // See cut_by_mass(), whose functions take positions here.
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
  // The position of the token, or -1.
  int find(TokenId token) const;
  void set(int position, float logit);
  template <typename Keep>
  void compact(float floor, Keep keep);
  void finish_compaction(int kept);
  float floor_of_likeliest(int count);

  int size_ = 0;
  bool whole_ = true;       // all tokens, so that tokens_ need not be written
  bool stale_ = false;      // some maximum is out of date
  float weighed_from_ = 0;  // the largest logit when the weights were computed
  Mass total_ = 0;
  // Filled up with minus infinity to whole blocks.
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

// Keeps what arithmetic on a logit gives within the finite numbers: what was possible stays possible, and differences
// remain numbers.
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
      // Written in any case, over what has been looked at: cheaper than a branch nobody can foretell.
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
    const auto bits = std::bit_cast<std::uint32_t>(logits_[i] + 0.0f);  // both zeros are one
    // Numbers as integers of the same order, turned around: the largest first.
    return (bits >> 31) != 0 ? bits : ~(bits | 0x80000000u);
  };
  const auto distance = [this, largest = largest_logit()](int i) { return distance_from(largest, i); };
  return cut_by_mass(size_, distance, key, mass, need, selection_);
}

template <typename DistanceOf, typename MassOf>
Cut Candidates::cut_by_distance(DistanceOf distance, MassOf mass, Mass need) {
  // Of numbers that are not negative, the bits rise with the number.
  const auto key = [&](int i) { return std::bit_cast<std::uint32_t>(distance(i)); };
  return cut_by_mass(size_, distance, key, mass, need, selection_);
}

}  // namespace rocmforge::sample
