// The parts of a layer that mix positions, as data: the forms of attention, and the recurrent blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "ops/parameters.h"

namespace rocmforge::models {

// Whether the file holds a tensor. An optional tensor is in all layers or in none.
enum class Need { kNever, kOptional, kRequired };

struct NormSpec {
  ops::NormKind kind = ops::NormKind::kRms;
  float epsilon = 0;
  bool has_bias = false;
  bool has_weight = true;
};

// ---- Rotary positions ----

enum class RopeScaling { kNone, kLinear, kYarn };

struct RopeSpec {
  ops::RopePairing pairing = ops::RopePairing::kNeighbours;
  int dimensions = 0;  // rotated values per head, two per pair
  float base = 10000;
  RopeScaling scaling = RopeScaling::kNone;
  float factor = 1;
  float original_context = 0;
  float beta_fast = 32;
  float beta_slow = 1;
  float magnitude = 1;       // of cosine and sine
  bool has_divisors = true;  // rope_freqs, rope_factors_long and _short apply if the file has them

  friend bool operator==(const RopeSpec&, const RopeSpec&) = default;
};

// ---- Attention ----

enum class NormWeights {
  kNone,
  kOfHead,      // each head is normalized with the same weights
  kOfEachHead,  // each head is normalized with its own weights
  kOfWhole,     // all heads are normalized as one vector
};

struct QueryKeyNormSpec {
  NormWeights weights = NormWeights::kOfHead;
  bool has_bias = false;
  bool is_after_rope = false;
};

// A bias for each distance between two positions. Distances are sorted into buckets: near distances have a bucket each,
// farther ones share ever wider buckets. In causal attention all buckets are for earlier positions; otherwise each side
// has half of them.
struct DistanceBiasSpec {
  int buckets = 0;
  std::string tensor;  // full name; one layer stores the bias for all
};

enum class OutputGate {
  kNone,
  kInQueries,  // attn_q holds for each head the query, then the gate
  kOwnMatrix,  // attn_gate
};

struct AttentionSpec {
  int heads = 0;
  int kv_heads = 0;
  int key_size = 0;
  int value_size = 0;
  float scale = 0;
  int window = 0;  // 0: none
  ops::WindowKind window_kind = ops::WindowKind::kSliding;
  bool is_causal = true;
  bool is_cross_attention = false;  // keys and values come from the encoder's output
  float soft_cap = 0;
  bool has_sinks = false;
  float alibi = 0;  // the greatest bias of ALiBi; 0: none
  std::optional<DistanceBiasSpec> distance_bias;
  std::optional<RopeSpec> rope;
  float temperature = 0;
  float temperature_length = 1;
  int temperature_offset = 0;

  bool is_stored_fused = false;  // most files have attn_qkv, otherwise three tensors; both are accepted
  Need qkv_bias = Need::kNever;
  Need output_bias = Need::kNever;
  float clamp = 0;  // of queries, keys and values; 0: none
  std::optional<QueryKeyNormSpec> query_key_norm;
  bool normalizes_values = false;  // each head, with a norm that has no weights
  bool has_values = true;          // otherwise the keys before norm and rotation are also the values
  int keys_of_layer = -1;          // the layer whose keys and values are used; -1: its own
  OutputGate gate = OutputGate::kNone;
  float output_scale = 1;
  std::string output_name = "attn_output";

  bool has_own_keys() const { return keys_of_layer < 0; }
};

// The lightning indexer of sparse attention: a cheaper attention that selects the `most` keys which a query sees.
struct KeyIndexerSpec {
  int heads = 0;
  int key_size = 0;
  int most = 0;
  std::optional<RopeSpec> rope;
};

// Multi-head latent attention. The keys and values of all heads are computed from one vector of `kv_rank` values, and
// only this vector is cached, together with a rotated part of `rope_size` values that all heads share. Queries are
// brought to the latent space: their unrotated part is multiplied by each head's key matrix before attention, and each
// head's value matrix is applied to the sum afterwards.
struct LatentAttentionSpec {
  int heads = 0;
  int query_rank = 0;  // 0: queries are computed by one matrix
  int kv_rank = 0;
  int plain_size = 0;  // unrotated values of a head's queries and keys
  int rope_size = 0;
  int value_size = 0;
  float scale = 0;
  float temperature = 0;
  float temperature_length = 1;
  float norm_epsilon = 0;
  std::optional<RopeSpec> rope;
  std::optional<KeyIndexerSpec> indexer;

  int cached_size() const { return kv_rank + rope_size; }
};

// ---- Recurrent blocks ----

struct MambaSpec {
  int inner = 0;
  int state_size = 0;
  int rank = 0;  // of the projection of the time steps
  int taps = 0;
  float norm_epsilon = 0;
  ops::NormKind norms = ops::NormKind::kNone;  // of the time steps, B and C
  bool norms_have_weights = false;
};

struct Mamba2Spec {
  int inner = 0;
  int heads = 0;
  int groups = 0;
  int state_size = 0;
  int taps = 0;
  float norm_epsilon = 0;
  Need norm = Need::kRequired;
  Need convolution_bias = Need::kRequired;

  int channels() const { return inner + 2 * groups * state_size; }
};

// Mamba 2's recurrence between Mamba's projections, which are normalized.
struct Plamo2MambaSpec {
  int inner = 0;
  int heads = 0;
  int state_size = 0;
  int rank = 0;
  int taps = 0;
  float norm_epsilon = 0;
};

struct ShortConvolutionSpec {
  int taps = 0;
};

// How a delta net's projections are stored.
enum class DeltaNetForm {
  kInterleaved,  // ssm_ba holds for each key head the betas, then the decays of its value heads
  kSeparate,     // betas and decays are in ssm_beta and ssm_alpha
  kByChannel,    // Kimi's: a low-rank decay per channel and a low-rank gate; one convolution each for q, k and v
};

struct DeltaNetSpec {
  DeltaNetForm form = DeltaNetForm::kInterleaved;
  int heads = 0;  // value heads
  int key_heads = 0;
  int key_size = 0;
  int value_size = 0;
  int taps = 0;
  float norm_epsilon = 0;

  int keys() const { return key_heads * key_size; }
  int values() const { return heads * value_size; }
  int channels() const { return 2 * keys() + values(); }
};

// RWKV's time mixing. The ranks of low-rank factors come from the keys. This many tensors of the model's width are
// needed in Activations::hidden:
inline constexpr std::int64_t kRwkvTensors = 8;

struct Rwkv6Spec {
  int head_size = 0;
  int mix_rank = 0;
  int decay_rank = 0;
};

struct Rwkv7Spec {
  int head_size = 0;
  int decay_rank = 0;
  int rate_rank = 0;
  int value_rank = 0;
  int gate_rank = 0;      // 0: no gate
  bool is_first = false;  // its values are blended into those of later layers
};

using MixerSpec = std::variant<std::monostate, AttentionSpec, LatentAttentionSpec, MambaSpec, Mamba2Spec,
                               Plamo2MambaSpec, ShortConvolutionSpec, DeltaNetSpec, Rwkv6Spec, Rwkv7Spec>;

}  // namespace rocmforge::models
