// Mixtures of experts: the router, and products that read the weights of each chosen expert once per step.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/cpu/cpu_backend.h"

namespace rocmforge::cpu {

using namespace ops;

// ---- The router ----

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

struct Logits {
  std::span<const float> of;
  double greatest = 0;
  double sum = 0;  // of exp(logit - greatest)

  double probability(std::size_t expert, Gating gating) const {
    switch (gating) {
      case Gating::kSoftmax: return std::exp(of[expert] - greatest) / sum;
      case Gating::kSigmoid: return 1 / (1 + std::exp(-static_cast<double>(of[expert])));
      case Gating::kRootOfSoftplus: {
        const double logit = of[expert];
        return std::sqrt(logit > 20 ? logit : std::log1p(std::exp(logit)));
      }
      case Gating::kSoftmaxOfChosen: break;
    }
    return of[expert];
  }
};

// Returns the sum of a group's two best ranks, or the rank of its only expert.
float group_rank(std::span<const float> ranks) {
  float best = kNever;
  float second = kNever;
  for (const float rank : ranks) {
    second = std::max(second, std::min(best, rank));
    best = std::max(best, rank);
  }
  return ranks.size() > 1 ? best + second : best;
}

// Sets the ranks of groups that are not used to -infinity. There are few groups, so each is compared with all others.
void drop_groups(std::span<float> ranks, const Router& router) {
  const std::size_t size = ranks.size() / static_cast<std::size_t>(router.groups);
  const auto group = [&](int g) { return ranks.subspan(static_cast<std::size_t>(g) * size, size); };
  std::uint64_t dropped = 0;  // one bit per group
  for (int g = 0; g < router.groups; ++g) {
    const float own = group_rank(group(g));
    int better = 0;
    for (int other = 0; other < router.groups; ++other) {
      const float rank = group_rank(group(other));
      better += rank > own || (rank == own && other < g) ? 1 : 0;
    }
    if (better >= router.groups_used) dropped |= std::uint64_t{1} << g;
  }
  for (int g = 0; g < router.groups; ++g) {
    if ((dropped >> g & 1) != 0) std::ranges::fill(group(g), kNever);
  }
}

// ranks: scratch memory with one number per expert.
void route_row(std::span<const float> values, const Router& router, std::span<float> ranks, std::int32_t* chosen,
               float* weights) {
  Logits logits{values};
  logits.greatest = *std::ranges::max_element(values);
  for (const float logit : values) logits.sum += std::exp(logit - logits.greatest);
  for (std::size_t e = 0; e < values.size(); ++e) {
    ranks[e] = static_cast<float>(logits.probability(e, router.gating));
    if (router.selection_bias != nullptr) ranks[e] += router.selection_bias[e];
  }
  if (router.groups > 1 && router.groups_used < router.groups) drop_groups(ranks, router);

  double chosen_sum = 0;
  for (int slot = 0; slot < router.used; ++slot) {
    const auto best = static_cast<std::size_t>(std::ranges::max_element(ranks) - ranks.begin());
    ranks[best] = kNever;
    chosen[slot] = static_cast<std::int32_t>(best);
    double weight = logits.probability(best, router.gating);
    if (router.gating == Gating::kSoftmaxOfChosen) {
      weight = std::exp(weight - values[static_cast<std::size_t>(chosen[0])]);
    }
    weights[slot] = static_cast<float>(weight);
    chosen_sum += weight;
  }
  constexpr double kLeastSum = 6.103515625e-5;  // dividing by a smaller sum would amplify noise
  const bool divides = router.renormalize || router.gating == Gating::kSoftmaxOfChosen;
  const double divisor = divides ? std::max(chosen_sum, kLeastSum) : 1;
  for (int slot = 0; slot < router.used; ++slot) {
    weights[slot] = static_cast<float>(weights[slot] / divisor * router.scale);
  }
}

}  // namespace

void CpuBackend::route(Tensor logits, const Router& router, Routing routing) {
  for_each_row(logits.rows, 16 * logits.columns, [&](std::int64_t row, int thread) {
    const std::span<float> ranks(scratch_.thread(thread).row, static_cast<std::size_t>(logits.columns));
    route_row(logits.values(row), router, ranks, routing.experts + row * routing.used,
              routing.weights + row * routing.used);
  });
}

// ---- Products ----

void CpuBackend::group_by_expert(const Routing& routing, std::int64_t rows, std::int64_t experts, int& active_count) {
  const ExpertScratch& scratch = scratch_.experts();
  const std::int64_t uses = rows * routing.used;
  std::fill_n(scratch.first_use, experts + 1, 0);
  for (std::int64_t use = 0; use < uses; ++use) ++scratch.first_use[routing.experts[use] + 1];
  active_count = 0;
  for (std::int64_t e = 0; e < experts; ++e) {
    if (scratch.first_use[e + 1] > 0) scratch.active[active_count++] = static_cast<std::int32_t>(e);
    scratch.first_use[e + 1] += scratch.first_use[e];
  }
  // The loop moves each expert's start to its end, which is the start of the next expert. Shift them back afterwards.
  for (std::int64_t use = 0; use < uses; ++use) {
    const std::int32_t place = scratch.first_use[routing.experts[use]]++;
    scratch.uses[place] = static_cast<std::int32_t>(use);
    scratch.rows[place] = static_cast<std::int32_t>(use / routing.used);
  }
  for (std::int64_t e = experts; e > 0; --e) scratch.first_use[e] = scratch.first_use[e - 1];
  scratch.first_use[0] = 0;
}

// Multiplies some rows of one expert's matrices per task with all tokens that use the expert. The results go to the
// rows of the uses in `hidden`, or in `results` if is_down. input_weights: one per use, or absent.
void CpuBackend::multiply_experts(const FeedForward& experts, bool is_down, const ActivationRows& x,
                                  const std::int32_t* tokens_of_uses, const float* input_weights, int active_count) {
  const ExpertScratch& own = scratch_.experts();
  const std::int64_t width = is_down ? experts.down.weight.rows : experts.up.weight.rows;
  float* const to = is_down ? own.results : own.hidden;
  const int rows_of_tile = tile_rows(width * active_count);
  const std::int64_t tiles = (width + rows_of_tile - 1) / rows_of_tile;
  pool_.parallel_for(static_cast<std::size_t>(tiles * active_count), [&](std::size_t index, int thread) {
    const std::int32_t expert = own.active[static_cast<std::int64_t>(index) / tiles];
    const std::int64_t first = static_cast<std::int64_t>(index) % tiles * rows_of_tile;
    const int rows = static_cast<int>(std::min<std::int64_t>(rows_of_tile, width - first));
    ThreadScratch& scratch = scratch_.thread(thread);
    const std::int32_t end = own.first_use[expert + 1];
    for (std::int32_t use = own.first_use[expert]; use < end; use += kTileTokens) {
      const int count = std::min(kTileTokens, end - use);
      const Linear& linear = is_down ? experts.down : experts.up;
      Tile tile{linear, expert, first, rows, x, tokens_of_uses + use, count};
      if (input_weights != nullptr) {
        for (int t = 0; t < count; ++t) scratch.factors[t] = input_weights[own.uses[use + t]];
        tile.factors = scratch.factors;
      }
      if (is_down) {
        multiply(tile, scratch, scratch.tile);
      } else {
        gate_up_tile(experts, tile, scratch);
      }
      for (int t = 0; t < count; ++t) {
        std::copy_n(scratch.tile + t * kTileRows, rows, to + own.uses[use + t] * width + first);
      }
    }
  });
}

void CpuBackend::moe_ffn(Tensor x, const FeedForward& experts, Routing routing, Write write, Tensor out) {
  const ExpertScratch& scratch = scratch_.experts();
  int active_count = 0;
  group_by_expert(routing, x.rows, experts.up.weight.count, active_count);

  const ActivationRows own = activations(x, takes_quantized(experts.gate) || takes_quantized(experts.up));
  multiply_experts(experts, false, own, scratch.rows, routing.weighs_inputs ? routing.weights : nullptr, active_count);

  const std::int64_t hidden_width = experts.up.weight.rows;
  const Tensor hidden{scratch.hidden, x.rows * routing.used, hidden_width, hidden_width};
  const ActivationRows between = activations(hidden, takes_quantized(experts.down));
  multiply_experts(experts, true, between, scratch.uses, nullptr, active_count);

  const std::int64_t width = out.columns;
  for_each_row(x.rows, width * routing.used, [&](std::int64_t row, int) {
    if (write == Write::kSet) std::fill_n(out.row(row), width, 0.0f);
    for (int slot = 0; slot < routing.used; ++slot) {
      const std::int64_t use = row * routing.used + slot;
      const float weight = routing.weighs_inputs ? 1 : routing.weights[use];
      elementwise_.add_scaled(weight, scratch.results + use * width, out.row(row), width);
    }
  });
}

}  // namespace rocmforge::cpu
