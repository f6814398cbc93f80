#include "backends/cpu/kernels/elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/elementwise.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "backends/cpu/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

using ops::Activation;

// out[i] = f(a[i], b[i]). The last few values are padded to a whole vector, so that all values are computed alike.
template <typename Function>
HWY_ATTR void transform(const float* a, const float* b, float* out, std::int64_t count, Function function) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(function(hn::LoadU(tag, a + i), hn::LoadU(tag, b + i)), tag, out + i);
  }
  if (i == count) return;
  HWY_ALIGN std::array<float, hn::MaxLanes(AnyTag())> rest_a{};
  HWY_ALIGN std::array<float, hn::MaxLanes(AnyTag())> rest_b{};
  std::copy(a + i, a + count, rest_a.begin());
  std::copy(b + i, b + count, rest_b.begin());
  hn::Store(function(hn::Load(tag, rest_a.data()), hn::Load(tag, rest_b.data())), tag, rest_a.data());
  std::copy_n(rest_a.begin(), count - i, out + i);
}

HWY_ATTR AnyFloats all(float x) { return hn::Set(AnyTag(), x); }

HWY_ATTR AnyFloats relu(AnyFloats x) { return hn::Max(hn::Zero(AnyTag()), x); }  // NaN stays NaN: see exp()

HWY_ATTR AnyFloats gpt_oss(AnyFloats gate, AnyFloats up) {
  const AnyFloats limited = hn::Min(all(7), gate);
  const AnyFloats clamped = hn::Min(all(7), hn::Max(all(-7), up));
  return limited * sigmoid(all(1.702f) * limited) * (clamped + all(1));
}

template <typename Function>
HWY_ATTR void transform_gated(const float* gate, const float* up, float* out, std::int64_t count, Function function) {
  if (gate == nullptr) {
    transform(up, up, out, count, [function](AnyFloats x, AnyFloats) HWY_ATTR { return function(x); });
  } else {
    transform(gate, up, out, count, [function](AnyFloats x, AnyFloats y) HWY_ATTR { return function(x) * y; });
  }
}

HWY_ATTR AnyFloats xielu_of(AnyFloats x, const ops::Xielu& xielu) {
  const AnyFloats linear = all(xielu.beta) * x;
  const AnyFloats above = hn::MulAdd(all(xielu.positive) * x, x, linear);
  const AnyFloats below = hn::MulAdd(expm1(hn::Min(all(xielu.epsilon), x)) - x, all(xielu.negative), linear);
  return hn::IfThenElse(hn::Gt(x, all(0)), above, below);
}

HWY_ATTR void activate(Activation activation, const ops::Xielu& xielu, const float* gate, const float* up, float* out,
                       std::int64_t count) {
  switch (activation) {
    case Activation::kIdentity: return transform_gated(gate, up, out, count, [](AnyFloats x) HWY_ATTR { return x; });
    case Activation::kSigmoid:
      return transform_gated(gate, up, out, count, [](AnyFloats x) HWY_ATTR { return sigmoid(x); });
    case Activation::kSilu: return transform_gated(gate, up, out, count, [](AnyFloats x) HWY_ATTR { return silu(x); });
    case Activation::kGeluTanh:
      return transform_gated(gate, up, out, count, [](AnyFloats x) HWY_ATTR { return gelu_tanh(x); });
    case Activation::kGeluErf:
      return transform_gated(gate, up, out, count, [](AnyFloats x) HWY_ATTR { return gelu_erf(x); });
    case Activation::kRelu: return transform_gated(gate, up, out, count, [](AnyFloats x) HWY_ATTR { return relu(x); });
    case Activation::kReluSquared:
      return transform_gated(gate, up, out, count, [](AnyFloats x) HWY_ATTR { return relu(x) * relu(x); });
    case Activation::kXielu:
      return transform_gated(gate, up, out, count, [&xielu](AnyFloats x) HWY_ATTR { return xielu_of(x, xielu); });
    case Activation::kGptOss:
      return transform(gate, up, out, count, [](AnyFloats x, AnyFloats y) HWY_ATTR { return gpt_oss(x, y); });
  }
}

HWY_ATTR void soft_cap(float cap, float* x, std::int64_t count) {
  transform(x, x, x, count, [cap](AnyFloats v, AnyFloats) HWY_ATTR { return all(cap) * tanh(v / all(cap)); });
}

HWY_ATTR void scale(float factor, float* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) x[i] *= factor;
}

HWY_ATTR void add_scaled(float factor, const float* HWY_RESTRICT x, float* HWY_RESTRICT to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += factor * x[i];
}

HWY_ATTR void multiply(const float* HWY_RESTRICT factors, float* HWY_RESTRICT x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) x[i] *= factors[i];
}

HWY_ATTR void clamp(float limit, float* x, std::int64_t count) {
  transform(x, x, x, count,
            [limit](AnyFloats v, AnyFloats) HWY_ATTR { return hn::Min(all(limit), hn::Max(all(-limit), v)); });
}

HWY_ATTR void interpolate(const float* x, const float* difference, const float* weight, const float* more, float* out,
                          std::int64_t count) {
  if (more == nullptr) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = x[i] + difference[i] * weight[i];
  } else {
    for (std::int64_t i = 0; i < count; ++i) out[i] = x[i] + difference[i] * (weight[i] + more[i]);
  }
}

HWY_ATTR void blend(const float* other, const float* gate, float* x, std::int64_t count) {
  constexpr std::int64_t kPart = 256;
  alignas(64) std::array<float, kPart> shares;
  for (std::int64_t first = 0; first < count; first += kPart) {
    const std::int64_t here = std::min(kPart, count - first);
    transform(gate + first, gate + first, shares.data(), here,
              [](AnyFloats g, AnyFloats) HWY_ATTR { return sigmoid(g); });
    for (std::int64_t i = 0; i < here; ++i) {
      x[first + i] += (other[first + i] - x[first + i]) * shares[static_cast<std::size_t>(i)];
    }
  }
}

HWY_ATTR float sigmoid_of(float x) { return hn::GetLane(sigmoid(all(x))); }

// ---- Norms ----

// Returns the sum of function(value), accumulated in double precision in 16 lanes.
template <typename Function>
HWY_ATTR double sum_over(const float* x, std::int64_t count, Function function) {
  std::array<double, 16> sums{};
  std::int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (std::size_t j = 0; j < 16; ++j) sums[j] += function(x[i + static_cast<std::int64_t>(j)]);
  }
  for (std::size_t j = 0; i < count; ++i, ++j) sums[j] += function(x[i]);
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

HWY_ATTR double length(const float* x, std::int64_t count) {
  return std::sqrt(
      sum_over(x, count, [](float v) HWY_ATTR { return static_cast<double>(v) * static_cast<double>(v); }));
}

HWY_ATTR double mean_of(const float* x, std::int64_t count) {
  const double sum = sum_over(x, count, [](float v) HWY_ATTR { return static_cast<double>(v); });
  return sum / static_cast<double>(count);
}

HWY_ATTR double squares_around(double mean, const float* x, std::int64_t count) {
  return sum_over(x, count, [mean](float v) HWY_ATTR {
    const double difference = static_cast<double>(v) - mean;
    return difference * difference;
  });
}

HWY_ATTR void keep_outliers(float deviations, float* x, std::int64_t count) {
  const double mean = mean_of(x, count);
  const double deviation = std::sqrt(squares_around(mean, x, count) / static_cast<double>(count));
  const double least = mean + static_cast<double>(deviations) * deviation;
  for (std::int64_t i = 0; i < count; ++i) {
    x[i] = static_cast<float>(std::max(static_cast<double>(x[i]) - least, 0.0));  // NaN stays NaN
  }
}

// weight and bias: for x[0] and the following values, or nullptr.
template <bool kAdds>
HWY_ATTR void apply_norm(const float* x, double mean, double factor, const float* weight, const float* bias, float* out,
                         std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    double value = (static_cast<double>(x[i]) - mean) * factor;
    if (weight != nullptr) value *= static_cast<double>(weight[i]);
    if (bias != nullptr) value += static_cast<double>(bias[i]);
    out[i] = static_cast<float>(kAdds ? static_cast<double>(out[i]) + value : value);
  }
}

inline double norm_factor(const ops::Norm& norm, double squares, double count) {
  const auto epsilon = static_cast<double>(norm.epsilon);
  if (norm.kind == ops::NormKind::kLength) return 1 / std::max(std::sqrt(squares), epsilon);
  return 1 / std::sqrt(squares / count + epsilon);
}

HWY_ATTR void norm(const float* x, const ops::Norm& norm, ops::Write write, float* out, std::int64_t count) {
  const std::int64_t group = norm.group > 0 ? norm.group : count;
  const std::int64_t period = norm.weights > 0 ? norm.weights : count;
  for (std::int64_t first = 0; first < count; first += group) {
    const double mean = norm.kind == ops::NormKind::kLayer ? mean_of(x + first, group) : 0;
    const double squares = squares_around(mean, x + first, group);
    const double factor = norm_factor(norm, squares, static_cast<double>(group));
    // Process runs of values whose weights are contiguous.
    for (std::int64_t done = 0; done < group;) {
      const std::int64_t at = (first + done) % period;
      const std::int64_t here = std::min(group - done, period - at);
      const float* weight = norm.weight == nullptr ? nullptr : norm.weight + at;
      const float* bias = norm.bias == nullptr ? nullptr : norm.bias + at;
      const std::int64_t from = first + done;
      if (write == ops::Write::kAdd) {
        apply_norm<true>(x + from, mean, factor, weight, bias, out + from, here);
      } else {
        apply_norm<false>(x + from, mean, factor, weight, bias, out + from, here);
      }
      done += here;
    }
  }
}

constexpr ElementwiseKernels kKernels = {activate,    soft_cap, scale,         add_scaled, multiply, clamp,
                                         interpolate, blend,    keep_outliers, length,     norm,     sigmoid_of};
const ElementwiseKernels& table() { return kKernels; }

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

const ElementwiseKernels& elementwise_kernels(CpuTier tier) { return ROCMFORGE_CPU_PICK(table(), tier); }

}  // namespace rocmforge::cpu
#endif
