// Encoders, in which every position sees all others: BERT and its relatives, which normalize sums, and ModernBERT.
#include <fmt/format.h>

#include "base/text.h"

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"

namespace rocmforge::models {
namespace {

// Norms are applied to sums and to the embeddings; there is no final norm.
DecoderSpec bert_like(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, true);
  spec.token_types = Need::kOptional;
  const auto types = h.metadata().get_or<std::int64_t>("tokenizer.ggml.token_type_count", 0);
  if (types > 0 && !h.has_tensor("token_types.weight")) {
    h.assume(fmt::format("no tensor 'token_types.weight', but 'tokenizer.ggml.token_type_count' is {}", types), true);
  }
  spec.normalizes_embeddings = true;
  spec.output_norm.clear();
  spec.output = OutputMatrix::kNone;
  spec.ignored_tensors.emplace_back("cls.");  // a classifier's head
  const bool is_causal = h.optional_flag("attention.causal", false);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.is_causal = is_causal; });
  allow_attention_biases(spec);
  for (LayerSpec& layer : spec.layers) {
    layer.form = LayerForm::kPostNorm;
    layer.norms.mixer.clear();
    layer.norms.mixer_post = "attn_output_norm";
    layer.norms.ffn.clear();
    layer.norms.ffn_post = "layer_output_norm";
  }
  return spec;
}

constexpr ops::Activation kGelu = ops::Activation::kGeluErf;  // as in the models' own code

}  // namespace

DecoderSpec bert(Hyperparameters& h) {
  DecoderSpec spec = bert_like(h);
  spec.learned_positions = Need::kRequired;
  remove_gates(spec, kGelu, Need::kOptional);
  return spec;
}

DecoderSpec nomic_bert(Hyperparameters& h) {
  DecoderSpec spec = bert_like(h);
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  for (LayerSpec& layer : spec.layers) layer.ffn->bias = Need::kOptional;
  return spec;
}

// Experts in every n-th layer, starting with the second.
DecoderSpec nomic_bert_moe(Hyperparameters& h) {
  DecoderSpec spec = nomic_bert(h);
  const int every = h.required("moe_every_n_layers", 0, kMostLayers);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    FeedForwardSpec& ffn = *spec.layers[i].ffn;
    ffn.is_gated = false;
    ffn.activation = kGelu;
    if (every > 0 && static_cast<int>(i) % every == 1)
      ffn.experts = experts_by(h, {.width = ExpertHabits::Width::kDense});
  }
  return spec;
}

// Positions are encoded by ALiBi. If there is no tensor for the gate, either ffn_up also holds the gate or there is
// none; the number of its rows decides.
DecoderSpec jina_bert_v2(Hyperparameters& h) {
  DecoderSpec spec = bert_like(h);
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) { attention.alibi = 8; });
  for_each_attention(spec, [](AttentionSpec& attention, std::size_t) { attention.output_bias = Need::kRequired; });
  if (h.has_in_any_layer("attn_q_norm.weight")) {
    normalize_queries_and_keys(spec, {.weights = NormWeights::kOfWhole, .has_bias = true});
  }
  const bool is_added_twice = h.has_in_any_layer("attn_norm_2.weight");
  const bool has_gate = h.has_in_any_layer("ffn_gate.weight");
  const auto up = h.shape_of("blk.0.ffn_up.weight");
  for (LayerSpec& layer : spec.layers) {
    if (is_added_twice) layer.norms.mixer_second_post = "attn_norm_2";
    layer.ffn->activation = kGelu;
    layer.ffn->bias = Need::kOptional;
    layer.ffn->down_bias = Need::kRequired;
    layer.ffn->is_gated = has_gate || !up || up->rows() != static_cast<std::uint64_t>(layer.ffn->width);
    layer.ffn->is_stored_fused = !has_gate && layer.ffn->is_gated;
  }
  return spec;
}

// ---- ModernBERT ----

namespace {

ops::Activation read_activation(Hyperparameters& h) {
  const auto name = h.metadata().get_or<std::string>(h.key("hidden_activation"), "gelu");
  if (name == "gelu") return kGelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return ops::Activation::kGeluTanh;
  if (name == "silu" || name == "swish") return ops::Activation::kSilu;
  if (name == "relu") return ops::Activation::kRelu;
  throw h.wrong("'{}' is '{}', expected gelu, gelu_pytorch_tanh, silu or relu", h.key("hidden_activation"),
                printable(name));
}

// Windowed layers have their own rope base.
void set_centred_windows(Hyperparameters& h, DecoderSpec& spec, const std::vector<bool>& windowed, int window,
                         float window_base) {
  const float base = h.expected_number("rope.freq_base_swa", window_base, kLeastRopeBase, kMostRopeBase);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    if (window == 0 || !windowed[i]) return;
    attention.window = window;
    attention.window_kind = ops::WindowKind::kCentred;
    attention.rope->base = base;
  });
}

}  // namespace

DecoderSpec modern_bert(Hyperparameters& h) {
  DecoderSpec spec = layer_norm_like(h, false);
  spec.normalizes_embeddings = true;
  spec.output = OutputMatrix::kNone;
  spec.ignored_tensors.emplace_back("cls.");
  spec.layers.front().norms.mixer.clear();  // the embeddings are already normalized
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  const bool is_causal = h.optional_flag("attention.causal", false);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
    attention.is_causal = is_causal;
    attention.is_stored_fused = true;
  });
  // Every n-th layer, starting with the first, sees all positions.
  const int window = h.expected("attention.sliding_window", 0, 0, kMostContext);
  const int period = h.expected("attention.sliding_window_pattern", 3, 1, kMostLayers);
  std::vector<bool> windowed;
  for (int i = 0; i < h.layers; ++i) windowed.push_back(i % period != 0);
  set_centred_windows(h, spec, windowed, window, 10000);
  const ops::Activation activation = read_activation(h);
  for (LayerSpec& layer : spec.layers) {
    layer.ffn->is_stored_fused = true;
    layer.ffn->activation = activation;
  }
  return spec;
}

}  // namespace rocmforge::models
