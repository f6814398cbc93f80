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

struct AttentionLayer {
  ops::Attention attention;
  ops::Linear query;
  ops::Linear key;
  ops::Linear value;
  ops::Linear output;
  int rope = -1;  // number of the rope table; -1: no rotation
  ops::PagedKvView cache;
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
  ops::PagedKvView cache;
};

struct Mamba2Layer {
  Mamba2Spec spec;
  ops::Linear in;
  ops::Convolution convolution;
  ops::Mamba2 mamba;
  ops::Norm norm;
  ops::Linear out;
  ops::StateView state;
};

struct FeedForwardLayer {
  ops::FeedForward dense;  // absent where there are experts
  ops::Linear router_product;
  ops::Router router;
  ops::FeedForward experts;
  ops::FeedForward shared;
  ops::Linear shared_gate;
};

struct Pass;
struct Layer;

// A kind of layer, and what it is made of: functions of decoder.cpp, chosen once at load.
using LayerFunction = void (*)(const Layer& layer, const Pass& pass);
using PartFunction = void (*)(const Layer& layer, const Pass& pass, ops::Tensor in, ops::Write write, ops::Tensor out);

struct Layer {
  ops::Backend* backend = nullptr;
  LayerFunction run = nullptr;
  PartFunction mix = nullptr;
  PartFunction feed_forward = nullptr;  // nullptr: none

  ops::Norm mixer_norm;
  ops::Norm mixer_post_norm;
  ops::Norm ffn_norm;
  ops::Norm ffn_post_norm;
  std::variant<AttentionLayer, LatentAttentionLayer, Mamba2Layer> mixer;
  FeedForwardLayer ffn;
};

// Rows that are looked up, and what multiplies them.
struct EmbeddingTable {
  ops::Weight rows;
  float scale = 1;

  bool is_present() const { return rows.is_present(); }
};

struct InputLayer {
  EmbeddingTable tokens;
  EmbeddingTable positions;
  EmbeddingTable token_types;
  ops::Norm norm;
};

struct OutputLayer {
  ops::Norm norm;
  ops::Linear logits;  // absent for an encoder
};

}  // namespace rocmforge::models
