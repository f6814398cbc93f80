#include "convert/hugging_face/model_keys.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "convert/hugging_face/model_sizes.h"
#include "convert/hugging_face/name_lists.h"
#include "convert/hugging_face/rope_settings.h"
#include "convert/hugging_face/special_keys.h"

namespace rocmforge::convert {
namespace {

// A GGUF key and the configuration names it is copied from. Names are separated by '|'; an empty architecture means
// all.
enum class As { kCount, kNumber, kFlag };
struct KeyRule {
  std::string_view architectures;
  std::string_view key;
  As as;
  std::string_view names;
};

constexpr auto kRules = std::to_array<KeyRule>({
    {"", "vocab_size", As::kCount, "vocab_size|padded_vocab_size"},
    {"", "expert_count", As::kCount,
     "num_local_experts|num_experts|n_routed_experts|ffn_config.moe_num_experts|moe_num_experts|moe_num_primary_"
     "experts"},
    {"", "expert_used_count", As::kCount,
     "num_experts_per_tok|num_experts_per_token|top_k_experts|experts_per_token|ffn_config.moe_top_k|moe_k|moe_topk|"
     "moe_num_active_primary_experts"},
    {"", "expert_group_count", As::kCount, "n_group"},
    {"", "expert_group_used_count", As::kCount, "topk_group"},
    {"gemma2", "attn_logit_softcapping", As::kNumber, "attn_logit_softcapping"},
    {"gemma2 gemma3 gemma3n gemma4", "final_logit_softcapping", As::kNumber, "final_logit_softcapping"},
    {"gemma2 gemma3 gemma3n gemma4 gemma-embedding gpt-oss cohere2 afmoe exaone-moe mimo2 smallthinker",
     "attention.sliding_window", As::kCount, "sliding_window|sliding_window_size"},
    {"modern-bert", "attention.sliding_window", As::kCount, "local_attention"},
    {"qwen2moe qwen3moe qwen3next qwen35moe qwen3vlmoe glm4moe deepseek deepseek2 deepseek32 dots1 bailingmoe2 afmoe "
     "exaone-moe hy_v3 kimi-linear lfm2moe mimo2 ernie4_5-moe gemma4 smallthinker",
     "expert_feed_forward_length", As::kCount, "moe_intermediate_size|expert_hidden_dim|moe_ffn_hidden_size"},
    {"gpt-oss minimax-m2 llama4", "expert_feed_forward_length", As::kCount, "intermediate_size"},
    {"qwen2moe qwen3next qwen35moe", "expert_shared_feed_forward_length", As::kCount,
     "shared_expert_intermediate_size"},
    {"granitehybrid granitemoe", "expert_shared_feed_forward_length", As::kCount, "shared_intermediate_size"},
    {"glm4moe deepseek deepseek2 deepseek32 dots1 exaone-moe afmoe kimi-linear bailingmoe2 nemotron_h_moe",
     "expert_shared_count", As::kCount, "n_shared_experts|num_shared_experts|num_experts_shared"},
    {"glm4moe deepseek deepseek2 deepseek32 dots1 exaone-moe kimi-linear bailingmoe2 lfm2moe afmoe",
     "leading_dense_block_count", As::kCount, "first_k_dense_replace|num_dense_layers|first_last_k_dense_replace"},
    {"glm4moe deepseek deepseek2 deepseek32 dots1 exaone-moe kimi-linear bailingmoe2 nemotron_h_moe afmoe hy_v3",
     "expert_weights_scale", As::kNumber, "routed_scaling_factor|route_scale|router_scaling_factor"},
    {"glm4moe deepseek2 deepseek32 dots1 exaone-moe bailingmoe2 nemotron_h_moe afmoe hy_v3", "expert_weights_norm",
     As::kFlag, "norm_topk_prob|route_norm"},
    {"glm4moe bailingmoe2 exaone-moe mimo2", "nextn_predict_layers", As::kCount, "num_nextn_predict_layers"},
    {"deepseek2 deepseek32 minicpm3", "attention.q_lora_rank", As::kCount, "q_lora_rank"},
    {"deepseek2 deepseek32 minicpm3 kimi-linear", "attention.kv_lora_rank", As::kCount, "kv_lora_rank"},
    {"deepseek2 deepseek32 minicpm3 kimi-linear", "rope.dimension_count", As::kCount, "qk_rope_head_dim"},
    {"deepseek32", "attention.indexer.head_count", As::kCount, "index_n_heads"},
    {"deepseek32", "attention.indexer.key_length", As::kCount, "index_head_dim"},
    {"deepseek32", "attention.indexer.top_k", As::kCount, "index_topk"},
    {"phi3", "attention.sliding_window", As::kCount, "sliding_window"},
    {"granite granitemoe granitehybrid", "attention.scale", As::kNumber, "attention_multiplier"},
    {"granite granitemoe granitehybrid", "embedding_scale", As::kNumber, "embedding_multiplier"},
    {"granite granitemoe granitehybrid", "residual_scale", As::kNumber, "residual_multiplier"},
    {"granite granitemoe granitehybrid", "logit_scale", As::kNumber, "logits_scaling"},
    {"command-r cohere2", "logit_scale", As::kNumber, "logit_scale"},
    {"minicpm", "embedding_scale", As::kNumber, "scale_emb"},
    {"minimax-m2", "rope.dimension_count", As::kCount, "rotary_dim"},
    {"gptneox", "use_parallel_residual", As::kFlag, "use_parallel_residual"},
    {"stablelm", "use_parallel_residual", As::kFlag, "use_parallel_residual"},
    {"olmo dbrx mpt", "attention.clamp_kqv", As::kNumber, "clip_qkv|attn_config.clip_qkv"},
    {"mistral3", "attention.temperature_scale", As::kNumber,
     "rope_parameters.llama_4_scaling_beta|llama_4_scaling.beta"},
    {"mimo2", "attention.value_scale", As::kNumber, "attention_value_scale"},
    {"mamba mamba2 nemotron_h nemotron_h_moe jamba granitehybrid falcon-h1 qwen3next qwen35 qwen35moe kimi-linear",
     "ssm.conv_kernel", As::kCount,
     "conv_kernel|d_conv|mamba_d_conv|linear_conv_kernel_dim|linear_attn_config.short_conv_kernel_size"},
    {"mamba mamba2 nemotron_h nemotron_h_moe jamba granitehybrid falcon-h1", "ssm.state_size", As::kCount,
     "state_size|ssm_state_size|d_state|mamba_d_state"},
    {"mamba2 nemotron_h nemotron_h_moe granitehybrid falcon-h1", "ssm.group_count", As::kCount,
     "n_groups|ngroups|mamba_n_groups"},
    {"qwen3next qwen35 qwen35moe", "ssm.state_size", As::kCount, "linear_key_head_dim"},
    {"qwen3next qwen35 qwen35moe", "ssm.group_count", As::kCount, "linear_num_key_heads"},
    {"qwen3next qwen35 qwen35moe", "ssm.time_step_rank", As::kCount, "linear_num_value_heads"},
    {"lfm2 lfm2moe", "shortconv.l_cache", As::kCount, "conv_L_cache"},
    {"gemma3n", "altup.active_idx", As::kCount, "altup_active_idx"},
    {"gemma3n", "altup.num_inputs", As::kCount, "altup_num_inputs"},
    {"gemma3n gemma4", "embedding_length_per_layer_input", As::kCount, "hidden_size_per_layer_input"},
    {"gemma3n gemma4", "attention.shared_kv_layers", As::kCount, "num_kv_shared_layers"},
    {"t5 t5encoder", "attention.relative_buckets_count", As::kCount, "relative_attention_num_buckets"},
    {"llama4", "interleave_moe_layer_step", As::kCount, "interleave_moe_layer_step"},
    {"ernie4_5-moe", "interleave_moe_layer_step", As::kCount, "moe_layer_interval"},
    {"ernie4_5-moe", "leading_dense_block_count", As::kCount, "moe_layer_start_index"},
    {"ernie4_5-moe", "expert_shared_count", As::kCount, "moe_num_shared_experts"},
    {"nemotron_h_moe", "expert_feed_forward_length", As::kCount, "moe_intermediate_size"},
    {"nemotron_h_moe", "expert_shared_feed_forward_length", As::kCount, "moe_shared_expert_intermediate_size"},
    {"nemotron_h_moe", "moe_latent_size", As::kCount, "moe_latent_size"},
});

class KeyWriter {
 public:
  KeyWriter(gguf::MetadataBuilder& keys, const Config& config, const std::string& architecture)
      : keys_(keys), config_(config), architecture_(architecture), sizes_(ModelSizes::of(config, architecture)) {}

  void write() {
    keys_.set("general.architecture", architecture_);
    write_sizes();
    write_norms();
    write_rope();
    write_rules();
    write_gating();
    const SpecialKeys special{keys_, config_, architecture_, sizes_};
    set_special_keys(special);
  }

 private:
  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }
  void set_count(std::string_view name, std::uint32_t value) { keys_.set(key(name), value); }
  void set_number(std::string_view name, float value) { keys_.set(key(name), value); }

  void write_sizes() {
    set_count("block_count", sizes_.layers);
    if (const auto context =
            config_.count({"max_position_embeddings", "n_ctx", "n_positions", "max_seq_len", "max_sequence_length",
                           "seq_length", "model_max_length", "max_trained_positions"})) {
      set_count("context_length", *context);
    }
    set_count("embedding_length", sizes_.width);
    if (const auto ffn = config_.count_if_single(
            {"intermediate_size", "n_inner", "ffn_hidden_size", "d_ff", "hidden_dim", "ffn_config.ffn_hidden_size"})) {
      set_count("feed_forward_length", *ffn);
    }
    set_count("attention.head_count", sizes_.heads);
    if (!is_one_of(architecture_, {"bert", "gpt2", "gptneox", "modern-bert", "nomic-bert", "nomic-bert-moe",
                                   "jina-bert-v2", "t5", "t5encoder", "mpt", "mamba", "mamba2"})) {
      set_count("attention.head_count_kv", sizes_.kv_heads);
    }
    if (const auto width = config_.count({"head_dim"});
        width && !is_one_of(architecture_, {"phi3", "chatglm", "phi2", "stablelm", "gptneox", "granite", "minicpm"})) {
      set_count("attention.key_length", *width);
      set_count("attention.value_length", *width);
    }
  }

  void write_norms() {
    const auto rms = config_.number({"rms_norm_eps", "norm_eps"});
    const auto layer = config_.number({"layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"});
    const auto either = rms ? rms : layer;
    if (is_one_of(architecture_, {"mamba", "mamba2"})) {
      set_number("attention.layer_norm_rms_epsilon", either.value_or(1e-5f));
    } else if (is_one_of(architecture_,
                         {"orion", "stablelm", "phi2", "falcon", "starcoder2", "jais2", "cohere2", "command-r"})) {
      set_number("attention.layer_norm_epsilon", (layer ? layer : rms).value_or(1e-5f));
    } else if (is_one_of(architecture_, {"qwen", "exaone", "t5", "t5encoder", "nemotron", "nemotron_h",
                                         "nemotron_h_moe", "modern-bert"})) {
      set_number("attention.layer_norm_rms_epsilon", either.value_or(1e-5f));
      set_number("attention.layer_norm_epsilon", either.value_or(1e-5f));
    } else if (is_one_of(architecture_, {"olmo", "mpt", "dbrx"})) {
      set_number("attention.layer_norm_epsilon", 1e-5f);
    } else {
      if (rms) set_number("attention.layer_norm_rms_epsilon", *rms);
      if (layer) set_number("attention.layer_norm_epsilon", *layer);
    }
  }

  void write_rope() {
    const RopeSettings rope(config_);
    const bool states_no_base =
        is_one_of(architecture_, {"gemma",     "gemma2",   "gptneox",     "stablelm",    "phi2",           "falcon",
                                  "orion",     "minicpm3", "kimi-linear", "nemotron_h",  "nemotron_h_moe", "jamba",
                                  "mamba",     "mamba2",   "bert",        "gpt2",        "bloom",          "mpt",
                                  "starcoder", "t5",       "t5encoder",   "jina-bert-v2"});
    if (!states_no_base) {
      if (const auto base = rope.number("rope_theta")) set_number("rope.freq_base", *base);
      if (const auto base = rope.window_base()) set_number("rope.freq_base_swa", *base);
    }
    write_rope_scaling(rope);
    write_rotated_values();
  }

  void write_rope_scaling(const RopeSettings& rope) {
    const std::string type = rope.type();
    const auto factor = rope.number("factor");
    if (type == "linear" && factor) {
      keys_.set(key("rope.scaling.type"), "linear");
      set_number("rope.scaling.factor", *factor);
    } else if (type == "yarn" && factor) {
      keys_.set(key("rope.scaling.type"), "yarn");
      set_number("rope.scaling.factor", *factor);
      if (const auto old = rope.count("original_max_position_embeddings"))
        set_count("rope.scaling.original_context_length", *old);
      if (const auto fast = rope.number("beta_fast")) set_number("rope.scaling.yarn_beta_fast", *fast);
      if (const auto slow = rope.number("beta_slow")) set_number("rope.scaling.yarn_beta_slow", *slow);
      write_attention_factor(rope);
    } else if (is_one_of(architecture_,
                         {"command-r", "cohere2", "deepseek", "exaone-moe", "nemotron", "modern-bert"})) {
      keys_.set(key("rope.scaling.type"), "none");
    }
  }

  void write_attention_factor(const RopeSettings& rope) {
    const auto all = rope.number("mscale_all_dim");
    if (is_one_of(architecture_, {"deepseek2", "deepseek32"}) && all) {
      // Computed from the number as written, without rounding it first.
      const auto* written = config_.find({"rope_parameters.mscale_all_dim", "rope_scaling.mscale_all_dim"});
      set_number("rope.scaling.yarn_log_multiplier", static_cast<float>(0.1 * written->get<double>()));
    }
    if (architecture_ == "mistral3" && all) set_number("rope.scaling.yarn_log_multiplier", *all);
    if (const auto factor = rope.number("attention_factor")) set_number("rope.scaling.yarn_attn_factor", *factor);
  }

  void write_rotated_values() {
    const std::uint32_t width =
        config_.count({"head_dim"}).value_or(sizes_.heads == 0 ? 0 : sizes_.width / sizes_.heads);
    const float usual = is_one_of(architecture_, {"chatglm", "glm4", "glm4moe"})                                ? 0.5f
                        : is_one_of(architecture_, {"qwen3next", "qwen35", "qwen35moe", "gptneox", "stablelm"}) ? 0.25f
                                                                                                                : 1.0f;
    const float share =
        config_.number({"rope_parameters.partial_rotary_factor", "partial_rotary_factor", "rotary_pct", "rope_pct"})
            .value_or(usual);
    if (is_one_of(architecture_, {"nemotron_h", "nemotron_h_moe"}))
      return set_count("rope.dimension_count", sizes_.heads == 0 ? 0 : sizes_.width / sizes_.heads);
    if (is_one_of(architecture_,
                  {"llama",    "granite",  "granitemoe", "granitehybrid", "arcee",     "smollm3",     "mistral3",
                   "deepseek", "baichuan", "llama4",     "afmoe",         "apertus",   "bailingmoe2", "cohere2",
                   "exaone",   "chatglm",  "glm4",       "glm4moe",       "gptneox",   "jais2",       "nemotron",
                   "phi2",     "phi3",     "qwen35",     "qwen35moe",     "qwen3next", "stablelm",    "mimo2"})) {
      set_count("rope.dimension_count", static_cast<std::uint32_t>(static_cast<float>(width) * share));
    }
  }

  void write_rules() {
    for (const KeyRule& rule : kRules) {
      if (!rule.names.empty() && (rule.architectures.empty() || has_word(rule.architectures, architecture_)))
        write_rule(rule);
    }
  }

  void write_rule(const KeyRule& rule) {
    std::vector<std::string_view> names;
    for (std::size_t at = 0; at <= rule.names.size();) {
      const std::size_t end = std::min(rule.names.find('|', at), rule.names.size());
      names.push_back(rule.names.substr(at, end - at));
      at = end + 1;
    }
    const Config::Names any{std::span<const std::string_view>(names)};
    if (rule.as == As::kCount) {
      if (const auto value = config_.count_if_single(any)) set_count(rule.key, *value);
    } else if (rule.as == As::kNumber) {
      if (const auto value = config_.number(any)) set_number(rule.key, *value);
    } else if (const auto value = config_.flag(any)) {
      keys_.set(key(rule.key), *value);
    }
  }

  void write_gating() {
    const auto name =
        config_.text({"score_function", "scoring_func", "moe_router_activation_func", "router_score_function"});
    const bool is_sigmoid = is_one_of(architecture_, {"dots1", "glm4moe", "minimax-m2", "mimo2", "exaone-moe", "hy_v3",
                                                      "lfm2moe", "bailingmoe2", "deepseek32", "kimi-linear"});
    if (name && *name != "sigmoid" && *name != "noaux_tc" && *name != "softmax") {
      throw error(ErrorCode::kUnsupported, "{}: experts are chosen by '{}', expected 'softmax' or 'sigmoid'",
                  config_.path(), *name);
    }
    const bool is_v3 = architecture_ == "deepseek2" && config_.model_class() == "DeepseekV3ForCausalLM";
    if (name || is_sigmoid || is_v3) {
      set_count("expert_gating_func", name && *name == "softmax" ? 1u : 2u);
    }
  }

  gguf::MetadataBuilder& keys_;
  const Config& config_;
  const std::string& architecture_;
  ModelSizes sizes_;
};

}  // namespace

void set_model_keys(gguf::MetadataBuilder& keys, const Config& config, const std::string& architecture) {
  KeyWriter(keys, config, architecture).write();
}

}  // namespace rocmforge::convert
