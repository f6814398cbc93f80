// Writes the keys of encoder models, which compute a vector for a text, and of encoder-decoder models.
#pragma once

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

inline void encoder_block(ArchitectureKeys& keys) {
  keys.sizes();
  keys.layer_epsilon();
  keys.flag("attention.causal", false);
}

inline void bert_keys(ArchitectureKeys& keys) {
  encoder_block(keys);
  keys.head_sizes_if_needed();
  if (keys.options().has_optional_tensors) keys.global_count("tokenizer.ggml.token_type_count", 2);
}

inline void jina_bert_v2_keys(ArchitectureKeys& keys) { bert_keys(keys); }

inline void modern_bert_keys(ArchitectureKeys& keys) {
  encoder_block(keys);
  keys.head_sizes_if_needed();
  keys.rms_epsilon();
  keys.number("rope.freq_base", 160000);
  keys.number("rope.freq_base_swa", 10000);
  keys.no_rope_scaling();
  keys.window();
  keys.count("attention.sliding_window_pattern", 3);
  keys.text("hidden_activation", "gelu");
}

inline void nomic_bert_keys(ArchitectureKeys& keys) {
  encoder_block(keys);
  keys.head_sizes();
  keys.number("rope.freq_base", 1000);
  if (keys.options().has_optional_tensors) keys.global_count("tokenizer.ggml.token_type_count", 2);
}

inline void nomic_bert_moe_keys(ArchitectureKeys& keys) {
  nomic_bert_keys(keys);
  keys.experts();
  keys.count("moe_every_n_layers", 2);
}

inline void t5encoder_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.head_sizes();
  keys.layer_epsilon();
  keys.rms_epsilon();
  keys.count("attention.relative_buckets_count", 32);
}

// The decoder has one layer more than the encoder, so that a test notices if the two numbers are confused.
inline void t5_keys(ArchitectureKeys& keys) {
  t5encoder_keys(keys);
  keys.count("decoder_block_count", keys.options().layers + 1);
  keys.count("decoder_start_token_id", 0);
}

}  // namespace rocmforge::testing
