// The metadata that converters write for each architecture, with numbers of a test's choice.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "gguf/metadata_builder.h"
#include "quant/formats.h"

namespace rocmforge::testing {

enum class RopeDivisors { kNone, kOne, kLongAndShort };  // rope_freqs, or rope_factors_long and _short

struct RandomModelOptions {
  std::string architecture = "llama";
  int width = 32;
  int layers = 2;
  int heads = 4;
  int kv_heads = 2;  // 0: as many as heads, and no key for it
  int head_size = 8;
  int ffn_width = 64;
  int experts = 4;
  int experts_used = 2;
  int expert_width = 32;
  int vocabulary = 40;
  int context = 64;
  int window = 8;
  quant::FormatId format = quant::FormatId::kF32;  // of matrices whose rows its blocks divide
  bool has_experts = false;                        // where the architecture leaves the choice
  bool has_own_output = true;                      // likewise
  bool has_optional_tensors = true;                // biases, token types
  bool has_yarn = false;
  RopeDivisors divisors = RopeDivisors::kNone;
  std::uint32_t seed = 1;
};

// Sets keys below the architecture's name.
class ArchitectureKeys {
 public:
  ArchitectureKeys(gguf::MetadataBuilder& keys, const RandomModelOptions& options) : keys_(keys), options_(options) {}

  const RandomModelOptions& options() const { return options_; }

  void count(std::string_view name, int value) { keys_.set(full(name), static_cast<std::uint32_t>(value)); }
  void number(std::string_view name, float value) { keys_.set(full(name), value); }
  void flag(std::string_view name, bool value) { keys_.set(full(name), value); }
  void text(std::string_view name, std::string_view value) { keys_.set(full(name), value); }
  void global_count(std::string_view name, int value) { keys_.set(name, static_cast<std::uint32_t>(value)); }

  // ---- What several architectures have in common ----

  void sizes() {
    count("context_length", options_.context);
    count("embedding_length", options_.width);
    count("block_count", options_.layers);
    count("feed_forward_length", options_.ffn_width);
    count("attention.head_count", options_.heads);
  }
  void kv_heads() {
    if (options_.kv_heads > 0) count("attention.head_count_kv", options_.kv_heads);
  }
  void head_sizes() {
    count("attention.key_length", options_.head_size);
    count("attention.value_length", options_.head_size);
  }
  // Where converters leave it to the width, unless it is another.
  void head_sizes_if_needed() {
    if (options_.head_size * options_.heads != options_.width) head_sizes();
  }
  void rms_epsilon() { number("attention.layer_norm_rms_epsilon", 1e-5f); }
  void layer_epsilon() { number("attention.layer_norm_epsilon", 1e-5f); }
  void rope_base() { number("rope.freq_base", 10000); }
  void rope_dimensions() { count("rope.dimension_count", options_.head_size); }
  void experts() {
    count("expert_count", options_.experts);
    count("expert_used_count", options_.experts_used);
  }
  void expert_width() { count("expert_feed_forward_length", options_.expert_width); }
  void yarn(float factor) {
    text("rope.scaling.type", "yarn");
    number("rope.scaling.factor", factor);
    count("rope.scaling.original_context_length", options_.context / 4);
    number("rope.scaling.yarn_beta_fast", 32);
    number("rope.scaling.yarn_beta_slow", 1);
  }
  void llama_block() {
    sizes();
    kv_heads();
    rms_epsilon();
  }

 private:
  std::string full(std::string_view name) const { return options_.architecture + "." + std::string(name); }

  gguf::MetadataBuilder& keys_;
  const RandomModelOptions& options_;
};

// ---- One function an architecture ----

inline void bert_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
  keys.flag("attention.causal", false);
  if (keys.options().has_optional_tensors) keys.global_count("tokenizer.ggml.token_type_count", 2);
}

// As DeepSeek 3 is: experts in groups, chosen by a sigmoid and a bias.
inline void deepseek2_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  const int kv_rank = options.width / 2;
  const int head = 3 * options.head_size;  // a third of it rotated
  keys.sizes();
  keys.count("attention.head_count_kv", 1);
  keys.yarn(4);
  keys.rope_base();
  keys.rms_epsilon();
  keys.experts();
  keys.count("expert_group_count", options.experts / 2);
  keys.count("expert_group_used_count", options.experts / 4);
  keys.count("expert_gating_func", 2);
  keys.count("attention.key_length", kv_rank + options.head_size);
  keys.count("attention.value_length", kv_rank);
  keys.count("leading_dense_block_count", 1);
  keys.count("attention.q_lora_rank", options.width * 3 / 4);
  keys.count("attention.kv_lora_rank", kv_rank);
  keys.count("attention.key_length_mla", head);
  keys.count("attention.value_length_mla", 2 * options.head_size);
  keys.expert_width();
  keys.count("expert_shared_count", 2);
  keys.number("expert_weights_scale", 2.5f);
  keys.flag("expert_weights_norm", true);
  keys.rope_dimensions();
  keys.number("rope.scaling.yarn_log_multiplier", 0.1f);
}

inline void gemma_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
}

inline void gemma2_keys(ArchitectureKeys& keys) {
  gemma_keys(keys);
  keys.number("attn_logit_softcapping", 3);
  keys.number("final_logit_softcapping", 6);
  keys.count("attention.sliding_window", keys.options().window);
}

inline void gemma3_keys(ArchitectureKeys& keys) {
  gemma_keys(keys);
  keys.text("rope.scaling.type", "linear");
  keys.number("rope.scaling.factor", 8);
  keys.number("rope.freq_base", 1e6f);
  keys.number("rope.freq_base_swa", 10000);
  keys.count("attention.sliding_window", keys.options().window);
}

inline void gpt_oss_keys(ArchitectureKeys& keys) {
  keys.llama_block();
  keys.head_sizes();
  keys.yarn(32);
  keys.number("rope.freq_base", 150000);
  keys.experts();
  keys.expert_width();
  keys.count("attention.sliding_window", keys.options().window);
}

inline void gpt2_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
}

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

inline void mamba2_keys(ArchitectureKeys& keys) {
  const RandomModelOptions& options = keys.options();
  const int inner = 2 * options.width;
  keys.count("context_length", options.context);
  keys.count("embedding_length", options.width);
  keys.count("feed_forward_length", 0);
  keys.count("attention.head_count", 0);
  keys.count("block_count", options.layers);
  keys.count("ssm.conv_kernel", 4);
  keys.count("ssm.inner_size", inner);
  keys.count("ssm.state_size", 2 * options.head_size);
  keys.count("ssm.time_step_rank", inner / options.head_size);
  keys.count("ssm.group_count", 2);
  keys.rms_epsilon();
}

inline void phi2_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.kv_heads();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
  keys.count("rope.dimension_count", keys.options().head_size / 2);
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

inline void starcoder2_keys(ArchitectureKeys& keys) {
  keys.sizes();
  keys.kv_heads();
  keys.head_sizes_if_needed();
  keys.layer_epsilon();
  keys.rope_base();
}

struct KeyWriter {
  std::string_view architecture;
  void (*write)(ArchitectureKeys& keys);
};

inline constexpr std::array kKeyWriters = {
    KeyWriter{"bert", bert_keys},         KeyWriter{"deepseek2", deepseek2_keys},
    KeyWriter{"gemma", gemma_keys},       KeyWriter{"gemma2", gemma2_keys},
    KeyWriter{"gemma3", gemma3_keys},     KeyWriter{"gpt-oss", gpt_oss_keys},
    KeyWriter{"gpt2", gpt2_keys},         KeyWriter{"llama", llama_keys},
    KeyWriter{"mamba2", mamba2_keys},     KeyWriter{"phi2", phi2_keys},
    KeyWriter{"phi3", phi3_keys},         KeyWriter{"qwen2", qwen2_keys},
    KeyWriter{"qwen2moe", qwen2moe_keys}, KeyWriter{"qwen3", qwen3_keys},
    KeyWriter{"qwen3moe", qwen3moe_keys}, KeyWriter{"starcoder2", starcoder2_keys},
};

inline gguf::MetadataBuilder random_model_keys(const RandomModelOptions& options) {
  const auto writer = std::ranges::find(kKeyWriters, options.architecture, &KeyWriter::architecture);
  if (writer == kKeyWriters.end()) {
    throw error(ErrorCode::kUnsupported, "tests/support/random_model_keys.h has no entry for '{}'",
                options.architecture);
  }
  gguf::MetadataBuilder keys;
  keys.set("general.architecture", options.architecture);
  keys.set("general.type", "model");
  keys.set("general.name", "random");
  ArchitectureKeys of_architecture(keys, options);
  writer->write(of_architecture);
  keys.set("general.file_type", std::uint32_t{0});
  keys.set("general.quantization_version", std::uint32_t{2});
  of_architecture.count("vocab_size", options.vocabulary);
  keys.set("tokenizer.ggml.model", "none");
  return keys;
}

}  // namespace rocmforge::testing
