#include "convert/hugging_face/special_keys.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "convert/hugging_face/rope_settings.h"

namespace rocmforge::convert {
namespace {

using Layers = std::vector<std::int32_t>;

struct Writer : SpecialKeys {
  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture, name); }
  void set_count(std::string_view name, std::uint32_t value) const { keys.set(key(name), value); }
  void set_number(std::string_view name, float value) const { keys.set(key(name), value); }
  void erase(std::string_view name) const { keys.erase(key(name)); }
  std::uint32_t count(Config::Names names, std::uint32_t otherwise = 0) const {
    return config.count(names).value_or(otherwise);
  }

  // One entry a layer: whether its type is `type`.
  std::vector<bool> layers_of_type(std::string_view type) const {
    std::vector<bool> layers;
    for (const std::string& layer :
         config.texts({"layer_types", "layers_block_type"}).value_or(std::vector<std::string>())) {
      layers.push_back(layer == type);
    }
    return layers;
  }
};

void latent_attention(const Writer& w) {
  const std::uint32_t rope = w.count({"qk_rope_head_dim"}), nope = w.count({"qk_nope_head_dim"});
  const std::uint32_t value = w.count({"v_head_dim"});
  w.set_count("attention.head_count_kv", 1);
  w.set_count("attention.key_length", nope + rope);
  w.set_count("attention.value_length", value);
  w.set_count("attention.key_length_mla", nope + rope);
  w.set_count("attention.value_length_mla", value);
}

void minicpm3(const Writer& w) {
  w.set_count("attention.key_length", w.count({"qk_rope_head_dim"}) + w.count({"qk_nope_head_dim"}));
  w.erase("attention.value_length");
}

void minicpm(const Writer& w) {
  const float depth = w.config.number({"scale_depth"}).value_or(1.4f);
  w.set_number("residual_scale", depth / std::sqrt(static_cast<float>(w.sizes.layers)));
  const std::uint32_t base = w.count({"dim_model_base"}, w.sizes.width);
  w.set_number("logit_scale", static_cast<float>(w.sizes.width) / static_cast<float>(std::max(base, 1u)));
}

// Phi 3: the context that the short factors are for, and what queries are scaled with beyond it.
void phi3(const Writer& w) {
  const RopeSettings rope(w.config);
  const float longest = static_cast<float>(w.count({"max_position_embeddings"}));
  const float old = rope.number("original_max_position_embeddings").value_or(longest);
  w.set_count("rope.scaling.original_context_length", static_cast<std::uint32_t>(old));
  if (!w.config.has("sliding_window")) w.set_count("attention.sliding_window", 0);
  const std::string type = rope.type();
  const float scale = old > 0 ? longest / old : 1;
  if (type == "longrope" || type == "su") {
    w.set_number("rope.scaling.attn_factor", scale <= 1 ? 1 : std::sqrt(1 + std::log(scale) / std::log(old)));
  } else if (type == "yarn") {
    w.set_number("rope.scaling.attn_factor", scale <= 1 ? 1 : 0.1f * std::log(scale) + 1);
  }
}

void deepseek(const Writer& w) {
  w.set_number("expert_weights_scale", w.config.number({"routed_scaling_factor"}).value_or(1));
}

void delta_net(const Writer& w) {
  w.set_count("ssm.inner_size", w.count({"linear_value_head_dim"}) * w.count({"linear_num_value_heads"}));
  w.set_count("full_attention_interval", w.count({"full_attention_interval"}, 4));
}

void multimodal_rope(const Writer& w) {
  Layers sections = w.config.counts({"rope_parameters.mrope_section", "rope_scaling.mrope_section"}).value_or(Layers());
  if (sections.empty()) return;
  sections.resize(4);
  w.keys.set_array(w.key("rope.dimension_sections"), sections);
}

void qwen35(const Writer& w) {
  delta_net(w);
  multimodal_rope(w);
}

void qwen3vl(const Writer& w) {
  multimodal_rope(w);
  const auto layers = w.config.counts({"vision_config.deepstack_visual_indexes"});
  w.set_count("n_deepstack_layers", layers ? static_cast<std::uint32_t>(layers->size()) : 0);
}

void feed_forward_of_four(const Writer& w) {
  if (!w.config.has("n_inner") && !w.config.has("ffn_hidden_size"))
    w.set_count("feed_forward_length", 4 * w.sizes.width);
}

void falcon(const Writer& w) {
  w.set_count("context_length", 2048);
  w.keys.set(w.key("tensor_data_layout"), "jploski");
  feed_forward_of_four(w);
}

void mpt(const Writer& w) {
  w.set_count("feed_forward_length", w.count({"expansion_ratio"}, 4) * w.sizes.width);
  if (w.config.has("attn_config.kv_n_heads")) w.set_count("attention.head_count_kv", w.sizes.kv_heads);
  if (w.config.flag({"attn_config.alibi"}).value_or(true)) {
    w.set_number("attention.max_alibi_bias", w.config.number({"attn_config.alibi_bias_max"}).value_or(8));
  }
}

void mamba(const Writer& w) {
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

// One number of key and value heads a layer, 0 where a layer does not attend.
void heads_where(const Writer& w, const std::vector<bool>& attends) {
  Layers heads;
  for (const bool does : attends) heads.push_back(does ? static_cast<std::int32_t>(w.sizes.kv_heads) : 0);
  w.keys.set_array(w.key("attention.head_count_kv"), heads);
}

void jamba(const Writer& w) {
  const std::uint32_t period = w.count({"attn_layer_period"}, 8), offset = w.count({"attn_layer_offset"}, 4);
  std::vector<bool> attends;
  for (std::uint32_t i = 0; i < w.sizes.layers; ++i) attends.push_back(i % std::max(period, 1u) == offset);
  heads_where(w, attends);
  w.set_count("ssm.inner_size", w.count({"mamba_expand"}, 2) * w.sizes.width);
  w.set_count("ssm.time_step_rank", w.count({"mamba_dt_rank"}, (w.sizes.width + 15) / 16));
}

void granite_hybrid(const Writer& w) {
  heads_where(w, w.layers_of_type("attention"));
  w.set_count("context_length", 1 << 20);
  w.set_count("ssm.inner_size", w.count({"mamba_expand"}, 2) * w.sizes.width);
  w.set_count("ssm.time_step_rank", w.count({"mamba_n_heads"}));
  w.keys.set(w.key("rope.scaling.finetuned"), w.config.text({"position_embedding_type"}).value_or("") == "rope");
}

void falcon_h1(const Writer& w) {
  w.set_count("ssm.inner_size", w.count({"mamba_d_ssm"}));
  w.set_count("ssm.time_step_rank", w.count({"mamba_n_heads"}));
}

// Nemotron H: a letter a layer, M for Mamba 2, * for attention, - or E for the feed-forward network.
void nemotron_h(const Writer& w) {
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

void lfm2(const Writer& w) { heads_where(w, w.layers_of_type("full_attention")); }

void window_pattern(const Writer& w) {
  const std::vector<bool> windowed = w.layers_of_type("sliding_attention");
  if (std::ranges::find(windowed, true) == windowed.end()) return;
  w.keys.set_array(w.key("attention.sliding_window_pattern"), windowed);
}

void olmo2(const Writer& w) {
  const std::vector<bool> windowed = w.layers_of_type("sliding_attention");
  const auto window = w.config.count({"sliding_window"});
  if (!window || std::ranges::find(windowed, true) == windowed.end()) return;
  w.set_count("attention.sliding_window", *window);
  window_pattern(w);
  if (const auto base = RopeSettings(w.config).number("rope_theta")) w.set_number("rope.freq_base_swa", *base);
}

void gemma3n(const Writer& w) {
  if (const auto widths = w.config.find({"intermediate_size"}) != nullptr
                              ? w.config.count_if_single({"intermediate_size"})
                              : std::nullopt) {
    w.keys.set_array(w.key("feed_forward_length"), Layers(w.sizes.layers, static_cast<std::int32_t>(*widths)));
  } else if (const auto list = w.config.counts({"intermediate_size"})) {
    w.keys.set_array(w.key("feed_forward_length"), *list);
  }
  window_pattern(w);
  std::vector<float> scales;
  for (const float share : w.config.numbers({"activation_sparsity_pattern"}).value_or(std::vector<float>())) {
    // The quantile of the normal distribution: Newton's method on its error function.
    double x = 0;
    for (int i = 0; share > 0 && share < 1 && i < 60; ++i) {
      const double density = std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846);
      x -= (0.5 * std::erfc(-x / std::sqrt(2.0)) - static_cast<double>(share)) / density;
    }
    scales.push_back(static_cast<float>(x));
  }
  if (!scales.empty()) w.keys.set_array(w.key("activation_sparsity_scale"), scales);
}

void gemma4(const Writer& w) {
  const std::uint32_t window_width = w.count({"head_dim"}), width = w.count({"global_head_dim"}, window_width);
  w.set_count("attention.key_length", width);
  w.set_count("attention.value_length", width);
  w.set_count("attention.key_length_swa", window_width);
  w.set_count("attention.value_length_swa", window_width);
  w.set_count("rope.dimension_count", width);
  w.set_count("rope.dimension_count_swa", window_width);
  window_pattern(w);
  const std::vector<bool> windowed = w.layers_of_type("sliding_attention");
  const std::uint32_t shared = w.count({"num_kv_shared_layers"});
  if (w.config.flag({"use_double_wide_mlp"}).value_or(false)) {
    Layers widths(w.sizes.layers, static_cast<std::int32_t>(w.count({"intermediate_size"})));
    for (std::size_t i = w.sizes.layers - std::min(shared, w.sizes.layers); i < widths.size(); ++i) widths[i] *= 2;
    w.keys.set_array(w.key("feed_forward_length"), widths);
  }
  const std::uint32_t global_heads = w.count({"num_global_key_value_heads"});
  if (global_heads == 0 || global_heads == w.sizes.kv_heads) return;
  Layers heads;
  for (const bool is_windowed : windowed)
    heads.push_back(static_cast<std::int32_t>(is_windowed ? w.sizes.kv_heads : global_heads));
  w.keys.set_array(w.key("attention.head_count_kv"), heads);
}

void encoder(const Writer& w) {
  w.keys.set(w.key("attention.causal"), false);
  if (const auto types = w.config.count({"type_vocab_size"})) w.keys.set("tokenizer.ggml.token_type_count", *types);
  if (w.config.text({"model_type"}).value_or("").find("roberta") != std::string::npos) {
    const std::uint32_t unused = w.count({"pad_token_id"}, 1) + 1, all = w.count({"max_position_embeddings"});
    w.set_count("context_length", all - std::min(unused, all));
  }
}

void modern_bert(const Writer& w) {
  w.keys.set(w.key("attention.causal"), false);
  w.set_count("attention.sliding_window_pattern", w.count({"global_attn_every_n_layers"}, 3));
  w.keys.set(w.key("hidden_activation"), w.config.text({"hidden_activation"}).value_or("gelu"));
}

void t5(const Writer& w) {
  w.set_count("context_length", w.count({"n_positions"}, 512));
  w.set_count("attention.key_length", w.sizes.head_width);
  w.set_count("attention.value_length", w.sizes.head_width);
  if (w.architecture != "t5") return;
  w.set_count("decoder_block_count", w.count({"num_decoder_layers"}, w.sizes.layers));
  w.set_count("decoder_start_token_id", w.count({"decoder_start_token_id"}));
}

void shared_width_by_count(const Writer& w) {
  w.set_count("expert_shared_feed_forward_length",
              w.count({"moe_intermediate_size"}) *
                  w.count({"n_shared_experts", "num_shared_experts", "moe_num_shared_experts"}, 1));
}

void exaone_moe(const Writer& w) {
  shared_width_by_count(w);
  window_pattern(w);
  if (!w.config.has("num_nextn_predict_layers")) w.set_count("nextn_predict_layers", 0);
}

void llama4(const Writer& w) {
  if (const auto dense = w.config.count({"intermediate_size_mlp"})) w.set_count("feed_forward_length", *dense);
}

void mimo2(const Writer& w) {
  w.set_count("attention.value_length", w.count({"v_head_dim"}, w.sizes.head_width));
  const auto windowed = w.config.counts({"hybrid_layer_pattern"}).value_or(Layers());
  w.keys.set_array(w.key("attention.sliding_window_pattern"), windowed);
  Layers heads;
  const std::uint32_t window_heads = w.count({"swa_num_key_value_heads"}, w.sizes.kv_heads);
  for (const std::int32_t is_windowed : windowed)
    heads.push_back(static_cast<std::int32_t>(is_windowed != 0 ? window_heads : w.sizes.kv_heads));
  if (!heads.empty()) w.keys.set_array(w.key("attention.head_count_kv"), heads);
  if (!w.config.has("num_nextn_predict_layers")) w.set_count("nextn_predict_layers", 0);
}

void hunyuan_moe(const Writer& w) {
  const auto first = [&](Config::Names names, std::uint32_t otherwise) {
    const auto list =
        w.config.find(names) != nullptr && !w.config.count_if_single(names) ? w.config.counts(names) : std::nullopt;
    return list && !list->empty() ? static_cast<std::uint32_t>(list->front())
                                  : w.config.count_if_single(names).value_or(otherwise);
  };
  const std::uint32_t width = w.count({"intermediate_size"});
  w.set_count("expert_feed_forward_length", first({"moe_intermediate_size"}, width));
  w.set_count("expert_shared_feed_forward_length", width);
  w.set_count("expert_used_count", first({"moe_topk"}, 1));
  w.set_count("expert_shared_count", first({"num_shared_expert"}, 1));
}

void kimi_linear(const Writer& w) {
  latent_attention(w);
  std::vector<bool> attends(w.sizes.layers);
  for (const std::int32_t layer : w.config.counts({"linear_attn_config.full_attn_layers"}).value_or(Layers())) {
    if (layer >= 1 && static_cast<std::uint32_t>(layer) <= w.sizes.layers)
      attends[static_cast<std::size_t>(layer - 1)] = true;
  }
  Layers heads;
  for (const bool does : attends) heads.push_back(does ? 1 : 0);
  w.keys.set_array(w.key("attention.head_count_kv"), heads);
  w.set_count("kda.head_dim", w.count({"linear_attn_config.head_dim"}));
  const std::uint32_t width = w.count({"kv_lora_rank"}) + w.count({"qk_rope_head_dim"});
  w.set_count("attention.key_length", width);
}

void no_begin_of_text(const Writer& w) { w.keys.set("tokenizer.ggml.add_bos_token", false); }
void orion(const Writer& w) { w.keys.set(w.key("tensor_data_layout"), "Meta AI original pth"); }

struct Entry {
  std::string_view architecture;
  void (*write)(const Writer&);
};
constexpr auto kSpecials = std::to_array<Entry>({
    {"deepseek2", latent_attention},
    {"deepseek32", latent_attention},
    {"minicpm3", minicpm3},
    {"minicpm", minicpm},
    {"phi3", phi3},
    {"deepseek", deepseek},
    {"qwen3next", delta_net},
    {"qwen35", qwen35},
    {"qwen35moe", qwen35},
    {"qwen3vl", qwen3vl},
    {"qwen3vlmoe", qwen3vl},
    {"gpt2", feed_forward_of_four},
    {"starcoder", feed_forward_of_four},
    {"bloom", feed_forward_of_four},
    {"falcon", falcon},
    {"mpt", mpt},
    {"mamba", mamba},
    {"mamba2", mamba},
    {"jamba", jamba},
    {"granitehybrid", granite_hybrid},
    {"falcon-h1", falcon_h1},
    {"nemotron_h", nemotron_h},
    {"nemotron_h_moe", nemotron_h},
    {"lfm2", lfm2},
    {"lfm2moe", lfm2},
    {"olmo2", olmo2},
    {"exaone4", olmo2},
    {"gemma3n", gemma3n},
    {"gemma4", gemma4},
    {"bert", encoder},
    {"nomic-bert", encoder},
    {"jina-bert-v2", encoder},
    {"modern-bert", modern_bert},
    {"t5", t5},
    {"t5encoder", t5},
    {"exaone-moe", exaone_moe},
    {"bailingmoe2", shared_width_by_count},
    {"hy_v3", shared_width_by_count},
    {"ernie4_5-moe", shared_width_by_count},
    {"llama4", llama4},
    {"mimo2", mimo2},
    {"hunyuan-moe", hunyuan_moe},
    {"kimi-linear", kimi_linear},
    {"chatglm", no_begin_of_text},
    {"phi2", no_begin_of_text},
    {"orion", orion},
});

}  // namespace

void set_special_keys(const SpecialKeys& model) {
  for (const Entry& entry : kSpecials) {
    if (entry.architecture == model.architecture) entry.write(Writer{model});
  }
}

}  // namespace rocmforge::convert
