// What an operation is told besides its tensors: the fixed properties of a layer. Pointers are to the backend's memory.
#pragma once

#include <cstdint>

#include "ops/tensor.h"

namespace rocmforge::ops {

enum class NormKind { kNone, kRms, kLayer };

// Of a row as a whole, or of each `group` of its values. rms: x / sqrt(mean(x²) + epsilon); layer: the same of x less
// its mean. Then times the weight and plus the bias, where they are: value i takes number i % weights of both.
struct Norm {
  NormKind kind = NormKind::kNone;
  const float* weight = nullptr;
  const float* bias = nullptr;
  float epsilon = 0;
  int group = 0;    // 0: the whole row
  int weights = 0;  // how many there are: one for each value of the row, or of a group

  bool is_present() const { return kind != NormKind::kNone; }
};

// Of gate and up: f(gate) * up; of up alone where there is no gate: f(up).
enum class Activation {
  kSilu,
  kGeluTanh,
  kGeluErf,
  kRelu,
  kReluSquared,
  kGptOss,  // g = min(gate, 7), u = clamp(up, -7, 7): g * sigmoid(1.702 g) * (u + 1); always with a gate
};

// Whether a result replaces what is there or is added to it.
enum class Write { kSet, kAdd };

// Rotary positions: pair p turns by position * frequencies[p]; both of its values are multiplied by the magnitude.
struct Rope {
  const float* frequencies = nullptr;  // [pairs]; absent: no rotation
  int pairs = 0;
  float magnitude = 1;
};

enum class RopePairing {
  kNeighbours,  // values 2p and 2p + 1 of the rotated part
  kHalves,      // p and p + pairs
};

struct Attention {
  int heads = 0;
  int kv_heads = 0;  // heads / kv_heads query heads share a key head
  int key_size = 0;
  int value_size = 0;
  float scale = 1;
  int window = 0;  // a query sees the keys less than so many positions back; 0: all
  bool is_causal = true;
  float soft_cap = 0;            // c * tanh(logit / c); 0: none
  const float* sinks = nullptr;  // [heads]: a further logit in each softmax's sum, which brings no value

  Norm query_norm;  // before the rotation
  Norm key_norm;

  RopePairing pairing = RopePairing::kNeighbours;
  int rope_offset = 0;  // where in a head the rotated part begins; its size is the table's

  // Queries are multiplied by 1 + temperature * ln(floor(position / temperature_length) + 1); 0: not.
  float temperature = 0;
  float temperature_length = 1;
};

enum class Gating {
  kSoftmax,          // over all experts
  kSigmoid,          // each for itself
  kSoftmaxOfChosen,  // the best logits are chosen, and the softmax is over those
};

// How a token's experts are chosen and weighted, from one logit an expert.
struct Router {
  int experts = 0;
  int used = 0;
  Gating gating = Gating::kSoftmax;
  const float* selection_bias = nullptr;  // [experts], added to the probabilities for the choice alone
  int groups = 1;                         // of experts; a group counts as its two best together
  int groups_used = 1;                    // the others' experts are not chosen
  bool renormalize = false;               // the chosen weights are divided by their sum
  float scale = 1;
};

// The choice: [rows, used], best first; of equal ones the lower number first.
struct Routing {
  std::int32_t* experts = nullptr;
  float* weights = nullptr;
  int used = 0;
};

// Gate and up map the width to the hidden width, down maps it back. The gate may be absent.
struct FeedForward {
  Linear gate;
  Linear up;
  Linear down;
  Activation activation = Activation::kSilu;
};

// A causal convolution along the positions, each channel for itself, and silu.
struct Convolution {
  int channels = 0;
  int taps = 0;
  const float* weight = nullptr;  // [channels, taps]; the last tap is the position itself
  const float* bias = nullptr;    // [channels], or absent
};

// Mamba 2's recurrence, for head h of group g = h / (heads / groups), channel c, state n, with dt = softplus(dt +
// bias):
//   s[h, c, n] = s[h, c, n] * exp(dt * a[h]) + dt * x[h, c] * B[g, n]
//   y[h, c]    = sum over n of s[h, c, n] * C[g, n], plus d[h] * x[h, c]
struct Mamba2 {
  int heads = 0;
  int head_size = 0;
  int groups = 0;
  int state_size = 0;
  const float* dt_bias = nullptr;  // [heads]
  const float* a = nullptr;        // [heads], negative
  const float* d = nullptr;        // [heads]
};

}  // namespace rocmforge::ops
