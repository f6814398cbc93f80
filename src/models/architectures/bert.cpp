// BERT: an encoder. Every position sees all others, norms follow the sums, positions are learned.
#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {

DecoderSpec bert(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kLayer, true);
  spec.learned_positions = Need::kRequired;
  spec.token_types = Need::kOptional;
  const auto types = h.metadata().get_or<std::int64_t>("tokenizer.ggml.token_type_count", 0);
  if (types > 0 && !h.has_tensor("token_types.weight")) {
    h.assume(fmt::format("no tensor 'token_types.weight', but 'tokenizer.ggml.token_type_count' is {}", types), true);
  }
  spec.normalizes_embeddings = true;
  spec.has_final_norm = false;
  spec.output = OutputMatrix::kNone;
  spec.ignored_tensors.emplace_back("cls.");  // a classifier's head
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.form = LayerForm::kPostNorm;
    AttentionSpec attention = attention_of(h, i);
    attention.is_causal = h.optional_flag("attention.causal", false);
    attention.qkv_bias = Need::kOptional;
    attention.output_bias = Need::kOptional;
    layer.mixer = attention;
    FeedForwardSpec ffn = feed_forward_of(h, i);
    ffn.is_gated = false;
    ffn.activation = ops::Activation::kGeluErf;  // as the models' own code has it
    ffn.bias = Need::kOptional;
    layer.ffn = ffn;
  }
  return spec;
}

}  // namespace rocmforge::models
