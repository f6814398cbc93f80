// The description of what a model computes, as data. An architecture's file turns metadata into a DecoderSpec; the
// binding of weights, the memory plan and the forward pass read it. The defaults are llama's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/mixer_specs.h"
#include "ops/parameters.h"

namespace rocmforge::models {

// ---- Parts that work on each position independently ----

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
  bool has_biases = false;       // on the router and on all matrices
  bool routes_by_input = false;  // the router reads the layer's input
  int latent_width = 0;          // width of the experts' own space; 0: the model's width
  int shared_width = 0;          // width of the expert that every token uses; 0: none
  bool shared_gate = false;      // the shared expert's result is multiplied by the sigmoid of a product
};

struct FeedForwardSpec {
  int width = 0;
  bool is_gated = true;
  bool is_stored_fused = false;  // ffn_up holds both gate and up
  ops::Activation activation = ops::Activation::kSilu;
  ops::Xielu xielu;
  Need bias = Need::kNever;
  std::optional<Need> down_bias;       // if it differs from `bias`
  bool has_divisors = false;           // each hidden value is divided by a stored number
  std::optional<float> outliers;       // gates below mean + this many standard deviations become 0; 0: none
  std::optional<ExpertsSpec> experts;  // replace the dense part
  bool has_dense_beside = false;       // the dense part runs beside the experts, each with its own norms
};

// RWKV's feed-forward part, which also reads the previous position.
struct ChannelMixSpec {
  int width = 0;
  bool has_receptance = false;
};

// ---- Layers and the whole ----

enum class LayerForm {
  kSequential,  // h = x + mixer(norm(x)); y = h + ffn(norm(h))
  kParallel,    // y = x + mixer(norm(x)) + ffn(norm(x)), with one norm or two
  kPostNorm,    // h = norm(x + mixer(x)); y = norm(h + ffn(h))
  kAltUp,       // Gemma 3n's form, with several streams
};

// The tensor names of a layer's norms; empty means no such norm. A post norm applies to a part's result before it is
// added, or in the form kPostNorm to the sum.
struct LayerNorms {
  std::string mixer = "attn_norm";
  std::string mixer_post;
  std::string mixer_second_post;  // kPostNorm: a second norm, after the layer's input was added a second time
  std::string cross = "cross_attn_norm";
  std::string ffn = "ffn_norm";  // empty in the form kParallel: the mixer's norm is used
  std::string ffn_post;
};

struct LayerSpec {
  LayerForm form = LayerForm::kSequential;
  LayerNorms norms;
  MixerSpec mixer;
  std::optional<Mamba2Spec> beside;    // runs on the same input as the mixer
  std::optional<AttentionSpec> cross;  // to the encoder's output, between mixer and ffn; in the form kSequential only
  std::optional<FeedForwardSpec> ffn;
  std::optional<ChannelMixSpec> channel_mix;  // replaces ffn
  float residual_scale = 1;                   // of each part's result
  float output_scale = 1;                     // of the layer's output
  Need stored_output_scale = Need::kNever;
};

// Per-layer embeddings: each layer also receives the token through an embedding of its own.
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
  std::string prefix;  // of the names of the layers' tensors and of the last norm

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

  // The encoder that reads a text before the decoder runs; the decoder's layers have cross attention to its output.
  // nullptr: none.
  std::shared_ptr<const DecoderSpec> encoder;
  int start_token = 0;  // with an encoder: the first token of the decoder

  // Name prefixes of tensors in the file that the model does not need.
  std::vector<std::string> ignored_tensors;

  // An encoder computes all positions together, and its result is one hidden state per position instead of logits.
  bool is_encoder() const { return output == OutputMatrix::kNone; }
  // Returns whether the embeddings are also the output matrix.
  bool is_output_tied(bool file_has_output) const {
    return output == OutputMatrix::kTied || (output == OutputMatrix::kOwnOrTied && !file_has_output);
  }
  // Returns the number of values in a position's result.
  int output_columns() const { return is_encoder() ? width : vocabulary; }
  // Returns the number of values per position in the residual streams.
  int stream_columns() const { return altup.streams > 0 ? altup.streams * width : width; }
};

}  // namespace rocmforge::models
