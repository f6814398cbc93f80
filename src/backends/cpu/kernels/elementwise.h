// Kernels that process the values of a row.
#pragma once

#include <cstdint>
#include <span>

#include "base/cpu_tier.h"
#include "ops/parameters.h"

namespace rocmforge::cpu {

struct ElementwiseKernels {
  // out[i] = f(gate[i]) * up[i], or f(up[i]) if gate is nullptr. `out` may be `gate` or `up`.
  void (*activate)(ops::Activation activation, const ops::Xielu& xielu, const float* gate, const float* up, float* out,
                   std::int64_t count);
  void (*soft_cap)(float cap, float* x, std::int64_t count);
  void (*scale)(float factor, float* x, std::int64_t count);
  void (*add_scaled)(float factor, const float* x, float* to, std::int64_t count);  // to += factor * x
  void (*multiply)(const float* factors, float* x, std::int64_t count);             // x *= factors
  void (*clamp)(float limit, float* x, std::int64_t count);                         // to [-limit, limit]
  // out = x + difference * (weight + more); `more` may be nullptr.
  void (*interpolate)(const float* x, const float* difference, const float* weight, const float* more, float* out,
                      std::int64_t count);
  void (*blend)(const float* other, const float* gate, float* x, std::int64_t count);  // x += (other - x) sigmoid(gate)
  void (*keep_outliers)(float deviations, float* x, std::int64_t count);               // as Backend::keep_outliers()
  double (*length)(const float* x, std::int64_t count);                                // root of the sum of squares
  void (*norm)(const float* x, const ops::Norm& norm, ops::Write write, float* out, std::int64_t count);
  float (*sigmoid)(float x);
};

const ElementwiseKernels& elementwise_kernels(CpuTier tier);

}  // namespace rocmforge::cpu
