// Kernels of recurrences with one matrix per head as state. They process one head, token by token.
#pragma once

#include <cstdint>

#include "base/cpu_tier.h"
#include "ops/parameters.h"

namespace rocmforge::cpu {

// The inputs and the result of one token in one head.
struct DeltaToken {
  const float* q = nullptr;      // [key_size]
  const float* k = nullptr;      // [key_size]
  const float* v = nullptr;      // [value_size]
  const float* keeps = nullptr;  // [key_size]: decay factors, applied to the state first
  float strength = 0;            // sigmoid(beta)
  float* y = nullptr;            // [value_size]
};

struct WkvToken {
  const float* r = nullptr;  // all arrays: [head_size]
  const float* k = nullptr;
  const float* v = nullptr;
  const float* decay = nullptr;
  const float* rate = nullptr;  // RWKV 7 only
  float* y = nullptr;
};

struct MatrixStateKernels {
  // Computes the decay factors `keeps`, [key_size]. decay: of the head, one number or key_size numbers.
  void (*delta_keeps)(const ops::DeltaRule& rule, int head, const float* decay, float* keeps);
  // Processes `count` tokens in order. state: [key_size, value_size].
  void (*delta)(const ops::DeltaRule& rule, const DeltaToken* tokens, int count, float* state);
  // working: wkv_working() floats of scratch memory.
  void (*wkv6)(const ops::Wkv6& wkv, int head, const WkvToken& token, float* state, float* working);
  // Omits the norm and the bonus that follows it. Returns the factor of v in the bonus.
  float (*wkv7)(const ops::Wkv7& wkv, int head, const WkvToken& token, float* state, float* working);
};

constexpr std::int64_t wkv_working(std::int64_t head_size) { return 4 * ((head_size + 15) / 16 * 16); }

const MatrixStateKernels& matrix_state_kernels(CpuTier tier);

}  // namespace rocmforge::cpu
