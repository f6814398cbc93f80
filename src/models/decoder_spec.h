// What a model computes, as data: an architecture's file turns metadata into a spec, and the binding of weights, the
// plan of memory and the forward pass read it. What is not said is llama.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/mixer_specs.h"
#include "ops/parameters.h"

namespace rocmforge::models {

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
  bool weighs_inputs = false;
  bool has_biases = false;       // of the router and of all matrices
  bool routes_by_input = false;  // the router reads the layer's input
  int latent_width = 0;          // experts work in a space of their own; 0: in the model's
  int shared_width = 0;          // of an expert that every token has; 0: none
  bool shared_gate = false;      // its result is weighted by the sigmoid of a product
};

struct FeedForwardSpec {
  int width = 0;
  bool is_gated = true;
  bool is_stored_fused = false;  // gate and up are the halves of ffn_up
  ops::Activation activation = ops::Activation::kSilu;
  ops::Xielu xielu;
  Need bias = Need::kNever;
  std::optional<Need> down_bias;       // where it is another
  bool has_divisors = false;           // hidden values are divided by numbers of their own
  std::optional<float> outliers;       // gates less than so many deviations above their mean are cut; 0: none
  std::optional<ExpertsSpec> experts;  // in place of the dense one
  bool has_dense_beside = false;       // or beside it, each with norms of its own
};

// RWKV's, which looks at the position before too.
struct ChannelMixSpec {
  int width = 0;
  bool has_receptance = false;
};

// ---- Layers and the whole ----

enum class LayerForm {
  kSequential,  // h = x + mixer(norm(x)); y = h + ffn(norm(h))
  kParallel,    // y = x + mixer(norm(x)) + ffn(norm(x)), with one norm or two
  kPostNorm,    // h = norm(x + mixer(x)); y = norm(h + ffn(h))
  kAltUp,       // Gemma 3n's, on several streams
};

// The names of the norms' tensors; empty: no such norm. Post norms are of a part's result before it is added, or in the
// form kPostNorm of the sum.
struct LayerNorms {
  std::string mixer = "attn_norm";
  std::string mixer_post;
  std::string mixer_second_post;  // kPostNorm: once more, with the layer's input added once more
  std::string cross = "cross_attn_norm";
  std::string ffn = "ffn_norm";  // empty in the form kParallel: the mixer's
  std::string ffn_post;
};

struct LayerSpec {
  LayerForm form = LayerForm::kSequential;
  LayerNorms norms;
  MixerSpec mixer;
  std::optional<Mamba2Spec> beside;    // of the same input as the mixer
  std::optional<AttentionSpec> cross;  // between mixer and ffn, of what the encoder made; in the form kSequential
  std::optional<FeedForwardSpec> ffn;
  std::optional<ChannelMixSpec> channel_mix;  // in place of it
  float residual_scale = 1;                   // of both parts' results
  float output_scale = 1;                     // of all
  Need stored_output_scale = Need::kNever;
};

// Each layer sees the token through an embedding of its own besides.
struct LayerInputSpec {
  int width = 0;  // 0: none
};

struct AltUpSpec {
  int streams = 0;  // 0: none
  int laurel_rank = 0;
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
  std::string prefix;  // of the tensors of layers and of the last norm

  float embedding_scale = 1;
  Need learned_positions = Need::kNever;
  Need token_types = Need::kNever;
  bool normalizes_embeddings = false;
  LayerInputSpec layer_inputs;
  AltUpSpec altup;

  std::string output_norm = "output_norm";  // empty: none
  OutputMatrix output = OutputMatrix::kOwnOrTied;
  Need output_bias = Need::kNever;
  float logit_scale = 1;
  float logit_soft_cap = 0;

  // What reads a text before the decoder answers; its layers' cross attention sees the result. nullptr: none.
  std::shared_ptr<const DecoderSpec> encoder;
  int start_token = 0;  // behind an encoder: what a decoder's tokens begin with

  // Tensors of the file that the model does without, by the beginning of their names.
  std::vector<std::string> ignored_tensors;

  // All positions are computed together and the result is a hidden state a position, not logits.
  bool is_encoder() const { return output == OutputMatrix::kNone; }
  // Whether the embeddings serve as output matrix, in a file with an output matrix or without.
  bool is_output_tied(bool file_has_output) const {
    return output == OutputMatrix::kTied || (output == OutputMatrix::kOwnOrTied && !file_has_output);
  }
  // Values of a position's result.
  int output_columns() const { return is_encoder() ? width : vocabulary; }
  // Values that run through the layers.
  int stream_columns() const { return altup.streams > 0 ? altup.streams * width : width; }
};

}  // namespace rocmforge::models
