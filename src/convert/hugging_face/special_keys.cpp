#include "convert/hugging_face/special_keys.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "convert/hugging_face/recurrent_keys.h"
#include "convert/hugging_face/rope_settings.h"

namespace rocmforge::convert {
namespace {

using Writer = SpecialKeys;

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
  const nlohmann::json* depth = w.config.find({"scale_depth"});
  const double scale = depth != nullptr && depth->is_number() ? depth->get<double>() : 1.4;
  w.set_number("residual_scale", static_cast<float>(scale / std::sqrt(std::max(w.sizes.layers, 1u))));
  const std::uint32_t base = w.count({"dim_model_base"}, w.sizes.width);
  w.set_number("logit_scale", static_cast<float>(w.sizes.width) / static_cast<float>(std::max(base, 1u)));
}

// Phi 3: the context length for the short factors, and the factor that scales queries beyond it.
void phi3(const Writer& w) {
  const RopeSettings rope(w.config);
  const std::uint32_t trained = w.count({"max_position_embeddings"});
  const double longest = trained, old = rope.count("original_max_position_embeddings").value_or(trained);
  w.set_count("rope.scaling.original_context_length", static_cast<std::uint32_t>(old));
  if (!w.config.has("sliding_window")) w.set_count("attention.sliding_window", 0);
  const std::string type = rope.type();
  const double scale = old > 1 ? longest / old : 1;
  if (type == "longrope" || type == "su") {
    const double factor = scale <= 1 ? 1 : std::sqrt(1 + std::log(scale) / std::log(old));
    w.set_number("rope.scaling.attn_factor", static_cast<float>(factor));
  } else if (type == "yarn") {
    w.set_number("rope.scaling.attn_factor", static_cast<float>(scale <= 1 ? 1 : 0.1 * std::log(scale) + 1));
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

// Computes the quantile of the normal distribution by Newton's method on its error function.
float normal_quantile(double share) {
  if (share <= 0) return -std::numeric_limits<float>::infinity();
  if (share >= 1) return std::numeric_limits<float>::infinity();
  double x = 0;
  for (int i = 0; i < 60; ++i) {
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    x -= std::clamp((std::erfc(-x / std::numbers::sqrt2) / 2 - share) / density, -1.0, 1.0);
  }
  return static_cast<float>(x);
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
  if (w.config.numbers({"activation_sparsity_pattern"})) {
    for (const nlohmann::json& share : *w.config.find({"activation_sparsity_pattern"})) {
      scales.push_back(normal_quantile(share.get<double>()));
    }
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
  if (const auto head = w.config.count({"head_dim"})) w.set_count("attention.value_length", *head);
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
    if (entry.architecture == model.architecture) entry.write(model);
  }
}

}  // namespace rocmforge::convert
