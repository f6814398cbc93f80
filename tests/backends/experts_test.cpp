// Tests mixtures of experts on every backend.
#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/estimate.h"

namespace rocmforge {
namespace {

using namespace testing;
using ops::Write;

class Experts : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(Experts);

// ---- Routing ----

struct ExpertChoice {
  std::vector<std::int32_t> experts;
  Numbers weights;
};

ExpertChoice route(ops::Backend& backend, std::int64_t rows, const Numbers& logits, const ops::Router& router) {
  const Rows input(backend, rows, router.experts, logits);
  const auto count = static_cast<std::size_t>(rows * router.used);
  const Array<std::int32_t> experts(backend, std::vector<std::int32_t>(count, -1));
  const Array<float> weights(backend, Numbers(count, -1.0f));
  backend.route(input.tensor(), router, {experts.data(), weights.data(), router.used});
  return {experts.values(), weights.values()};
}

TEST_P(Experts, RouteLikeTheReference) {
  constexpr std::int64_t kRows = 70;
  const Numbers logits = normal(1, kRows * 16, 2);
  const Numbers biases = normal(2, 16, 0.3f);
  for (const ops::Gating gating :
       {ops::Gating::kSoftmax, ops::Gating::kSigmoid, ops::Gating::kSoftmaxOfChosen, ops::Gating::kRootOfSoftplus}) {
    for (const bool has_bias : {false, true}) {
      for (const int groups_used : {4, 2}) {
        for (const bool renormalize : {false, true}) {
          const auto run = [&](ops::Backend& backend) {
            const Array<float> bias(backend, biases);
            ops::Router router{16, 3, gating, has_bias ? bias.data() : nullptr, 4, groups_used, renormalize, 2.5f};
            return route(backend, kRows, logits, router);
          };
          const ExpertChoice expected = run(*ref_);
          const ExpertChoice found = run(*backend_);
          EXPECT_EQ(found.experts, expected.experts);
          expect_relative(found.weights, expected.weights, 1e-6, 0, "weights");
        }
      }
    }
  }
}

// Equal logits must be ordered: the lower number comes first.
TEST_P(Experts, EqualOnesInTheirOrder) {
  const ops::Router router{8, 4, ops::Gating::kSoftmax, nullptr, 4, 2, true, 1};
  const ExpertChoice found = route(*backend_, 1, Numbers(8, 1.0f), router);
  EXPECT_EQ(found.experts, (std::vector<std::int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(found.weights, Numbers(4, 0.25f));
}

TEST_P(Experts, RootOfSoftplus) {
  const ops::Router router{3, 3, ops::Gating::kRootOfSoftplus, nullptr, 1, 1, false, 2};
  for (ops::Backend* backend : both()) {
    const ExpertChoice found = route(*backend, 1, {-100, 50, 0}, router);
    EXPECT_EQ(found.experts, (std::vector<std::int32_t>{1, 2, 0}));
    const auto root = static_cast<float>(2 * std::sqrt(std::log(2.0)));
    expect_relative(found.weights, {2 * std::sqrt(50.0f), root, 0}, 1e-6, 1e-20, "weights");
  }
}

// ---- Products ----

struct ExpertShape {
  std::int64_t tokens;
  std::int64_t width;
  std::int64_t hidden;
  int experts;
  int used;
};

struct Mixture {
  Mixture(const ExpertShape& s, quant::FormatId inner, quant::FormatId outer)
      : shape(s),
        gate(quant::format_of(inner), s.hidden, s.width, s.experts, 3),
        up(quant::format_of(inner), s.hidden, s.width, s.experts, 4),
        down(quant::format_of(outer), s.width, s.hidden, s.experts, 5),
        x(normal(6, s.tokens * s.width)),
        gate_bias(normal(7, s.hidden * s.experts)),
        down_bias(normal(8, s.width * s.experts)),
        up_scale(normal(9, s.experts)),
        weights(normal(10, s.tokens * s.used)) {
    std::mt19937 random(11);
    for (std::int64_t t = 0; t < s.tokens; ++t) {
      std::vector<std::int32_t> order(static_cast<std::size_t>(s.experts));
      for (std::size_t e = 0; e < order.size(); ++e) order[e] = static_cast<std::int32_t>(e);
      std::shuffle(order.begin(), order.end(), random);
      chosen.insert(chosen.end(), order.begin(), order.begin() + s.used);
    }
  }

  // Returns the result for tokens from `first` on. There are no biases if the weights apply to the inputs.
  Numbers run(ops::Backend& backend, bool gated, Write write, std::int64_t first, std::int64_t count) const {
    const Array<float> gate_biases(backend, gate_bias), down_biases(backend, down_bias), scales(backend, up_scale);
    ops::FeedForward ffn;
    if (gated) ffn.gate = {gate.bind(backend), weighs_inputs ? nullptr : gate_biases.data()};
    ffn.up = {up.bind(backend), nullptr};
    ffn.up.weight.scale = scales.data();
    ffn.down = {down.bind(backend), weighs_inputs ? nullptr : down_biases.data()};
    const auto part = [&](const auto& all, std::int64_t columns) {
      using Values = std::decay_t<decltype(all)>;
      return Values(all.begin() + first * columns, all.begin() + (first + count) * columns);
    };
    const Rows input(backend, count, shape.width, part(x, shape.width));
    const Rows out(backend, count, shape.width);
    const Array<std::int32_t> experts(backend, part(chosen, shape.used));
    const Array<float> of_chosen(backend, part(weights, shape.used));
    backend.moe_ffn(input.tensor(), ffn, {experts.data(), of_chosen.data(), shape.used, weighs_inputs}, write,
                    out.tensor());
    return out.values();
  }

  Estimates expected(bool gated, Write write) const {
    Estimates all;
    for (std::int64_t t = 0; t < shape.tokens; ++t) {
      const Estimates own = exactly(
          std::span(x).subspan(static_cast<std::size_t>(t * shape.width), static_cast<std::size_t>(shape.width)));
      Estimates sum(static_cast<std::size_t>(shape.width), {write == Write::kAdd ? 0.5 : 0.0, 0});
      for (int slot = 0; slot < shape.used; ++slot) {
        const auto use = static_cast<std::size_t>(t * shape.used + slot);
        add_expert(own, chosen[use], weights[use], gated, sum);
      }
      all.insert(all.end(), sum.begin(), sum.end());
    }
    return all;
  }

  void add_expert(const Estimates& own, std::int32_t expert, double weight, bool gated, Estimates& sum) const {
    Estimates hidden;
    for (std::int64_t h = 0; h < shape.hidden; ++h) {
      const double scale = up_scale[static_cast<std::size_t>(expert)];
      Estimate up_value = scaled_and_shifted(product(up.format(), up.row(expert, h), own), scale, 0);
      const double bias = weighs_inputs ? 0 : gate_bias[static_cast<std::size_t>(expert * shape.hidden + h)];
      Estimate gate_value = scaled_and_shifted(product(gate.format(), gate.row(expert, h), own), 1, bias);
      if (weighs_inputs) {
        up_value = scaled_and_shifted(up_value, weight, 0);
        gate_value = scaled_and_shifted(gate_value, weight, 0);
      }
      hidden.push_back(gated ? activated(ops::Activation::kSilu, gate_value, up_value)
                             : activated(ops::Activation::kSilu, up_value));
    }
    if (weighs_inputs) weight = 1;
    for (std::int64_t i = 0; i < shape.width; ++i) {
      const double bias = weighs_inputs ? 0 : down_bias[static_cast<std::size_t>(expert * shape.width + i)];
      const Estimate result = scaled_and_shifted(product(down.format(), down.row(expert, i), hidden), 1, bias);
      Estimate& to = sum[static_cast<std::size_t>(i)];
      to.error += std::fabs(weight) * result.error +
                  2 * kFloatRounding * (std::fabs(to.value) + 2 * std::fabs(weight * result.value));
      to.value += weight * result.value;
    }
  }

  ExpertShape shape;
  Matrices gate, up, down;
  Numbers x, gate_bias, down_bias, up_scale, weights;
  std::vector<std::int32_t> chosen;
  bool weighs_inputs = false;
};

TEST_P(Experts, MixLikeTheReference) {
  for (const ExpertShape& shape :
       {ExpertShape{1, 96, 64, 8, 3}, ExpertShape{7, 64, 96, 16, 4}, ExpertShape{70, 32, 32, 3, 2}}) {
    for (const auto& [inner, outer] : {std::pair{quant::FormatId::kMXFP4, quant::FormatId::kQ8_0},
                                       std::pair{quant::FormatId::kF16, quant::FormatId::kMXFP6_E2M3}}) {
      Mixture mixture(shape, inner, outer);
      for (const auto& [gated, weighs_inputs] : {std::pair{true, false}, {false, false}, {true, true}, {false, true}}) {
        mixture.weighs_inputs = weighs_inputs;
        const Write write = gated ? Write::kAdd : Write::kSet;
        const Estimates expected = mixture.expected(gated, write);
        for (ops::Backend* backend : both()) {
          expect_within(mixture.run(*backend, gated, write, 0, shape.tokens), expected, std::string(backend->name()));
        }
      }
    }
  }
}

// The other tokens in a batch affect which experts are read and in which order, but not a bit of a token's result.
TEST_P(Experts, ATokenAloneGivesTheSameBits) {
  Mixture mixture({40, 96, 64, 6, 2}, quant::FormatId::kQ4_0, quant::FormatId::kQ5_1);
  for (const bool weighs_inputs : {false, true}) {
    mixture.weighs_inputs = weighs_inputs;
    const Numbers together = mixture.run(*backend_, true, Write::kSet, 0, 40);
    for (const std::int64_t t : {0, 1, 17, 39}) {
      const Numbers alone = mixture.run(*backend_, true, Write::kSet, t, 1);
      expect_same_bits(alone, Numbers(together.begin() + t * 96, together.begin() + (t + 1) * 96), "alone");
    }
  }
}

}  // namespace
}  // namespace rocmforge
