// Selects the keys of sparse attention: scores the positions of each row and sets the bits of the best.
#include <algorithm>
#include <array>
#include <bit>

#include "backends/cpu/cpu_backend.h"
#include "base/error.h"

namespace rocmforge::cpu {

using namespace ops;

namespace {

// Maps scores to unsigned numbers in the same order. NaN gets the lowest rank. A score is a sum that began at 0, so it
// is never -0.
std::uint32_t rank_of(float score) {
  if (score != score) return 0;
  const auto bits = std::bit_cast<std::uint32_t>(score);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

struct Threshold {
  std::uint32_t rank = 0;  // all higher ranks are selected,
  int equal = 0;           // and this many positions of equal rank
};

// Finds the threshold by radix selection, byte by byte from the highest: each pass counts the scores whose higher bytes
// equal the threshold's. Reads the scores four times and moves none.
Threshold threshold_of(std::span<const float> scores, int most) {
  Threshold threshold{0, most};
  std::uint32_t mask = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    std::array<std::int32_t, 256> counts{};
    for (const float score : scores) {
      const std::uint32_t rank = rank_of(score);
      if ((rank & mask) == threshold.rank) ++counts[rank >> shift & 255];
    }
    std::uint32_t byte = 255;
    for (; byte > 0 && counts[byte] < threshold.equal; --byte) threshold.equal -= counts[byte];
    threshold.rank |= byte << shift;
    mask |= 255u << shift;
  }
  return threshold;
}

void choose(std::span<const float> scores, int most, std::span<std::uint32_t> words) {
  std::ranges::fill(words, 0u);
  const bool takes_all = scores.size() <= static_cast<std::size_t>(most);
  Threshold left = takes_all ? Threshold() : threshold_of(scores, most);
  for (std::size_t j = 0; j < scores.size(); ++j) {
    const std::uint32_t rank = takes_all ? 1 : rank_of(scores[j]);
    const bool is_chosen = rank > left.rank || (rank == left.rank && left.equal-- > 0);
    words[j / 32] |= static_cast<std::uint32_t>(is_chosen) << (j % 32);
  }
}

}  // namespace

void CpuBackend::score_cut(const KeyScores& what, std::int64_t row, std::int64_t number, ThreadScratch& scratch,
                           float* scores) const {
  const auto r = static_cast<std::size_t>(row);
  const Heads& q = what.q;
  const std::int64_t padded = padded_head(q.size);
  AttentionCut cut;
  cut.first_position = static_cast<std::int32_t>(number) * kCutPositions;
  cut.key_size = q.size;
  cut.cache = &what.keys;
  cut.block_table = what.step.table(what.keys.group, what.step.sequence[r]).data();
  cut.keys = what.format;
  const std::int32_t end = std::min(what.step.positions[r] + 1 - cut.first_position, kCutPositions);
  std::fill_n(scores, kCutPositions, 0.0f);
  for (int head = 0; head < q.heads; head += kCutQueries) {
    cut.count = std::min(kCutQueries, q.heads - head);
    cut.queries = q.at(row, head);
    cut.query_stride = q.head_stride;
    if (q.size < padded) {
      for (int g = 0; g < cut.count; ++g) {
        float* const to = scratch.queries + g * padded;
        std::fill(std::copy_n(q.at(row, head + g), q.size, to), to + padded, 0.0f);
      }
      cut.queries = scratch.queries;
      cut.query_stride = padded;
    }
    attention_.score(cut, end, what.weights.row(row) + head, scores, scratch.attention_scratch);
  }
}

// If there are few rows, the threads share the cuts of each row, otherwise they share the rows. The sums are the same.
void CpuBackend::select_keys(const Step& step, int most, Heads q, Tensor weights, const PagedKvView& keys,
                             const KeySelection& selection) {
  RF_CHECK(q.size <= scratch_.limits().head_size);
  for (const std::int32_t position : step.positions) RF_CHECK(position < scratch_.limits().context);
  const KeyScores what{step, q, weights, keys, attention_.cache_format(*keys.key_format, q.size, tier_)};
  const auto positions_of = [&](std::int64_t row) { return step.positions[static_cast<std::size_t>(row)] + 1; };
  const auto cuts_of = [&](std::int64_t row) {  // 0 if all positions are selected anyway
    return positions_of(row) <= most ? 0 : (positions_of(row) + kCutPositions - 1) / kCutPositions;
  };
  const auto choose_of = [&](std::int64_t row, const float* scores) {
    choose({scores, static_cast<std::size_t>(positions_of(row))}, most,
           {selection.row(row), static_cast<std::size_t>(selection.words)});
  };
  if (step.rows() < pool_.size()) {
    float* const scores = scratch_.thread(0).scores;
    for (std::int64_t row = 0; row < step.rows(); ++row) {
      pool_.parallel_for(static_cast<std::size_t>(cuts_of(row)), [&](std::size_t cut, int thread) {
        score_cut(what, row, static_cast<std::int64_t>(cut), scratch_.thread(thread), scores + cut * kCutPositions);
      });
      choose_of(row, scores);
    }
    return;
  }
  pool_.parallel_for(static_cast<std::size_t>(step.rows()), [&](std::size_t index, int thread) {
    const auto row = static_cast<std::int64_t>(index);
    ThreadScratch& scratch = scratch_.thread(thread);
    for (std::int64_t cut = 0; cut < cuts_of(row); ++cut) {
      score_cut(what, row, cut, scratch, scratch.scores + cut * kCutPositions);
    }
    choose_of(row, scratch.scores);
  });
}

}  // namespace rocmforge::cpu
