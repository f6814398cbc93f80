// Writes the keys of models with recurrent states instead of attention, in all layers or in some.
#pragma once

#include "support/model_keys/architecture_keys.h"
#include "support/model_keys/llama_family.h"

namespace rocmforge::testing {

// Sizes without heads, and without a feed-forward part unless one is set later.
inline void recurrent_sizes(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.count("context_length", options.context);
  keys.count("embedding_length", options.width);
  keys.count("feed_forward_length", 0);
  keys.count("attention.head_count", 0);
  keys.count("block_count", options.layers);
}

// Mamba: one step size per channel, computed from a few numbers.
inline void mamba_state(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.state(2 * options.width, options.head_size, options.width / 8);
}

// Mamba 2: one step size per head; two groups of heads share the inputs and outputs of the state.
inline void mamba2_state(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  const int inner = 2 * options.width;
  keys.state(inner, 2 * options.head_size, inner / options.head_size);
  keys.count("ssm.group_count", 2);
}

// With optional tensors this is Falcon's Mamba, which normalizes the inputs of the step sizes.
inline void mamba_keys(ArchitectureKeys& keys) {
  recurrent_sizes(keys);
  mamba_state(keys);
  keys.rms_epsilon();
  keys.flag("ssm.dt_b_c_rms", keys.options().has_optional_tensors);
}

inline void mamba2_keys(ArchitectureKeys& keys) {
  recurrent_sizes(keys);
  mamba2_state(keys);
  keys.rms_epsilon();
}

inline void falcon_h1_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  mamba2_state(keys);
}

inline void granitehybrid_keys(ArchitectureKeys& keys) {
  granite_keys(keys);
  keys.attention_on_odd_layers();
  keys.flag("rope.scaling.finetuned", false);
  mamba2_state(keys);
  keys.experts();
  keys.count("expert_shared_feed_forward_length", 2 * keys.options().expert_width);
}

inline void jamba_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.attention_on_odd_layers();
  mamba_state(keys);
  keys.experts();
}

inline void lfm2_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.attention_on_odd_layers();
  keys.rope_base();
  keys.count("shortconv.l_cache", 3);
}

inline void lfm2moe_keys(ArchitectureKeys& keys) {
  lfm2_keys(keys);
  keys.experts();
  keys.expert_width();
  keys.one_dense_layer_first();
  keys.sigmoid_gating();
}

// Each layer has only one part: a state, attention, or a feed-forward part, in turn.
inline void nemotron_h_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  keys.llama_block();
  keys.layer_epsilon();
  keys.head_sizes();
  keys.attention_on([](int layer) { return layer % 3 == 1; });
  keys.counts_of_layers("feed_forward_length", [&](int layer) { return layer % 3 == 2 ? options.ffn_width : 0; });
  keys.count("rope.dimension_count", options.width / options.heads);
  keys.flag("rope.scaling.finetuned", false);
  mamba2_state(keys);
}

inline void nemotron_h_moe_keys(ArchitectureKeys& keys) {
  nemotron_h_keys(keys);
  keys.experts();
  keys.expert_groups(1, 1);
  keys.expert_width();
  keys.count("expert_shared_feed_forward_length", 2 * keys.options().expert_width);
  keys.count("expert_shared_count", 1);
  keys.expert_weights(2.5f);
  if (keys.options().has_optional_tensors) keys.count("moe_latent_size", keys.options().width / 2);
}

// Files store the number of heads as the time step's rank, and zero groups.
inline void plamo2_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  const int inner = 2 * options.width;
  keys.llama_block();
  keys.head_sizes();
  keys.attention_on_odd_layers();
  keys.rope_base();
  keys.state(inner, 2 * options.head_size, inner / options.head_size);
  keys.count("ssm.group_count", 0);
}

inline void rwkv_sizes(ArchitectureKeys& keys) {
  recurrent_sizes(keys);
  keys.count("feed_forward_length", keys.options().ffn_width);
  keys.layer_epsilon();
  keys.count("wkv.head_size", keys.options().head_size);
}

inline void rwkv6_keys(ArchitectureKeys& keys) {
  rwkv_sizes(keys);
  keys.count("rescale_every_n_layers", 2);
  keys.count("time_mix_extra_dim", keys.options().head_size / 2);
  keys.count("time_decay_extra_dim", keys.options().head_size);
}

inline void rwkv7_keys(ArchitectureKeys& keys) {
  const int head = keys.options().head_size;
  rwkv_sizes(keys);
  keys.count("attention.decay_lora_rank", head);
  keys.count("attention.iclr_lora_rank", head - 2);
  keys.count("attention.value_residual_mix_lora_rank", head / 2);
  keys.count("attention.gate_lora_rank", 2 * head);
}

}  // namespace rocmforge::testing
