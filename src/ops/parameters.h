// What an operation is told besides its tensors: the fixed properties of a layer. Pointers are to the backend's memory.
#pragma once

#include <cstdint>

#include "ops/tensor.h"

namespace rocmforge::ops {

enum class NormKind { kNone, kRms, kLayer, kLength };

// Of a row as a whole, or of each `group` of its values. rms: x / sqrt(mean(x²) + epsilon); layer: the same of x less
// its mean; length: x / max(sqrt(sum(x²)), epsilon). Then times the weight and plus the bias, where they are: value i
// takes number i % weights of both.
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
  kIdentity,
  kSigmoid,
  kSilu,
  kGeluTanh,
  kGeluErf,
  kRelu,
  kReluSquared,
  kXielu,   // with parameters of the layer; never with a gate
  kGptOss,  // g = min(gate, 7), u = clamp(up, -7, 7): g * sigmoid(1.702 g) * (u + 1); always with a gate
};

// x > 0: positive * x² + beta * x; else (expm1(min(x, epsilon)) - x) * negative + beta * x.
struct Xielu {
  float positive = 0;
  float negative = 0;
  float beta = 0;
  float epsilon = 0;
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

// Which keys a query at position i sees of those that causality leaves, where there is a window of n.
enum class WindowKind {
  kSliding,  // j > i - n
  kChunked,  // j >= floor(i / n) * n
  kCentred,  // |i - j| <= n / 2
};

struct Attention {
  int heads = 0;
  int kv_heads = 0;  // heads / kv_heads query heads share a key head
  int key_size = 0;
  int value_size = 0;
  float scale = 1;
  int window = 0;  // 0: none
  WindowKind window_kind = WindowKind::kSliding;
  bool is_causal = true;
  bool reads_source = false;     // keys are another text's: SequenceRows::source_length of them are seen
  float soft_cap = 0;            // c * tanh(logit / c); 0: none
  const float* sinks = nullptr;  // [heads]: a further logit in each softmax's sum, which brings no value

  // Added to the logits after scale and cap: -slope * |i - j|, and a number for each distance j - i, which is cut to
  // [-reach, reach].
  const float* slopes = nullptr;         // [heads]
  const float* distance_bias = nullptr;  // [heads, 2 * reach + 1]
  int distance_reach = 0;

  // Queries, keys and values: first kept within ±clamp (0: as they are), then normalized, where there is a norm for
  // them, then queries and keys are rotated.
  float clamp = 0;
  Norm query_norm;
  Norm key_norm;
  Norm value_norm;
  bool norms_after_rope = false;  // of queries and keys

  RopePairing pairing = RopePairing::kNeighbours;
  int rope_offset = 0;  // where in a head the rotated part begins; its size is the table's

  // Queries are multiplied by 1 + temperature * ln(floor((position + temperature_offset) / temperature_length) + 1),
  // last of all; 0: not.
  float temperature = 0;
  float temperature_length = 1;
  int temperature_offset = 0;
};

// Which keys each row may see besides: bit j % 32 of word j / 32 is position j of its sequence. Absent: all.
struct KeySelection {
  std::uint32_t* bits = nullptr;  // [rows, words]
  std::int64_t words = 0;

  bool is_present() const { return bits != nullptr; }
  std::uint32_t* row(std::int64_t r) const { return bits + r * words; }
};

enum class Gating {
  kSoftmax,          // over all experts
  kSigmoid,          // each for itself
  kSoftmaxOfChosen,  // the best logits are chosen, and the softmax is over those
  kRootOfSoftplus,   // sqrt(ln(1 + e^x)), each for itself
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
  bool weighs_inputs = false;  // an expert's input is multiplied by its weight, in place of its result
};

// Gate and up map the width to the hidden width, down maps it back. The gate may be absent.
struct FeedForward {
  Linear gate;
  Linear up;
  Linear down;
  Activation activation = Activation::kSilu;
  Xielu xielu;
};

// A causal convolution along the positions, each channel for itself, and silu or nothing.
struct Convolution {
  int channels = 0;
  int taps = 0;
  const float* weight = nullptr;  // [channels, taps]; the last tap is the position itself
  const float* bias = nullptr;    // [channels], or absent
  bool has_silu = true;
};

// Mamba's recurrence, for channel c and state n, with dt = softplus(dt):
//   s[c, n] = s[c, n] * exp(dt[c] * a[c, n]) + dt[c] * x[c] * B[n]
//   y[c]    = sum over n of s[c, n] * C[n], plus d[c] * x[c]
struct Mamba {
  int channels = 0;
  int state_size = 0;
  const float* a = nullptr;  // [channels, state_size], negative
  const float* d = nullptr;  // [channels]
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

// The gated delta rule, for a head with state S [key, value], with g = a[head] * softplus(decay + dt_bias), one for the
// head or one for each key channel, and b = sigmoid(beta):
//   S = S * exp(g);  d = b * (v - Sᵀ k);  S = S + k dᵀ;  y = Sᵀ q / sqrt(key_size)
struct DeltaRule {
  int heads = 0;      // of values
  int key_heads = 0;  // of keys and queries
  int key_size = 0;
  int value_size = 0;
  bool repeats_key_heads = false;  // head h takes key head h % key_heads; else h / (heads / key_heads)
  bool decays_by_channel = false;  // key_heads == heads then
  const float* a = nullptr;        // [heads], negative
  const float* dt_bias = nullptr;  // [heads], or [heads, key_size]
};

// RWKV 6: for a head with state S [key, value] and decay w = exp(-exp(decay)):
//   y_j = sum over i of r_i * (S_ij + bonus_i * k_i * v_j);  S_ij = w_i * S_ij + k_i * v_j
struct Wkv6 {
  int heads = 0;
  int head_size = 0;
  const float* bonus = nullptr;  // [heads, head_size]
};

// RWKV 7: for a head with state S [value, key], w = exp(-0.606531 * sigmoid(decay)), a = sigmoid(rate),
// κ = k * key_scale made of length 1 (at least 1e-12), and k' = k * (1 + (a - 1) * key_rate):
//   s_i = sum over j of S_ij * -κ_j;  S_ij = S_ij * w_j + v_i * k'_j + s_i * κ_j * a_j
//   y_i = norm(sum over j of S_ij * r_j)_i + v_i * sum over j of r_j * k'_j * bonus_j
struct Wkv7 {
  int heads = 0;
  int head_size = 0;
  const float* key_scale = nullptr;  // [heads, head_size]
  const float* key_rate = nullptr;   // likewise
  const float* bonus = nullptr;      // likewise
  Norm norm;                         // of each head; may be absent
};

}  // namespace rocmforge::ops
