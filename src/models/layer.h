// A model's weights, bound to the backends that hold them: what the forward pass reads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "models/decoder_spec.h"
#include "ops/backend.h"

namespace rocmforge::models {

// Where keys and values of a layer are another layer's, `key` and `value` are absent; `value` alone where keys are the
// values too.
struct AttentionLayer {
  ops::Attention attention;
  ops::Linear query;
  ops::Linear key;
  ops::Linear value;
  ops::Linear gate;  // of its result, with a matrix of its own
  ops::Linear output;
  bool gate_is_in_queries = false;
  float output_scale = 1;
  int rope = -1;  // number of the rope table; -1: no rotation
  ops::PagedKvView cache;
};

struct KeyIndexer {
  int heads = 0;
  int key_size = 0;
  int most = 0;
  ops::Attention attention;  // what prepares queries and keys
  ops::Linear query;
  ops::Linear key;
  ops::Linear weights;  // of the heads
  int rope = -1;
  ops::PagedKvView cache;

  bool is_present() const { return most > 0; }
};

struct LatentAttentionLayer {
  LatentAttentionSpec spec;
  ops::Attention attention;
  ops::Linear query_down;  // absent where queries are made in one step
  ops::Norm query_norm;
  ops::Linear query;
  ops::Linear key_value_down;
  ops::Norm key_value_norm;
  ops::Weight key_up;    // [heads]: a head's plain query to the latent space
  ops::Weight value_up;  // [heads]: a head's latent sum to its values
  ops::Linear output;
  int rope = -1;
  KeyIndexer indexer;
  ops::PagedKvView cache;
};

struct MambaLayer {
  MambaSpec spec;
  ops::Linear in;
  ops::Convolution convolution;
  ops::Linear projection;  // to the rank of the time steps, B and C
  ops::Norm time_norm;
  ops::Norm b_norm;
  ops::Norm c_norm;
  ops::Linear time;
  ops::Mamba mamba;
  ops::Linear out;
};

struct Mamba2Layer {
  Mamba2Spec spec;
  ops::Linear in;
  ops::Convolution convolution;
  ops::Mamba2 mamba;
  ops::Norm norm;
  ops::Linear out;
};

struct Plamo2MambaLayer {
  Plamo2MambaSpec spec;
  ops::Linear in;
  ops::Convolution convolution;
  ops::Linear projection;
  ops::Norm time_norm;
  ops::Norm b_norm;
  ops::Norm c_norm;
  ops::Linear time;
  ops::Mamba2 mamba;
  ops::Linear out;
};

struct ShortConvolutionLayer {
  ops::Linear in;
  ops::Convolution convolution;
  ops::Linear out;
};

// What there is depends on the form; see DeltaNetForm.
struct DeltaNetLayer {
  DeltaNetSpec spec;
  ops::Linear joint;  // queries, keys, values and gates in one, a key head after the other
  ops::Linear query_key_value;
  ops::Linear query;
  ops::Linear key;
  ops::Linear value;
  ops::Linear gate_down;
  ops::Linear gate;
  ops::Linear decay_down;
  ops::Linear decay;
  ops::Linear beta;
  ops::Linear beta_and_decay;
  ops::Convolution convolution;
  ops::Norm length;  // of queries and keys
  ops::DeltaRule rule;
  ops::Norm norm;
  ops::Activation gating = ops::Activation::kSilu;
  ops::Linear out;
};

// Weights of the mix of a position with the one before, of each input.
struct Rwkv6Layer {
  Rwkv6Spec spec;
  const float* first_lerp = nullptr;
  ops::Linear mix_down;
  ops::Weight mix_up;            // [w, k, v, r, g]
  const float* lerps = nullptr;  // likewise
  ops::Linear decay_down;
  ops::Linear decay;
  ops::Linear key;
  ops::Linear value;
  ops::Linear receptance;
  ops::Linear gate;
  ops::Wkv6 wkv;
  ops::Norm norm;
  ops::Linear out;
};

struct Rwkv7Layer {
  Rwkv7Spec spec;
  const float* lerps = nullptr;  // [r, w, k, v, a, g]
  ops::Linear receptance;
  ops::Linear key;
  ops::Linear value;
  ops::Linear decay_down;
  ops::Linear decay;
  ops::Linear rate_down;
  ops::Linear rate;
  ops::Linear value_gate_down;  // of the first layer's values; absent in the first
  ops::Linear value_gate;
  ops::FeedForward gate;  // of low rank, with a sigmoid between; may be absent
  ops::Wkv7 wkv;
  ops::Linear out;
};

struct FeedForwardLayer {
  ops::FeedForward dense;  // absent where there are only experts
  float outliers = 0;
  const float* hidden_scales = nullptr;  // of the dense part; may be absent
  ops::Norm router_norm;                 // of what the router sees, where that is not what the experts see
  ops::Linear router_product;
  ops::Router router;
  bool weighs_inputs = false;
  bool routes_by_input = false;
  ops::Linear latent_down;  // to the experts' own space and back; may be absent
  ops::Linear latent_up;
  ops::FeedForward experts;
  ops::FeedForward shared;
  ops::Linear shared_gate;
  ops::Norm experts_norm;  // where a dense part is beside the experts: of their input, and of both results
  ops::Norm dense_post_norm;
  ops::Norm experts_post_norm;
};

struct ChannelMixLayer {
  const float* key_lerp = nullptr;
  const float* receptance_lerp = nullptr;
  ops::Linear receptance;  // may be absent
  ops::FeedForward ffn;
};

// A layer's own embedding of the token, gated by what runs through the layer.
struct LayerInput {
  int number = 0;
  ops::Linear gate;
  ops::Linear projection;
  ops::Norm norm;

  bool is_present() const { return gate.is_present(); }
};

struct AltUpLayer {
  ops::Norm router_norm;
  ops::Linear router;
  ops::Linear predict;
  ops::Linear correct;
  const float* correct_scale = nullptr;
  ops::Linear laurel_down;
  ops::Linear laurel_up;
  ops::Norm laurel_norm;
};

struct LayerContext;
struct Layer;

// A kind of layer, and what it is made of: functions of forward/, chosen once at load.
using LayerFunction = void (*)(const Layer& layer, const LayerContext& context);
using PartFunction = void (*)(const Layer& layer, const LayerContext& context, ops::Tensor in, ops::Write write,
                              ops::Tensor out);

using MixerLayer = std::variant<std::monostate, AttentionLayer, LatentAttentionLayer, MambaLayer, Mamba2Layer,
                                Plamo2MambaLayer, ShortConvolutionLayer, DeltaNetLayer, Rwkv6Layer, Rwkv7Layer>;

struct Layer {
  ops::Backend* backend = nullptr;
  LayerFunction run = nullptr;
  PartFunction mix = nullptr;              // nullptr: none
  PartFunction cross_attention = nullptr;  // nullptr: none
  PartFunction feed_forward = nullptr;     // nullptr: none

  ops::Norm mixer_norm;  // absent norms leave things as they are
  ops::Norm mixer_post_norm;
  ops::Norm mixer_second_post_norm;
  ops::Norm cross_norm;
  ops::Norm ffn_norm;
  ops::Norm ffn_post_norm;
  float residual_scale = 1;
  float output_scale = 1;
  MixerLayer mixer;
  Mamba2Layer beside;
  AttentionLayer cross;
  FeedForwardLayer ffn;
  ChannelMixLayer channel_mix;
  LayerInput input;
  AltUpLayer altup;

  // What its recurrences keep: the mixer's, and the channel mix's.
  ops::StateView mixer_state;
  ops::StateView ffn_state;
};

// Rows that are looked up, and what multiplies them.
struct EmbeddingTable {
  ops::Weight rows;
  float scale = 1;

  bool is_present() const { return rows.is_present(); }
};

// What all layers' own embeddings are made of: of the token, and of what runs into the first layer.
struct LayerInputSource {
  EmbeddingTable tokens;
  ops::Linear projection;
  ops::Norm norm;
  float projection_scale = 1;

  bool is_present() const { return projection.is_present(); }
};

struct InputLayer {
  EmbeddingTable tokens;
  EmbeddingTable positions;
  EmbeddingTable token_types;
  ops::Norm norm;
  LayerInputSource layer_inputs;
  ops::Weight streams;  // [streams - 1]: what the further streams begin with
  int stream_count = 0;
};

struct OutputLayer {
  ops::Weight streams;  // [streams - 1]: what the further streams end as
  int stream_count = 0;
  ops::Norm norm;
  ops::Linear logits;  // absent for an encoder
};

}  // namespace rocmforge::models
