// Writes the keys of DeepSeek and the other models with latent attention.
#pragma once

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

inline void deepseek_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.rope_dimensions();
  keys.no_rope_scaling();
  keys.experts();
  keys.expert_width();
  keys.one_dense_layer_first();
  keys.number("expert_weights_scale", 1.5f);
  keys.count("expert_shared_count", 2);
}

// Experts as in DeepSeek 3: in groups, selected by a sigmoid and a bias.
inline void grouped_experts(ArchitectureKeys& keys) {
  const int experts = keys.options().experts;
  keys.experts();
  keys.expert_groups(experts / 2, experts / 4);
  keys.sigmoid_gating();
  keys.one_dense_layer_first();
  keys.expert_width();
  keys.count("expert_shared_count", 2);
  keys.expert_weights(2.5f);
}

inline void latent_attention(ArchitectureKeys& keys, int rope_size) {
  const RandomModelOptions& options = keys.options();
  const int kv_rank = options.width / 2;
  keys.count("attention.kv_lora_rank", kv_rank);
  keys.count("attention.key_length", kv_rank + rope_size);
  keys.count("attention.key_length_mla", 2 * options.head_size + rope_size);
  keys.count("attention.value_length_mla", 2 * options.head_size);
  keys.count("rope.dimension_count", rope_size);
}

inline void deepseek3_keys(ArchitectureKeys& keys, int rope_size) {
  keys.sizes();
  keys.count("attention.head_count_kv", 1);
  keys.yarn(4);
  keys.number("rope.scaling.yarn_log_multiplier", 0.1f);
  keys.rope_base();
  keys.rms_epsilon();
  grouped_experts(keys);
  keys.count("attention.q_lora_rank", keys.options().width * 3 / 4);
  keys.count("attention.value_length", keys.options().width / 2);
  latent_attention(keys, rope_size);
}

inline void deepseek2_keys(ArchitectureKeys& keys) { deepseek3_keys(keys, keys.options().head_size); }

// The indexer's heads are twice as long as their rotated part. It selects fewer keys than the tests have tokens.
inline void deepseek32_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  const int rope_size = 4 * options.head_size;
  deepseek3_keys(keys, rope_size);
  keys.count("attention.indexer.head_count", options.heads);
  keys.count("attention.indexer.key_length", 2 * rope_size);
  keys.count("attention.indexer.top_k", options.window);
}

inline void kimi_linear_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.counts_of_layers("attention.head_count_kv", [](int layer) { return layer % 2; });
  keys.rms_epsilon();
  keys.experts();
  keys.expert_width();
  keys.count("expert_group_used_count", 1);
  keys.sigmoid_gating();
  keys.count("expert_shared_count", 1);
  keys.one_dense_layer_first();
  keys.number("expert_weights_scale", 2.446f);
  latent_attention(keys, keys.options().head_size);
  keys.count("attention.value_length", keys.options().head_size);
  keys.count("ssm.conv_kernel", 4);
  keys.count("kda.head_dim", keys.options().head_size);
}

// The length of its heads' values follows from the width.
inline void minicpm3_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.sizes();
  keys.as_many_kv_heads();
  keys.rms_epsilon();
  keys.count("attention.q_lora_rank", options.width * 3 / 4);
  keys.count("attention.kv_lora_rank", options.width / 2);
  keys.count("attention.key_length", 3 * options.head_size);
  keys.rope_dimensions();
  if (options.divisors == RopeDivisors::kLongAndShort) {
    keys.text("rope.scaling.type", "longrope");
    keys.count("rope.scaling.original_context_length", options.context / 4);
  }
}

}  // namespace rocmforge::testing
