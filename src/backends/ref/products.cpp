// Products with matrices, and the activations between them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "backends/ref/reference.h"
#include "quant/codec.h"

namespace rocmforge::ref {

void decode_row(const Weight& weight, std::int64_t index, std::int64_t row, std::span<float> out) {
  quant::decode_row(*weight.format, {weight.row(index, row), static_cast<std::size_t>(weight.row_bytes)}, out,
                    CpuTier::kScalar);
}

namespace {

// Rounds blocks of 32 values to integers up to 127 times a scale. A block with an infinity or a NaN becomes NaN.
std::vector<float> rounded(std::span<const float> x) {
  constexpr std::size_t kBlock = 32;
  std::vector<float> result(x.begin(), x.end());
  for (std::size_t first = 0; first < x.size(); first += kBlock) {
    const auto block = std::span(result).subspan(first, std::min(kBlock, x.size() - first));
    const bool is_finite = std::ranges::all_of(block, [](float value) { return std::isfinite(value); });
    float greatest = 0;
    for (const float value : block) greatest = std::max(greatest, std::fabs(value));
    // If `greatest` is so small that its inverse would overflow, all values become 0.
    const float inverse = greatest < 0x1p-119f ? 0 : 127 / greatest;
    for (float& value : block) {
      value = is_finite ? std::nearbyint(value * inverse) * (greatest / 127) : std::numeric_limits<float>::quiet_NaN();
    }
  }
  return result;
}

}  // namespace

void multiply(const Linear& linear, std::int64_t index, std::span<const float> x, Inputs inputs,
              std::span<double> out) {
  const Weight& weight = linear.weight;
  std::vector<float> taken;
  if (inputs == Inputs::kRounded && weight.format->block_values > 1) {
    taken = rounded(x);
    x = taken;
  }
  std::vector<float> row(static_cast<std::size_t>(weight.columns));
  const double scale = weight.scale == nullptr ? 1 : weight.scale[index];
  for (std::int64_t r = 0; r < weight.rows; ++r) {
    decode_row(weight, index, r, row);
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) sum += static_cast<double>(row[i]) * x[i];
    const double bias = linear.bias == nullptr ? 0 : linear.bias[index * weight.rows + r];
    out[static_cast<std::size_t>(r)] = sum * scale + bias;
  }
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double silu(double x) { return x * sigmoid(x); }
double softplus(double x) { return x > 20 ? x : std::log1p(std::exp(x)); }

double activate(Activation activation, double gate, double up) {
  if (activation == Activation::kGptOss) {
    const double limited = std::min(gate, 7.0);
    return limited * sigmoid(1.702 * limited) * (std::clamp(up, -7.0, 7.0) + 1);
  }
  return activate(activation, Xielu(), gate) * up;
}

double activate(Activation activation, const Xielu& xielu, double up) {
  switch (activation) {
    case Activation::kIdentity: return up;
    case Activation::kSigmoid: return sigmoid(up);
    case Activation::kSilu: return silu(up);
    case Activation::kGeluTanh:
      return 0.5 * up * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (up + 0.044715 * up * up * up)));
    case Activation::kGeluErf: return 0.5 * up * (1 + std::erf(up / std::numbers::sqrt2));
    case Activation::kRelu: return std::max(up, 0.0);
    case Activation::kReluSquared: return std::max(up, 0.0) * std::max(up, 0.0);
    case Activation::kXielu:
      if (up > 0) return xielu.positive * up * up + xielu.beta * up;
      return (std::expm1(std::min<double>(up, xielu.epsilon)) - up) * xielu.negative + xielu.beta * up;
    case Activation::kGptOss: break;  // has a gate
  }
  return 0;
}

void gate_up(const FeedForward& ffn, std::int64_t index, std::span<const float> x, Inputs inputs, double factor,
             std::span<float> out) {
  std::vector<double> gate(out.size());
  std::vector<double> up(out.size());
  multiply(ffn.up, index, x, inputs, up);
  if (ffn.gate.is_present()) multiply(ffn.gate, index, x, inputs, gate);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(ffn.gate.is_present() ? activate(ffn.activation, gate[i] * factor, up[i] * factor)
                                                      : activate(ffn.activation, ffn.xielu, up[i] * factor));
  }
}

// Computes in float where the reference implementations do, so that near ties are decided in the same way.
void route(std::span<const float> logits, const Router& router, std::int32_t* chosen, float* weights) {
  const std::size_t experts = logits.size();
  std::vector<double> probability(experts);
  const double greatest = *std::ranges::max_element(logits);
  double sum = 0;
  for (std::size_t e = 0; e < experts; ++e) sum += std::exp(logits[e] - greatest);
  for (std::size_t e = 0; e < experts; ++e) {
    switch (router.gating) {
      case Gating::kSoftmax: probability[e] = std::exp(logits[e] - greatest) / sum; break;
      case Gating::kSigmoid: probability[e] = sigmoid(logits[e]); break;
      case Gating::kSoftmaxOfChosen: probability[e] = logits[e]; break;
      case Gating::kRootOfSoftplus: probability[e] = std::sqrt(softplus(logits[e])); break;
    }
  }
  std::vector<float> rank(experts);
  for (std::size_t e = 0; e < experts; ++e) {
    rank[e] = static_cast<float>(probability[e]);
    if (router.selection_bias != nullptr) rank[e] += router.selection_bias[e];
  }

  const float never = -std::numeric_limits<float>::infinity();
  if (router.groups > 1 && router.groups_used < router.groups) {
    const std::size_t size = experts / static_cast<std::size_t>(router.groups);
    std::vector<std::pair<float, int>> groups;
    for (int g = 0; g < router.groups; ++g) {
      const auto members = std::span(rank).subspan(static_cast<std::size_t>(g) * size, size);
      std::vector<float> best(members.begin(), members.end());
      std::ranges::sort(best, std::greater<>());
      groups.emplace_back(best.size() > 1 ? best[0] + best[1] : best[0], g);
    }
    std::ranges::stable_sort(groups, [](const auto& a, const auto& b) { return a.first > b.first; });
    for (std::size_t g = static_cast<std::size_t>(router.groups_used); g < groups.size(); ++g) {
      std::ranges::fill(std::span(rank).subspan(static_cast<std::size_t>(groups[g].second) * size, size), never);
    }
  }

  double chosen_sum = 0;
  for (int slot = 0; slot < router.used; ++slot) {
    const auto best = std::ranges::max_element(rank) - rank.begin();
    rank[static_cast<std::size_t>(best)] = never;
    chosen[slot] = static_cast<std::int32_t>(best);
    double weight = probability[static_cast<std::size_t>(best)];
    if (router.gating == Gating::kSoftmaxOfChosen)
      weight = std::exp(weight - logits[static_cast<std::size_t>(chosen[0])]);
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

void moe_ffn(Tensor x, const FeedForward& experts, Routing routing, Inputs inputs, Write write, Tensor out) {
  std::vector<float> hidden(static_cast<std::size_t>(experts.up.weight.rows));
  std::vector<double> result(static_cast<std::size_t>(experts.down.weight.rows));
  std::vector<double> sum(result.size());
  for (std::int64_t row = 0; row < x.rows; ++row) {
    std::ranges::fill(sum, 0.0);
    for (int slot = 0; slot < routing.used; ++slot) {
      const std::int32_t expert = routing.experts[row * routing.used + slot];
      const double weight = routing.weights[row * routing.used + slot];
      gate_up(experts, expert, x.values(row), inputs, routing.weighs_inputs ? weight : 1, hidden);
      multiply(experts.down, expert, hidden, inputs, result);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += result[i] * (routing.weighs_inputs ? 1 : weight);
    }
    for (std::size_t i = 0; i < sum.size(); ++i) write_to(write, out.row(row)[i], sum[i]);
  }
}

}  // namespace rocmforge::ref
