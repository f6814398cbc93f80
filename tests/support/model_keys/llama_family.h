// Writes the keys of models that are Llama with a few changes.
#pragma once

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

inline void llama_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.rope_dimensions();
  if (keys.options().has_yarn) keys.yarn(4);
  if (keys.options().divisors == RopeDivisors::kLongAndShort) {
    keys.count("rope.scaling.original_context_length", keys.options().context / 4);
  }
  if (keys.options().has_experts) keys.experts();
}

inline void apertus_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.rope_dimensions();
  keys.global_numbers("xielu.alpha_n", keys.of_layers<float>([](int layer) { return -0.6 + 0.4 * layer; }));
  keys.global_numbers("xielu.alpha_p", keys.of_layers<float>([](int layer) { return 0.3 - 0.4 * layer; }));
  keys.global_numbers("xielu.beta", keys.of_layers<float>([](int) { return 0.5; }));
  keys.global_numbers("xielu.eps", keys.of_layers<float>([](int) { return -1e-6; }));
}

inline void arcee_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.rope_dimensions();
}

inline void baichuan_keys(ArchitectureKeys& keys) {
  keys.text("tensor_data_layout", "Meta AI original pth");
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_dimensions();
}

inline void chatglm_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.half_rope_dimensions();
}

inline void cohere_block(ArchitectureKeys& keys) {
  keys.sizes();
  keys.kv_heads();
  keys.layer_epsilon();
  keys.rope_base();
  keys.no_rope_scaling();
  keys.number("logit_scale", 0.5f);
}

inline void command_r_keys(ArchitectureKeys& keys) {
  cohere_block(keys);
  keys.head_sizes_if_needed();
}

inline void cohere2_keys(ArchitectureKeys& keys) {
  cohere_block(keys);
  keys.head_sizes();
  keys.rope_dimensions();
  keys.window();
}

inline void ernie4_5_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
}

inline void exaone_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.layer_epsilon();
  keys.head_sizes();
  keys.rope_base();
  keys.rope_dimensions();
}

// Like the smaller models; those with 64 layers have windows.
inline void exaone4_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
}

inline void glm4_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
  keys.half_rope_dimensions();
}

inline void granite_scales(ArchitectureKeys& keys) {
  keys.number("attention.scale", 0.5f);
  keys.number("embedding_scale", 6);
  keys.number("residual_scale", 0.4f);
  keys.number("logit_scale", 2);
}

inline void granite_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.rope_dimensions();
  granite_scales(keys);
}

inline void hunyuan_dense_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
}

inline void internlm2_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
}

inline void jais2_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.as_many_kv_heads();
  keys.layer_epsilon();
  keys.head_sizes();
  keys.rope_base();
  keys.rope_dimensions();
}

inline void minicpm_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.number("embedding_scale", 5);
  keys.number("residual_scale", 0.7f);
  keys.number("logit_scale", 2);
  if (keys.options().divisors == RopeDivisors::kLongAndShort) {
    keys.text("rope.scaling.type", "longrope");
    keys.count("rope.scaling.original_context_length", keys.options().context / 4);
  }
  if (keys.options().has_experts) keys.experts();
}

inline void mistral3_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.yarn(8);
  keys.number("rope.freq_base", 1e6f);
  keys.rope_dimensions();
  keys.number("rope.scaling.yarn_log_multiplier", 1);
  keys.number("attention.temperature_scale", 0.1f);
  if (keys.options().has_experts) keys.experts();
}

inline void olmo_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.kv_heads();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
  keys.rope_base();
  keys.number("attention.clamp_kqv", 1.5f);
}

// OLMo 2; with windows it is OLMo 3.
inline void olmo2_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  if (keys.options().window == 0) return;
  keys.number("rope.freq_base_swa", 10000);
  keys.window();
  keys.flags_of_layers("attention.sliding_window_pattern", [](int layer) { return layer % 4 < 3; });
}

inline void orion_keys(ArchitectureKeys& keys) {
  keys.text("tensor_data_layout", "Meta AI original pth");
  keys.sizes();
  keys.kv_heads();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
}

inline void seed_oss_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.rope_base();
}

inline void smollm3_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.rope_dimensions();
}

}  // namespace rocmforge::testing
