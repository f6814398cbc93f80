#include "convert/hugging_face/recurrent_keys.h"

#include <algorithm>

namespace rocmforge::convert {
namespace {

using RecurrentKeyWriter = SpecialKeys;

// Sets the number of key and value heads for each layer; 0 for a layer without attention.
void heads_where(const RecurrentKeyWriter& w, const std::vector<bool>& attends) {
  Layers heads;
  for (const bool does : attends) heads.push_back(does ? static_cast<std::int32_t>(w.sizes.kv_heads) : 0);
  w.keys.set_array(w.key("attention.head_count_kv"), heads);
}

}  // namespace

void mamba(const RecurrentKeyWriter& w) {
  const std::uint32_t inner = w.count({"intermediate_size", "d_inner"}, 2 * w.sizes.width);
  w.set_count("context_length", 1 << 20);
  w.set_count("feed_forward_length", 0);
  w.set_count("attention.head_count", 0);
  w.erase("attention.key_length");
  w.erase("attention.value_length");
  if (w.architecture == "mamba2") {
    w.set_count("ssm.inner_size", w.count({"expand"}, 2) * w.sizes.width);
    w.set_count("ssm.time_step_rank", w.count({"num_heads"}));
  } else {
    w.set_count("ssm.inner_size", inner);
    w.set_count("ssm.time_step_rank", w.count({"time_step_rank", "dt_rank"}, (w.sizes.width + 15) / 16));
    w.keys.set(w.key("ssm.dt_b_c_rms"), w.config.model_class() == "FalconMambaForCausalLM");
  }
}

void jamba(const RecurrentKeyWriter& w) {
  const std::uint32_t period = w.count({"attn_layer_period"}, 8), offset = w.count({"attn_layer_offset"}, 4);
  std::vector<bool> attends;
  for (std::uint32_t i = 0; i < w.sizes.layers; ++i) attends.push_back(i % std::max(period, 1u) == offset);
  heads_where(w, attends);
  w.set_count("ssm.inner_size", w.count({"mamba_expand"}, 2) * w.sizes.width);
  w.set_count("ssm.time_step_rank", w.count({"mamba_dt_rank"}, (w.sizes.width + 15) / 16));
}

void granite_hybrid(const RecurrentKeyWriter& w) {
  heads_where(w, w.layers_of_type("attention"));
  w.set_count("context_length", 1 << 20);
  w.set_count("ssm.inner_size", w.count({"mamba_expand"}, 2) * w.sizes.width);
  w.set_count("ssm.time_step_rank", w.count({"mamba_n_heads"}));
  w.keys.set(w.key("rope.scaling.finetuned"), w.config.text({"position_embedding_type"}).value_or("") == "rope");
}

void falcon_h1(const RecurrentKeyWriter& w) {
  w.set_count("ssm.inner_size", w.count({"mamba_d_ssm"}));
  w.set_count("ssm.time_step_rank", w.count({"mamba_n_heads"}));
}

// Nemotron H's pattern has one letter per layer: M for Mamba 2, * for attention, - or E for the feed-forward network.
void nemotron_h(const RecurrentKeyWriter& w) {
  std::vector<bool> attends, feeds;
  if (const auto pattern = w.config.text({"hybrid_override_pattern"})) {
    for (const char letter : *pattern) {
      attends.push_back(letter == '*');
      feeds.push_back(letter == '-' || letter == 'E');
    }
  } else {
    attends = w.layers_of_type("attention");
    const std::vector<bool> dense = w.layers_of_type("mlp"), experts = w.layers_of_type("moe");
    for (std::size_t i = 0; i < dense.size(); ++i) feeds.push_back(dense[i] || experts[i]);
  }
  heads_where(w, attends);
  const std::uint32_t width =
      w.architecture == "nemotron_h_moe" ? w.count({"moe_intermediate_size"}) : w.count({"intermediate_size"});
  Layers widths;
  for (const bool does : feeds) widths.push_back(does ? static_cast<std::int32_t>(width) : 0);
  w.keys.set_array(w.key("feed_forward_length"), widths);
  w.set_count("context_length", 1 << 20);
  w.set_count("ssm.inner_size", w.count({"mamba_num_heads"}) * w.count({"mamba_head_dim"}));
  w.set_count("ssm.time_step_rank", w.count({"mamba_num_heads"}));
  w.keys.set(w.key("rope.scaling.finetuned"), false);
}

void lfm2(const RecurrentKeyWriter& w) { heads_where(w, w.layers_of_type("full_attention")); }

}  // namespace rocmforge::convert
