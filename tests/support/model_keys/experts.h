// Writes the keys of mixture-of-experts models.
#pragma once

#include "support/model_keys/architecture_keys.h"
#include "support/model_keys/llama_family.h"

namespace rocmforge::testing {

inline void afmoe_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.rope_dimensions();
  keys.window();
  keys.experts();
  keys.expert_width();
  keys.count("expert_shared_count", 1);
  keys.one_dense_layer_first();
  keys.expert_weights(2.5f);
}

inline void bailingmoe2_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.half_rope_dimensions();
  keys.experts();
  keys.expert_groups(options.experts / 2, options.experts / 4);
  keys.sigmoid_gating();
  keys.one_dense_layer_first();
  keys.expert_width();
  keys.count("expert_shared_feed_forward_length", options.expert_width / 2);
  keys.count("expert_shared_count", 2);
  keys.expert_weights(2.5f);
  keys.no_layers_for_drafting();
}

inline void dbrx_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.kv_heads();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
  keys.rope_base();
  keys.number("attention.clamp_kqv", 1.5f);
  keys.experts();
}

inline void dots1_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.experts();
  keys.expert_groups(1, 1);
  keys.sigmoid_gating();
  keys.expert_width();
  keys.one_dense_layer_first();
  keys.count("expert_shared_count", 1);
  keys.expert_weights(2.5f);
}

inline void ernie4_5_moe_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.experts();
  keys.expert_width();
  keys.count("interleave_moe_layer_step", 1);
  keys.one_dense_layer_first();
  keys.count("expert_shared_count", 1);
  keys.count("expert_shared_feed_forward_length", keys.options().expert_width);
}

inline void exaone_moe_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.no_rope_scaling();
  keys.window();
  keys.flags_of_layers("attention.sliding_window_pattern", [](int layer) { return layer % 4 < 3; });
  keys.experts();
  keys.expert_groups(1, 1);
  keys.sigmoid_gating();
  keys.expert_width();
  keys.count("expert_shared_count", 1);
  keys.count("expert_shared_feed_forward_length", keys.options().expert_width);
  keys.expert_weights(2.5f);
  keys.one_dense_layer_first();
  keys.no_layers_for_drafting();
}

inline void glm4moe_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.half_rope_dimensions();
  keys.experts();
  keys.expert_groups(options.experts / 2, options.experts / 4);
  keys.sigmoid_gating();
  keys.expert_width();
  keys.count("expert_shared_count", 1);
  keys.one_dense_layer_first();
  keys.expert_weights(1.5f);
  keys.no_layers_for_drafting();
}

inline void gpt_oss_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.yarn(32);
  keys.number("rope.freq_base", 150000);
  keys.experts();
  keys.expert_width();
  keys.window();
}

inline void granitemoe_keys(ArchitectureKeys& keys) {
  granite_keys(keys);
  keys.experts();
}

inline void hunyuan_moe_keys(ArchitectureKeys& keys) {
  hunyuan_dense_keys(keys);
  keys.experts();
  keys.expert_width();
  keys.count("expert_shared_count", 1);
  keys.count("expert_shared_feed_forward_length", keys.options().expert_width);
}

inline void hy_v3_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.experts();
  keys.expert_width();
  keys.count("expert_shared_feed_forward_length", keys.options().expert_width);
  keys.sigmoid_gating();
  keys.expert_weights(2.5f);
}

// Experts in every second layer, as in the larger of the released models.
inline void llama4_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.rope_dimensions();
  keys.experts();
  keys.expert_width();
  keys.count("interleave_moe_layer_step", 2);
}

// Layers with a window have as many key heads as query heads.
inline void mimo2_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  const auto is_windowed = [](int layer) { return layer % 3 != 0; };
  keys.sizes();
  keys.rms_epsilon();
  keys.counts_of_layers("attention.head_count_kv",
                        [&](int layer) { return is_windowed(layer) ? options.heads : keys.kv_heads_used(); });
  keys.number("rope.freq_base", 5e6f);
  keys.number("rope.freq_base_swa", 10000);
  keys.count("attention.key_length", 2 * options.head_size);
  keys.count("attention.value_length", options.head_size);
  keys.rope_dimensions();  // half of a key
  keys.window();
  keys.counts_of_layers("attention.sliding_window_pattern", is_windowed);
  keys.number("attention.value_scale", 0.707f);
  keys.experts();
  keys.expert_groups(1, 1);
  keys.sigmoid_gating();
  keys.expert_width();
  keys.no_layers_for_drafting();
}

inline void minimax_m2_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.number("rope.freq_base", 5e6f);
  keys.half_rope_dimensions();
  keys.experts();
  keys.sigmoid_gating();
  keys.expert_width();
}

inline void olmoe_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.experts();
}

inline void smallthinker_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.window();
  keys.experts();
  keys.expert_width();
  keys.sigmoid_gating();
}

}  // namespace rocmforge::testing
