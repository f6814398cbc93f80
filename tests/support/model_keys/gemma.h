// Writes the keys of the Gemma models.
#pragma once

#include <limits>

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

inline void gemma_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
}

inline void gemma2_keys(ArchitectureKeys& keys) {
  gemma_keys(keys);
  keys.number("attn_logit_softcapping", 3);
  keys.number("final_logit_softcapping", 6);
  keys.window();
}

// Layers with a window have their own rotary settings.
inline void gemma_windows(ArchitectureKeys& keys) {
  keys.number("rope.freq_base", 1e6f);
  keys.number("rope.freq_base_swa", 10000);
  keys.window();
}

inline void gemma3_keys(ArchitectureKeys& keys) {
  gemma_keys(keys);
  gemma_windows(keys);
  keys.text("rope.scaling.type", "linear");
  keys.number("rope.scaling.factor", 8);
}

inline void gemma_embedding_keys(ArchitectureKeys& keys) {
  gemma_keys(keys);
  gemma_windows(keys);
}

// If there are enough layers, the last two use keys and values of earlier ones, of which one has a window and one has
// none.
inline int sharing_layers(const RandomModelOptions& options) { return options.layers >= 4 ? 2 : 0; }

inline void every_second_layer_full(ArchitectureKeys& keys) {
  keys.count("attention.shared_kv_layers", sharing_layers(keys.options()));
  keys.flags_of_layers("attention.sliding_window_pattern", [](int layer) { return layer % 2 == 0; });
}

inline void gemma3n_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  gemma_keys(keys);
  gemma_windows(keys);
  every_second_layer_full(keys);
  keys.counts_of_layers("feed_forward_length", [&](int) { return options.ffn_width; });
  keys.number("final_logit_softcapping", 6);
  keys.count("altup.active_idx", 0);
  keys.count("altup.num_inputs", 4);
  keys.count("embedding_length_per_layer_input", options.head_size / 2);
  keys.numbers_of_layers("activation_sparsity_scale", [&](int layer) {
    return layer < options.layers / 2 ? 1.6448536f : -std::numeric_limits<float>::infinity();
  });
}

inline void gemma4_heads(ArchitectureKeys& keys) {
  const int head = keys.options().head_size;
  keys.count("attention.key_length", 2 * head);
  keys.count("attention.value_length", 2 * head);
  keys.count("attention.key_length_swa", head);
  keys.count("attention.value_length_swa", head);
  keys.count("rope.dimension_count", 2 * head);
  keys.count("rope.dimension_count_swa", head);
}

// The larger models have experts beside the dense part, and fewer key heads in layers without a window. The smaller
// ones have a wider dense part where keys are shared, and an input per layer.
inline void gemma4_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.llama_block();
  gemma_windows(keys);
  gemma4_heads(keys);
  every_second_layer_full(keys);
  keys.number("final_logit_softcapping", 6);
  if (options.has_experts) {
    keys.experts();
    keys.expert_width();
    keys.count("attention.shared_kv_layers", 0);
    keys.count("embedding_length_per_layer_input", 0);
    keys.counts_of_layers("attention.head_count_kv",
                          [&](int layer) { return layer % 2 == 0 ? keys.kv_heads_used() : 1; });
    return;
  }
  keys.count("embedding_length_per_layer_input", options.head_size / 2);
  const int first_sharing = options.layers - sharing_layers(options);
  keys.counts_of_layers("feed_forward_length",
                        [&](int layer) { return layer < first_sharing ? options.ffn_width : 2 * options.ffn_width; });
}

}  // namespace rocmforge::testing
