// Kernels of operations that carry a state from position to position.
#pragma once

#include <cstdint>

#include "base/cpu_tier.h"
#include "ops/parameters.h"
#include "ops/step.h"
#include "ops/tensor.h"

namespace rocmforge::cpu {

inline constexpr std::int64_t kConvolutionChannels = 256;  // per task, at most
inline constexpr std::int64_t kMambaChannels = 64;         // per task, at most

// The inputs and the result of Mamba's recurrence for the rows of a sequence.
struct MambaRows {
  const ops::SequenceRows& rows;
  ops::Tensor x;
  ops::Tensor b;
  ops::Tensor c;
  ops::Tensor dt;
  ops::Tensor y;
};

struct RecurrentKernels {
  // Processes channels [first, first + count) of a sequence's rows.
  void (*convolve)(const ops::Convolution& convolution, const ops::SequenceRows& rows, float* state, std::int64_t first,
                   std::int64_t count, ops::Tensor x);
  // Processes one token and one head. state: [head_size, state_size]; x and y: [head_size]; b and c: [state_size].
  void (*scan)(const ops::Mamba2& mamba, int head, float dt, const float* x, const float* b, const float* c,
               float* state, float* y);
  // Processes channels [first, first + count) of a sequence's rows. state: [channels, state_size].
  void (*scan_channels)(const ops::Mamba& mamba, const MambaRows& all, std::int64_t first, std::int64_t count,
                        float* state);
};

const RecurrentKernels& recurrent_kernels(CpuTier tier);

}  // namespace rocmforge::cpu
