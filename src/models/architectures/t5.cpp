// T5: an encoder, in which every position sees all others, and a causal decoder with cross attention. Each head has a
// bias for each distance, stored in the first layer of either half for all its layers. Positions are not rotated and
// logits are not scaled.
#include <cmath>

#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

// Returns the encoder or the decoder. `prefix` is that of its tensors' names.
DecoderSpec half_of_t5(Hyperparameters& h, const std::string& prefix) {
  DecoderSpec spec = llama_like(h);
  spec.prefix = prefix;
  const int buckets = h.required("attention.relative_buckets_count", 4, 256);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t i) {
    attention.scale = 1;
    attention.output_name = "attn_o";
    // Layers without a bias of their own use that of the first layer.
    const std::string own = fmt::format("{}blk.{}.attn_rel_b.weight", prefix, i);
    attention.distance_bias = DistanceBiasSpec{buckets, h.has_tensor(own) ? own : prefix + "blk.0.attn_rel_b.weight"};
  });
  bool has_gates = false;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    has_gates |= h.has_tensor(fmt::format("{}blk.{}.ffn_gate.weight", prefix, i));
  }
  if (has_gates) {
    for (LayerSpec& layer : spec.layers) layer.ffn->activation = ops::Activation::kGeluTanh;
  } else {
    remove_gates(spec, ops::Activation::kRelu);
  }
  return spec;
}

// Returns the decoder's first token: padding, unless the file states another.
int start_token(Hyperparameters& h) {
  const char* const padding_key = "tokenizer.ggml.padding_token_id";
  const auto padding = h.metadata().get_or<std::int64_t>(padding_key, 0);
  if (!h.has("decoder_start_token_id") && (padding < 0 || padding >= h.vocabulary)) {
    throw h.wrong("'{}' is {}, expected 0 to {}", padding_key, padding, h.vocabulary - 1);
  }
  return h.optional("decoder_start_token_id", static_cast<int>(padding), 0, h.vocabulary - 1);
}

}  // namespace

DecoderSpec t5_encoder(Hyperparameters& h) {
  DecoderSpec spec = half_of_t5(h, "enc.");
  spec.output = OutputMatrix::kNone;
  spec.ignored_tensors.emplace_back("output.");  // belongs to the decoder, which this model lacks
  const bool is_causal = h.optional_flag("attention.causal", false);
  for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) { attention.is_causal = is_causal; });
  return spec;
}

DecoderSpec t5(Hyperparameters& h) {
  DecoderSpec spec = half_of_t5(h, "dec.");
  // All layers are alike, but encoder and decoder may have different numbers of them.
  const int layers = h.optional("decoder_block_count", h.layers, 1, kMostLayers);
  spec.layers.resize(static_cast<std::size_t>(layers), LayerSpec(spec.layers.front()));
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    AttentionSpec cross = std::get<AttentionSpec>(spec.layers[i].mixer);
    cross.is_cross_attention = true;
    cross.is_causal = false;
    cross.distance_bias.reset();
    spec.layers[i].cross = cross;
    spec.ignored_tensors.push_back(fmt::format("dec.blk.{}.cross_attn_rel_b.", i));
  }
  if (!h.has_tensor("output.weight")) spec.logit_scale = 1 / std::sqrt(static_cast<float>(spec.width));
  spec.start_token = start_token(h);
  spec.encoder = std::make_shared<const DecoderSpec>(t5_encoder(h));
  return spec;
}

}  // namespace rocmforge::models
