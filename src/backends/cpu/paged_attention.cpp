// Attention over the paged cache.
//
// A unit is some adjacent rows of one sequence and the query heads of one key head, which can all use the same keys and
// values. A cut is the range of positions between two multiples of kCutPositions. Each cut of a unit is attended
// separately, and the cuts are joined in order. If there are many units, each is one task. If there are few (such as
// one sequence that generates at a long context), the threads share the cuts, which are joined afterwards. Both ways do
// the same operations.
#include <algorithm>

#include "backends/cpu/cpu_backend.h"

namespace rocmforge::cpu {

using namespace ops;

namespace {

struct Unit {
  const SequenceRows* sequence = nullptr;
  std::int32_t sequence_number = 0;
  std::int32_t first_row = 0;  // of the step
  std::int32_t rows = 0;
  int kv_head = 0;
  int first_head = 0;  // of the unit's query heads
  int heads = 0;
  std::int32_t first_cut = 0;
  std::int32_t end_cut = 0;

  int queries() const { return rows * heads; }
};

class Units {
 public:
  Units(const Step& step, const Attention& attention) : step_(step), attention_(attention) {
    const int share = attention.heads / attention.kv_heads;
    heads_ = std::min(share, kCutQueries);
    head_parts_ = (share + heads_ - 1) / heads_;
    rows_ = kCutQueries / heads_;
    for (const SequenceRows& sequence : step.sequences) count_ += units_of(sequence);
  }

  std::int64_t count() const { return count_; }

  Unit at(std::int64_t index) const {
    Unit unit;
    while (index >= units_of(step_.sequences[static_cast<std::size_t>(unit.sequence_number)])) {
      index -= units_of(step_.sequences[static_cast<std::size_t>(unit.sequence_number)]);
      ++unit.sequence_number;
    }
    unit.sequence = &step_.sequences[static_cast<std::size_t>(unit.sequence_number)];
    const auto part = static_cast<int>(index % head_parts_);
    unit.kv_head = static_cast<int>(index / head_parts_ % attention_.kv_heads);
    const auto chunk = static_cast<std::int32_t>(index / head_parts_ / attention_.kv_heads);
    const int share = attention_.heads / attention_.kv_heads;
    unit.first_head = unit.kv_head * share + part * heads_;
    unit.heads = std::min(heads_, share - part * heads_);
    unit.first_row = unit.sequence->first_row + chunk * rows_;
    unit.rows = std::min(rows_, unit.sequence->rows - chunk * rows_);
    const std::int32_t first = visible_to(unit, 0).first;
    const std::int32_t end = visible_to(unit, unit.rows - 1).end;
    unit.first_cut = first / kCutPositions;
    unit.end_cut = (end + kCutPositions - 1) / kCutPositions;
    return unit;
  }

  struct PositionRange {
    std::int32_t first;
    std::int32_t end;
  };

  // Returns the positions that row `number` of the unit sees. Both ends never decrease from row to row.
  PositionRange visible_to(const Unit& unit, std::int32_t number) const {
    const std::int32_t row = unit.first_row + number;
    const std::int32_t position = step_.positions[static_cast<std::size_t>(row)];
    const std::int32_t end = attention_.is_cross_attention ? unit.sequence->source_length
                             : attention_.is_causal        ? position + 1
                                                           : unit.sequence->end_position();
    const std::int32_t window = attention_.window;
    if (window == 0) return {0, end};
    switch (attention_.window_kind) {
      case WindowKind::kSliding: return {std::max(0, position - window + 1), end};
      case WindowKind::kChunked: return {position / window * window, end};
      case WindowKind::kCentred: return {std::max(0, position - window / 2), std::min(end, position + window / 2 + 1)};
    }
    return {0, end};
  }

 private:
  std::int64_t units_of(const SequenceRows& sequence) const {
    return static_cast<std::int64_t>((sequence.rows + rows_ - 1) / rows_) * attention_.kv_heads * head_parts_;
  }

  const Step& step_;
  const Attention& attention_;
  int heads_ = 1;       // of a unit
  int head_parts_ = 1;  // units among which a key head's query heads are divided
  std::int32_t rows_ = 1;
  std::int64_t count_ = 0;
};

// The state of one paged_attention() call that all tasks share.
class Run {
 public:
  Run(const AttentionKernels& kernels, CpuTier tier, const Step& step, const Attention& attention, Tensor q,
      const PagedKvView& cache, const KeySelection& selection, Tensor out)
      : kernels_(kernels),
        units_(step, attention),
        step_(step),
        attention_(attention),
        q_(q),
        cache_(cache),
        selection_(selection),
        out_(out) {
    keys_ = kernels.cache_format(*cache.key_format, cache.key_size, tier);
    if (cache.values != nullptr) values_ = kernels.cache_format(*cache.value_format, cache.value_size, tier);
  }

  const Units& units() const { return units_; }

  void attend(const Unit& unit, std::int32_t number, ThreadScratch& scratch, const PartialSoftmax& out) const {
    AttentionCut cut;
    cut.count = unit.queries();
    cut.first_position = number * kCutPositions;
    cut.visible = scratch.visible;
    for (int g = 0; g < unit.queries(); ++g) scratch.visible[g] = visible_range_of(unit, g, number);
    take_queries(unit, scratch.queries, cut);
    cut.key_size = attention_.key_size;
    cut.value_size = attention_.value_size;
    cut.scale = attention_.scale;
    cut.soft_cap = attention_.soft_cap;
    cut.distance_reach = attention_.distance_reach;
    cut.cache = &cache_;
    cut.kv_head = unit.kv_head;
    cut.block_table = step_.table(cache_.group, unit.sequence_number).data();
    cut.keys = keys_;
    cut.values = values_;
    kernels_.attend(cut, out, scratch.attention_scratch);
  }

  static void begin(const Unit& unit, const PartialSoftmax& all) {
    std::fill_n(all.sum, unit.queries(), 0.0f);
    std::fill_n(all.greatest, unit.queries(), 0.0f);
  }

  void join(const Unit& unit, const PartialSoftmax& later, const PartialSoftmax& all) const {
    for (int g = 0; g < unit.queries(); ++g) kernels_.join(later, all, g, attention_.value_size);
  }

  void finish(const Unit& unit, const PartialSoftmax& all) const {
    for (int g = 0; g < unit.queries(); ++g) {
      const int head = head_of(unit, g);
      const float* const sink = attention_.sinks == nullptr ? nullptr : attention_.sinks + head;
      float* const to = out_.row(unit.first_row + g / unit.heads) + head * attention_.value_size;
      kernels_.finish(all, g, attention_.value_size, sink, to);
    }
  }

  void whole_unit(std::int64_t index, ThreadScratch& scratch) const {
    const Unit unit = units_.at(index);
    begin(unit, scratch.all);
    for (std::int32_t cut = unit.first_cut; cut < unit.end_cut; ++cut) {
      attend(unit, cut, scratch, scratch.cut);
      join(unit, scratch.cut, scratch.all);
    }
    finish(unit, scratch.all);
  }

 private:
  static int head_of(const Unit& unit, int query) { return unit.first_head + query % unit.heads; }

  VisibleRange visible_range_of(const Unit& unit, int query, std::int32_t cut) const {
    const std::int32_t first_position = cut * kCutPositions;
    const std::int32_t row = unit.first_row + query / unit.heads;
    const int head = head_of(unit, query);
    const Units::PositionRange all = units_.visible_to(unit, query / unit.heads);
    VisibleRange range;
    range.first = std::clamp(all.first - first_position, 0, kCutPositions);
    range.end = std::clamp(all.end - first_position, 0, kCutPositions);
    if (selection_.is_present()) range.selected = selection_.row(row) + first_position / 32;
    range.position = step_.positions[static_cast<std::size_t>(row)] - first_position;
    if (attention_.slopes != nullptr) range.slope = attention_.slopes[head];
    if (attention_.distance_bias != nullptr) {
      range.distance_bias =
          attention_.distance_bias + static_cast<std::int64_t>(head) * (2 * attention_.distance_reach + 1);
    }
    return range;
  }

  // Points the cut at the queries if they have the layout that the kernel needs, or at a padded copy.
  void take_queries(const Unit& unit, float* copy, AttentionCut& cut) const {
    const auto query = [&](int g) {
      return q_.row(unit.first_row + g / unit.heads) +
             static_cast<std::int64_t>(head_of(unit, g)) * attention_.key_size;
    };
    const std::int64_t padded = padded_head(attention_.key_size);
    cut.queries = query(0);
    cut.query_stride = padded;
    if (unit.rows == 1 && attention_.key_size == padded) return;
    for (int g = 0; g < unit.queries(); ++g) {
      float* const to = copy + g * padded;
      std::fill(std::copy_n(query(g), attention_.key_size, to), to + padded, 0.0f);
    }
    cut.queries = copy;
  }

  const AttentionKernels& kernels_;
  Units units_;
  const Step& step_;
  const Attention& attention_;
  Tensor q_;
  const PagedKvView& cache_;
  KeySelection selection_;
  Tensor out_;
  CacheFormat keys_;
  CacheFormat values_;
};

// Attention of few units. The cuts of all units are numbered consecutively. A batch of cuts is attended by all threads,
// then joined in order.
class SharedCuts {
 public:
  SharedCuts(const Run& run, Scratch& scratch, ThreadPool& pool) : run_(run), scratch_(scratch), pool_(pool) {
    for (std::int64_t index = 0; index < run.units().count(); ++index) {
      const Unit unit = run.units().at(index);
      Run::begin(unit, scratch.unit(static_cast<int>(index)));
      cuts_ += unit.end_cut - unit.first_cut;
    }
  }

  void attend_all() {
    const std::int64_t at_once = Scratch::cuts_at_once(pool_.size());
    for (std::int64_t first = 0; first < cuts_; first += at_once) {
      const auto count = static_cast<std::size_t>(std::min(at_once, cuts_ - first));
      pool_.parallel_for(count, [&](std::size_t i, int thread) {
        const UnitCut next = unit_cut(first + static_cast<std::int64_t>(i));
        run_.attend(next.unit, next.cut, scratch_.thread(thread), scratch_.cut(static_cast<int>(i)));
      });
      for (std::size_t i = 0; i < count; ++i) {
        const UnitCut next = unit_cut(first + static_cast<std::int64_t>(i));
        run_.join(next.unit, scratch_.cut(static_cast<int>(i)), scratch_.unit(next.index));
      }
    }
    for (std::int64_t index = 0; index < run_.units().count(); ++index) {
      run_.finish(run_.units().at(index), scratch_.unit(static_cast<int>(index)));
    }
  }

 private:
  struct UnitCut {
    Unit unit;
    int index;
    std::int32_t cut;
  };

  UnitCut unit_cut(std::int64_t number) const {
    for (int index = 0;; ++index) {
      const Unit unit = run_.units().at(index);
      const std::int64_t here = unit.end_cut - unit.first_cut;
      if (number < here) return {unit, index, unit.first_cut + static_cast<std::int32_t>(number)};
      number -= here;
    }
  }

  const Run& run_;
  Scratch& scratch_;
  ThreadPool& pool_;
  std::int64_t cuts_ = 0;
};

}  // namespace

void CpuBackend::paged_attention(const Step& step, const Attention& attention, Tensor q, const PagedKvView& cache,
                                 const KeySelection& selection, Tensor out) {
  const Run run(attention_, tier_, step, attention, q, cache, selection, out);
  const std::int64_t units = run.units().count();
  if (pool_.size() > 1 && units < Scratch::shared_units(pool_.size())) {
    SharedCuts(run, scratch_, pool_).attend_all();
    return;
  }
  pool_.parallel_for(static_cast<std::size_t>(units), [&](std::size_t index, int thread) {
    run.whole_unit(static_cast<std::int64_t>(index), scratch_.thread(thread));
  });
}

}  // namespace rocmforge::cpu
