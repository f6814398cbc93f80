// Inner loops of recurrences whose state is a matrix for each head: one token and one head at a time.
#pragma once

#include <cstdint>

#include "base/cpu_tier.h"
#include "ops/parameters.h"

namespace rocmforge::cpu {

// Of one head.
struct DeltaToken {
  const float* q = nullptr;      // [key_size]
  const float* k = nullptr;      // [key_size]
  const float* v = nullptr;      // [value_size]
  const float* keeps = nullptr;  // [key_size]: what the state is multiplied by first
  float strength = 0;            // sigmoid(beta)
  float* y = nullptr;            // [value_size]
};

struct WkvToken {
  const float* r = nullptr;  // all [head_size]
  const float* k = nullptr;
  const float* v = nullptr;
  const float* decay = nullptr;
  const float* rate = nullptr;  // RWKV 7's
  float* y = nullptr;
};

struct MatrixStateKernels {
  // keeps: [key_size]. decay: of the head, one number or key_size of them.
  void (*delta_keeps)(const ops::DeltaRule& rule, int head, const float* decay, float* keeps);
  // `count` tokens, one after the other. state: [key_size, value_size].
  void (*delta)(const ops::DeltaRule& rule, const DeltaToken* tokens, int count, float* state);
  // working: as many floats as wkv_working() says.
  void (*wkv6)(const ops::Wkv6& wkv, int head, const WkvToken& token, float* state, float* working);
  // Without the norm and what comes after it: answers by how much v is added then.
  float (*wkv7)(const ops::Wkv7& wkv, int head, const WkvToken& token, float* state, float* working);
};

constexpr std::int64_t wkv_working(std::int64_t head_size) { return 4 * ((head_size + 15) / 16 * 16); }

const MatrixStateKernels& matrix_state_kernels(CpuTier tier);

}  // namespace rocmforge::cpu
