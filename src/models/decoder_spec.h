// What a model computes, as data: an architecture's file turns metadata into a spec, and the binding of weights, the
// plan of memory and the forward pass read it. What is not said is llama.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ops/parameters.h"

namespace rocmforge::models {

// Whether the file holds a tensor. An optional one is in all layers or in none.
enum class Need { kNever, kOptional, kRequired };

struct NormSpec {
  ops::NormKind kind = ops::NormKind::kRms;
  float epsilon = 0;
  bool has_bias = false;
};

// ---- Rotary positions ----

enum class RopeScaling { kNone, kLinear, kYarn };

struct RopeSpec {
  ops::RopePairing pairing = ops::RopePairing::kNeighbours;
  int dimensions = 0;  // of a head that are rotated; two a pair
  float base = 10000;
  RopeScaling scaling = RopeScaling::kNone;
  float factor = 1;
  float original_context = 0;
  float beta_fast = 32;
  float beta_slow = 1;
  float magnitude = 1;       // of cosine and sine
  bool has_divisors = true;  // rope_freqs, rope_factors_long and _short apply where the file has them

  friend bool operator==(const RopeSpec&, const RopeSpec&) = default;
};

// ---- What mixes positions ----

enum class QueryKeyNorm { kNone, kPerHead };

struct AttentionSpec {
  int heads = 0;
  int kv_heads = 0;
  int key_size = 0;
  int value_size = 0;
  float scale = 0;
  int window = 0;  // 0: none
  bool is_causal = true;
  float soft_cap = 0;
  bool has_sinks = false;
  bool is_stored_fused = false;  // as attn_qkv always; otherwise fused or split
  Need qkv_bias = Need::kNever;
  Need output_bias = Need::kNever;
  QueryKeyNorm query_key_norm = QueryKeyNorm::kNone;
  std::optional<RopeSpec> rope;
};

// Keys and values of all heads are made from one vector of `kv_rank` values, and that is what is cached, with a rotated
// part of `rope_size` values that all heads share. Queries meet it in its own space: their part without positions is
// multiplied with each head's key matrix first, and each head's value matrix comes after the sum.
struct LatentAttentionSpec {
  int heads = 0;
  int query_rank = 0;  // 0: queries are made in one step
  int kv_rank = 0;
  int plain_size = 0;  // of a head's queries and keys, without positions
  int rope_size = 0;
  int value_size = 0;
  float scale = 0;
  float temperature = 0;
  float temperature_length = 1;
  float norm_epsilon = 0;
  std::optional<RopeSpec> rope;

  int cached_size() const { return kv_rank + rope_size; }
};

struct Mamba2Spec {
  int inner = 0;
  int heads = 0;
  int groups = 0;
  int state_size = 0;
  int taps = 0;
  float norm_epsilon = 0;

  int channels() const { return inner + 2 * groups * state_size; }
};

using MixerSpec = std::variant<AttentionSpec, LatentAttentionSpec, Mamba2Spec>;

// ---- What works on each position alone ----

struct ExpertsSpec {
  int count = 0;
  int used = 0;
  int width = 0;
  ops::Gating gating = ops::Gating::kSoftmax;
  Need selection_bias = Need::kNever;
  int groups = 1;
  int groups_used = 1;
  bool renormalizes = false;
  float scale = 1;
  bool has_biases = false;   // of the router and of all matrices
  int shared_width = 0;      // of an expert that every token has; 0: none
  bool shared_gate = false;  // its result is weighted by the sigmoid of a product
};

struct FeedForwardSpec {
  int width = 0;
  bool is_gated = true;
  bool is_stored_fused = false;  // gate and up are the halves of ffn_up
  ops::Activation activation = ops::Activation::kSilu;
  Need bias = Need::kNever;
  std::optional<ExpertsSpec> experts;  // in place of the dense one
};

// ---- Layers and the whole ----

enum class LayerForm {
  kSequential,  // h = x + mixer(norm(x)); y = h + ffn(norm(h))
  kParallel,    // n = norm(x); y = x + mixer(n) + ffn(n)
  kPostNorm,    // h = norm(x + mixer(x)); y = norm(h + ffn(h))
};

struct LayerSpec {
  LayerForm form = LayerForm::kSequential;
  MixerSpec mixer;
  std::optional<FeedForwardSpec> ffn;
  bool has_post_norms = false;  // the results of mixer and ffn are normalized before they are added
  std::string ffn_norm = "ffn_norm";
};

enum class OutputMatrix { kOwn, kOwnOrTied, kTied, kNone };

struct DecoderSpec {
  std::string architecture;
  std::string description;  // "Qwen2 with experts"
  int width = 0;
  int vocabulary = 0;
  int context = 0;  // trained length
  NormSpec norm;
  std::vector<LayerSpec> layers;

  float embedding_scale = 1;
  Need learned_positions = Need::kNever;
  Need token_types = Need::kNever;
  bool normalizes_embeddings = false;
  bool has_final_norm = true;
  OutputMatrix output = OutputMatrix::kOwnOrTied;
  Need output_bias = Need::kNever;
  float logit_soft_cap = 0;

  // Tensors of the file that the model does without, by the beginning of their names.
  std::vector<std::string> ignored_tensors;

  // All positions are computed together and the result is a hidden state a position, not logits.
  bool is_encoder() const { return output == OutputMatrix::kNone; }
  // Values of a position's result.
  int output_columns() const { return is_encoder() ? width : vocabulary; }
};

}  // namespace rocmforge::models
