// Writes the keys of the models with layer norms that followed GPT-2, and of Phi.
#pragma once

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

inline void gpt2_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
}

inline void bloom_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.as_many_kv_heads();
}

inline void falcon_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.kv_heads();
  keys.text("tensor_data_layout", "jploski");
}

inline void gptneox_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.half_rope_dimensions();
  keys.flag("use_parallel_residual", true);
}

inline void mpt_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.number("attention.max_alibi_bias", 8);
  keys.number("attention.clamp_kqv", 1.5f);
}

inline void nemotron_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.layer_epsilon();
  keys.head_sizes();
  keys.rope_base();
  keys.half_rope_dimensions();
  keys.no_rope_scaling();
}

inline void phi2_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.kv_heads();
  keys.half_rope_dimensions();
}

inline void phi3_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes_if_needed();
  keys.rope_base();
  keys.rope_dimensions();
  keys.count("attention.sliding_window", 0);
  keys.count("rope.scaling.original_context_length", keys.options().context / 4);
  if (keys.options().divisors == RopeDivisors::kLongAndShort) keys.number("rope.scaling.attn_factor", 1.4142135f);
}

// All query heads share one key head.
inline void starcoder_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.count("attention.head_count_kv", 1);
}

inline void starcoder2_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.kv_heads();
  keys.rope_base();
}

// The norm before the feed-forward part is optional. Without it, a layer computes both parts from one norm.
inline void stablelm_keys(ArchitectureKeys& keys) {
  gpt2_keys(keys);
  keys.kv_heads();
  keys.half_rope_dimensions();
  keys.flag("use_parallel_residual", !keys.options().has_optional_tensors);
}

}  // namespace rocmforge::testing
