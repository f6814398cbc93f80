// Writes the keys of the Qwen models.
#pragma once

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

inline void qwen_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.as_many_kv_heads();
  keys.head_sizes_if_needed();
  keys.rms_epsilon();
  keys.layer_epsilon();
  keys.rope_base();
}

inline void qwen2_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  if (keys.options().has_yarn) keys.yarn(4);
}

inline void qwen2moe_keys(ArchitectureKeys& keys) {
  qwen2_keys(keys);
  keys.experts();
  keys.expert_width();
  keys.count("expert_shared_feed_forward_length", 2 * keys.options().expert_width);
}

inline void qwen3_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
}

inline void qwen3moe_keys(ArchitectureKeys& keys) {
  qwen3_keys(keys);
  keys.experts();
  keys.expert_width();
}

// Divides the rotated pairs into those that use time, height and width as their position.
inline void rope_sections(ArchitectureKeys& keys, int pairs) {
  const int third = pairs / 3;
  keys.counts("rope.dimension_sections", {pairs - 2 * third, third, third, 0});
}

inline void qwen3vl_keys(ArchitectureKeys& keys) {
  qwen3_keys(keys);
  rope_sections(keys, keys.options().head_size / 2);
  keys.count("n_deepstack_layers", 1);
}

inline void qwen3vlmoe_keys(ArchitectureKeys& keys) {
  qwen3moe_keys(keys);
  rope_sections(keys, keys.options().head_size / 2);
  keys.count("n_deepstack_layers", 1);
}

// Every second layer has attention; in the others each key head serves two value heads.
inline void delta_net(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  const int key_heads = 2;
  const int value_heads = 2 * key_heads;
  keys.state(value_heads * options.head_size, options.head_size, value_heads);
  keys.count("ssm.group_count", key_heads);
  keys.count("full_attention_interval", 2);
  keys.half_rope_dimensions();
}

inline void shared_expert(ArchitectureKeys& keys) {
  keys.experts();
  keys.expert_width();
  keys.count("expert_shared_feed_forward_length", keys.options().expert_width / 2);
}

inline void qwen3next_keys(ArchitectureKeys& keys) {
  qwen3_keys(keys);
  shared_expert(keys);
  delta_net(keys);
}

inline void qwen35_keys(ArchitectureKeys& keys) {
  qwen3_keys(keys);
  rope_sections(keys, keys.options().head_size / 4);
  delta_net(keys);
}

// The only one without the width of a dense part.
inline void qwen35moe_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.count("context_length", options.context);
  keys.count("embedding_length", options.width);
  keys.count("block_count", options.layers);
  keys.count("attention.head_count", options.heads);
  keys.kv_heads();
  keys.rms_epsilon();
  keys.head_sizes();
  keys.rope_base();
  rope_sections(keys, options.head_size / 4);
  shared_expert(keys);
  delta_net(keys);
}

}  // namespace rocmforge::testing
