// The parameters of operations besides their tensors: the fixed properties of a layer. Pointers refer to the backend's
// memory.
#pragma once

#include <cstdint>

#include "ops/tensor.h"

namespace rocmforge::ops {

enum class NormKind { kNone, kRms, kLayer, kLength };

// A normalization of a whole row, or of each `group` of its values. kRms: x / sqrt(mean(x²) + epsilon); kLayer: the
// same of x minus its mean; kLength: x / max(sqrt(sum(x²)), epsilon). The result is multiplied by the weight and the
// bias is added, if present: value i uses element i % weights of both.
struct Norm {
  NormKind kind = NormKind::kNone;
  const float* weight = nullptr;
  const float* bias = nullptr;
  float epsilon = 0;
  int group = 0;    // 0: the whole row
  int weights = 0;  // number of weights: one per value of the row, or of a group

  bool is_present() const { return kind != NormKind::kNone; }
};

// The function f of a feed-forward layer, which computes f(gate) * up, or f(up) if the layer has no gate.
enum class Activation {
  kIdentity,
  kSigmoid,
  kSilu,
  kGeluTanh,
  kGeluErf,
  kRelu,
  kReluSquared,
  kXielu,   // has parameters per layer; never used with a gate
  kGptOss,  // with g = min(gate, 7) and u = clamp(up, -7, 7): g * sigmoid(1.702 g) * (u + 1); always used with a gate
};

// If x > 0: positive * x² + beta * x; otherwise (expm1(min(x, epsilon)) - x) * negative + beta * x.
struct Xielu {
  float positive = 0;
  float negative = 0;
  float beta = 0;
  float epsilon = 0;
};

// Whether a result replaces the output's values or is added to them.
enum class Write { kSet, kAdd };

// Rotary positions: pair p is rotated by position * frequencies[p], and both its values are multiplied by the
// magnitude.
struct Rope {
  const float* frequencies = nullptr;  // [pairs]; absent: no rotation
  int pairs = 0;
  float magnitude = 1;
};

enum class RopePairing {
  kNeighbours,  // values 2p and 2p + 1 of the rotated part
  kHalves,      // p and p + pairs
};

// Which keys j a query at position i sees within a window of n, in addition to the causal mask.
enum class WindowKind {
  kSliding,  // j > i - n
  kChunked,  // j >= floor(i / n) * n
  kCentred,  // |i - j| <= n / 2
};

struct Attention {
  int heads = 0;
  int kv_heads = 0;  // each key head serves heads / kv_heads query heads
  int key_size = 0;
  int value_size = 0;
  float scale = 1;
  int window = 0;  // 0: none
  WindowKind window_kind = WindowKind::kSliding;
  bool is_causal = true;
  // The keys come from the encoder's output, and SequenceRows::source_length of them are visible.
  bool is_cross_attention = false;
  float soft_cap = 0;            // c * tanh(logit / c); 0: none
  const float* sinks = nullptr;  // [heads]: an extra logit in each softmax, without a value

  // Biases added to the logits after scale and cap: -slope * |i - j|, and a number for each distance j - i, which is
  // limited to [-reach, reach].
  const float* slopes = nullptr;         // [heads]
  const float* distance_bias = nullptr;  // [heads, 2 * reach + 1]
  int distance_reach = 0;

  // Queries, keys and values are first clamped to ±clamp (0: no clamp), then normalized if they have a norm; then
  // queries and keys are rotated.
  float clamp = 0;
  Norm query_norm;
  Norm key_norm;
  Norm value_norm;
  bool norms_after_rope = false;  // of queries and keys

  RopePairing pairing = RopePairing::kNeighbours;
  int rope_offset = 0;  // where the rotated part of a head begins; its size follows from the table

  // Queries are finally multiplied by 1 + temperature * ln(floor((position + temperature_offset) / temperature_length)
  // + 1). A temperature of 0 disables this.
  float temperature = 0;
  float temperature_length = 1;
  int temperature_offset = 0;
};

// An additional mask of the keys that each row may see: bit j % 32 of word j / 32 is position j of the row's sequence.
// Absent means all keys.
struct KeySelection {
  std::uint32_t* bits = nullptr;  // [rows, words]
  std::int64_t words = 0;

  bool is_present() const { return bits != nullptr; }
  std::uint32_t* row(std::int64_t r) const { return bits + r * words; }
};

enum class Gating {
  kSoftmax,          // over all experts
  kSigmoid,          // of each logit independently
  kSoftmaxOfChosen,  // over the chosen (best) logits only
  kRootOfSoftplus,   // sqrt(ln(1 + e^x)) of each logit independently
};

// How a token's experts are chosen and weighted, from one logit per expert.
struct Router {
  int experts = 0;
  int used = 0;
  Gating gating = Gating::kSoftmax;
  const float* selection_bias = nullptr;  // [experts], added to the probabilities for the choice only
  int groups = 1;                         // of experts; a group's score is the sum of its two best
  int groups_used = 1;                    // experts of other groups are not chosen
  bool renormalize = false;               // divides the chosen weights by their sum
  float scale = 1;
};

// The chosen experts and their weights: [rows, used], best first; of equal ones the lower index first.
struct Routing {
  std::int32_t* experts = nullptr;
  float* weights = nullptr;
  int used = 0;
  bool weighs_inputs = false;  // multiplies an expert's input by its weight, not its result
};

// A feed-forward layer: gate and up map the width to the hidden width, down maps it back. The gate may be absent.
struct FeedForward {
  Linear gate;
  Linear up;
  Linear down;
  Activation activation = Activation::kSilu;
  Xielu xielu;
};

// A causal convolution along the positions, independent for each channel, optionally followed by silu.
struct Convolution {
  int channels = 0;
  int taps = 0;
  const float* weight = nullptr;  // [channels, taps]; the last tap applies to the current position
  const float* bias = nullptr;    // [channels], or absent
  bool has_silu = true;
};

// Mamba's recurrence for channel c and state n, with dt = softplus(dt):
//   s[c, n] = s[c, n] * exp(dt[c] * a[c, n]) + dt[c] * x[c] * B[n]
//   y[c]    = sum over n of s[c, n] * C[n], plus d[c] * x[c]
struct Mamba {
  int channels = 0;
  int state_size = 0;
  const float* a = nullptr;  // [channels, state_size], negative
  const float* d = nullptr;  // [channels]
};

// Mamba 2's recurrence for head h of group g = h / (heads / groups), channel c and state n, with dt = softplus(dt +
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

// The gated delta rule for a head with state S [key, value], with b = sigmoid(beta) and g = a[head] * softplus(decay +
// dt_bias), which is one number per head or one per key channel:
//   S = S * exp(g);  d = b * (v - Sᵀ k);  S = S + k dᵀ;  y = Sᵀ q / sqrt(key_size)
struct DeltaRule {
  int heads = 0;      // of values
  int key_heads = 0;  // of keys and queries
  int key_size = 0;
  int value_size = 0;
  bool repeats_key_heads = false;  // head h uses key head h % key_heads; otherwise h / (heads / key_heads)
  bool decays_by_channel = false;  // requires key_heads == heads
  const float* a = nullptr;        // [heads], negative
  const float* dt_bias = nullptr;  // [heads], or [heads, key_size]
};

// RWKV 6's recurrence for a head with state S [key, value] and decay w = exp(-exp(decay)):
//   y_j = sum over i of r_i * (S_ij + bonus_i * k_i * v_j);  S_ij = w_i * S_ij + k_i * v_j
struct Wkv6 {
  int heads = 0;
  int head_size = 0;
  const float* bonus = nullptr;  // [heads, head_size]
};

// RWKV 7's recurrence for a head with state S [value, key], w = exp(-0.606531 * sigmoid(decay)), a = sigmoid(rate),
// κ = k * key_scale scaled to length 1 (divided by at least 1e-12), and k' = k * (1 + (a - 1) * key_rate):
//   s_i = sum over j of S_ij * -κ_j;  S_ij = S_ij * w_j + v_i * k'_j + s_i * κ_j * a_j
//   y_i = norm(sum over j of S_ij * r_j)_i + v_i * sum over j of r_j * k'_j * bonus_j
struct Wkv7 {
  int heads = 0;
  int head_size = 0;
  const float* key_scale = nullptr;  // [heads, head_size]
  const float* key_rate = nullptr;   // [heads, head_size]
  const float* bonus = nullptr;      // [heads, head_size]
  Norm norm;                         // per head; may be absent
};

}  // namespace rocmforge::ops
