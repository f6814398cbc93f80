// The layers of a model with their weights bound to backends, as the forward pass reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "models/decoder_spec.h"
#include "ops/backend.h"

namespace rocmforge::models {

// If the layer uses another layer's keys and values, `key` and `value` are absent. If the keys are also the values,
// only `value` is absent.
struct AttentionLayer {
  ops::Attention attention;
  ops::Linear query;
  ops::Linear key;
  ops::Linear value;
  ops::Linear gate;  // gate of the output, if it has its own matrix
  ops::Linear output;
  bool gate_is_in_queries = false;
  float output_scale = 1;
  int rope = -1;  // index of the rope table; -1: no rotation
  ops::PagedKvView cache;
};

struct KeyIndexer {
  int heads = 0;
  int key_size = 0;
  int most = 0;
  ops::Attention attention;  // how queries and keys are prepared
  ops::Linear query;
  ops::Linear key;
  ops::Linear weights;  // of the heads' scores
  int rope = -1;
  ops::PagedKvView cache;

  bool is_present() const { return most > 0; }
};

struct LatentAttentionLayer {
  LatentAttentionSpec spec;
  ops::Attention attention;
  ops::Linear query_down;  // absent if queries are computed by one matrix
  ops::Norm query_norm;
  ops::Linear query;
  ops::Linear key_value_down;
  ops::Norm key_value_norm;
  ops::Weight key_up;    // [heads]: maps a head's unrotated query to the latent space
  ops::Weight value_up;  // [heads]: maps a head's latent sum to its values
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

// Which members are present depends on the form; see DeltaNetForm.
struct DeltaNetLayer {
  DeltaNetSpec spec;
  ops::Linear joint;  // queries, keys, values and gates in one matrix, ordered by key head
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
  ops::Norm length;  // norm of queries and keys
  ops::DeltaRule rule;
  ops::Norm norm;
  ops::Activation gating = ops::Activation::kSilu;
  ops::Linear out;
};

// `first_lerp` and `lerps` are the weights that mix each input of a position with the previous position.
struct Rwkv6Layer {
  Rwkv6Spec spec;
  const float* first_lerp = nullptr;
  ops::Linear mix_down;
  ops::Weight mix_up;            // [w, k, v, r, g]
  const float* lerps = nullptr;  // [w, k, v, r, g]
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
  ops::Linear value_gate_down;  // blends in the first layer's values; absent in the first layer
  ops::Linear value_gate;
  ops::FeedForward gate;  // low-rank, with a sigmoid between its matrices; may be absent
  ops::Wkv7 wkv;
  ops::Linear out;
};

struct FeedForwardLayer {
  ops::FeedForward dense;  // absent if there are only experts
  float outliers = 0;
  const float* hidden_scales = nullptr;  // factors of the dense part's hidden values; may be absent
  ops::Norm router_norm;                 // of the router's input, if it differs from the experts' input
  ops::Linear router_product;
  ops::Router router;
  bool weighs_inputs = false;
  bool routes_by_input = false;
  ops::Linear latent_down;  // map to the experts' own space and back; may be absent
  ops::Linear latent_up;
  ops::FeedForward experts;
  ops::FeedForward shared;
  ops::Linear shared_gate;
  ops::Norm experts_norm;  // with a dense part beside the experts: norms of their input and of both results
  ops::Norm dense_post_norm;
  ops::Norm experts_post_norm;
};

struct ChannelMixLayer {
  const float* key_lerp = nullptr;
  const float* receptance_lerp = nullptr;
  ops::Linear receptance;  // may be absent
  ops::FeedForward ffn;
};

// A layer's own embedding of the token, gated by the layer's values.
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

// The functions of forward/ that compute a layer, or a part of one. They are chosen once, at load.
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

  ops::Norm mixer_norm;  // an absent norm leaves its input unchanged
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

  // The states of the mixer's recurrence and of the channel mix.
  ops::StateView mixer_state;
  ops::StateView ffn_state;
};

// A table whose rows are looked up, and a factor for them.
struct EmbeddingTable {
  ops::Weight rows;
  float scale = 1;

  bool is_present() const { return rows.is_present(); }
};

// The weights of all layers' own embeddings, which are computed from the token and from the input of the first layer.
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
  ops::Weight streams;  // [streams - 1]: computes the initial values of the further streams
  int stream_count = 0;
};

struct OutputLayer {
  ops::Weight streams;  // [streams - 1]: maps the further streams back at the end
  int stream_count = 0;
  ops::Norm norm;
  ops::Linear logits;  // absent for an encoder
};

}  // namespace rocmforge::models
