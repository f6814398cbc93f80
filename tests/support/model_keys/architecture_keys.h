// Defines the options of a random model and the means to write its metadata.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata_builder.h"
#include "quant/formats.h"

namespace rocmforge::testing {

enum class RopeDivisors { kNone, kOne, kLongAndShort };  // rope_freqs, or rope_factors_long and _short

struct RandomModelOptions {
  std::string architecture = "llama";
  int width = 32;
  int layers = 2;
  int heads = 4;
  int kv_heads = 2;  // 0 means as many as heads, without a key
  int head_size = 8;
  int ffn_width = 64;
  int experts = 4;
  int experts_used = 2;
  int expert_width = 32;
  int vocabulary = 40;
  int context = 64;
  int window = 8;
  quant::FormatId format = quant::FormatId::kF32;  // of matrices whose rows are whole blocks
  bool has_experts = false;                        // if the architecture leaves the choice
  bool has_own_output = true;                      // if the architecture leaves the choice
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
  void global_numbers(std::string_view name, const std::vector<float>& values) { keys_.set_array(name, values); }

  // ---- Arrays; `of` maps a layer to its value ----

  void counts(std::string_view name, const std::vector<std::int32_t>& values) { keys_.set_array(full(name), values); }
  template <typename Of>
  void counts_of_layers(std::string_view name, Of of) {
    counts(name, of_layers<std::int32_t>(of));
  }
  template <typename Of>
  void flags_of_layers(std::string_view name, Of of) {
    keys_.set_array(full(name), of_layers<bool>(of));
  }
  template <typename Of>
  void numbers_of_layers(std::string_view name, Of of) {
    keys_.set_array(full(name), of_layers<float>(of));
  }
  template <typename T, typename Of>
  std::vector<T> of_layers(Of of) const {
    std::vector<T> values;
    for (int layer = 0; layer < options_.layers; ++layer) values.push_back(static_cast<T>(of(layer)));
    return values;
  }

  // ---- Keys that several architectures share ----

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
  // Writes the key even though every head has its own keys, as some converters do.
  void as_many_kv_heads() { count("attention.head_count_kv", options_.heads); }
  int kv_heads_used() const { return options_.kv_heads > 0 ? options_.kv_heads : options_.heads; }
  // Sets the layers with attention; the other layers are recurrent.
  template <typename IsAttention>
  void attention_on(IsAttention is_attention) {
    counts_of_layers("attention.head_count_kv", [&](int layer) { return is_attention(layer) ? kv_heads_used() : 0; });
  }
  // Recurrent layers and layers with attention alternate.
  void attention_on_odd_layers() {
    attention_on([](int layer) { return layer % 2 == 1; });
  }
  void head_sizes() {
    count("attention.key_length", options_.head_size);
    count("attention.value_length", options_.head_size);
  }
  // Converters omit the head size if it follows from the width.
  void head_sizes_if_needed() {
    if (options_.head_size * options_.heads != options_.width) head_sizes();
  }
  void rms_epsilon() { number("attention.layer_norm_rms_epsilon", 1e-5f); }
  void layer_epsilon() { number("attention.layer_norm_epsilon", 1e-5f); }
  void rope_base() { number("rope.freq_base", 10000); }
  void rope_dimensions() { count("rope.dimension_count", options_.head_size); }
  void half_rope_dimensions() { count("rope.dimension_count", options_.head_size / 2); }
  void no_rope_scaling() { text("rope.scaling.type", "none"); }
  void window() { count("attention.sliding_window", options_.window); }
  void experts() {
    count("expert_count", options_.experts);
    count("expert_used_count", options_.experts_used);
  }
  void expert_width() { count("expert_feed_forward_length", options_.expert_width); }
  void sigmoid_gating() { count("expert_gating_func", 2); }
  void expert_groups(int groups, int used) {
    count("expert_group_count", groups);
    count("expert_group_used_count", used);
  }
  void expert_weights(float scale) {
    flag("expert_weights_norm", true);
    number("expert_weights_scale", scale);
  }
  void one_dense_layer_first() { count("leading_dense_block_count", 1); }
  void no_layers_for_drafting() { count("nextn_predict_layers", 0); }
  // Writes the keys of a recurrent layer; architectures differ in the state's size and the kinds of heads.
  void state(int inner, int size, int time_step_rank) {
    count("ssm.conv_kernel", 4);
    count("ssm.inner_size", inner);
    count("ssm.state_size", size);
    count("ssm.time_step_rank", time_step_rank);
  }
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

}  // namespace rocmforge::testing
