#include "convert/hugging_face/tensor_names.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "convert/hugging_face/name_lists.h"

namespace rocmforge::convert {
namespace {

// A GGUF name and, separated by spaces, the names that checkpoints use for it after the layer's number.
struct Roles {
  std::string_view gguf;
  std::string_view roles;
};

constexpr auto kLayerRoles = std::to_array<Roles>({
    {"attn_norm",
     "input_layernorm norm ln_1 ln1 ln attention_norm attn_norm norm_1 ln_mlp operator_norm attention_layernorm "
     "norm_attn_norm.norm_1 "
     "pre_mixer_norm pre_attention_layernorm rms_norm layer.0.layer_norm"},
    {"attn_norm_2", "ln_attn ln2 layer_norm_1"},
    {"attn_q",
     "self_attn.q_proj attention.wq attention.self.query attn.q_proj attention.q_lin attn.attention.q_proj "
     "mixer.q_proj layer.0.SelfAttention.q"},
    {"attn_k",
     "self_attn.k_proj attention.wk attention.self.key attn.k_proj attention.k_lin attn.attention.k_proj "
     "mixer.k_proj layer.0.SelfAttention.k"},
    {"attn_v",
     "self_attn.v_proj attention.wv attention.self.value attn.v_proj attention.v_lin attn.attention.v_proj "
     "mixer.v_proj layer.0.SelfAttention.v"},
    {"attn_qkv",
     "attention.query_key_value attn.c_attn attn.Wqkv norm_attn_norm.attn.Wqkv self_attention.query_key_value "
     "self_attn.query_key_value mixer.Wqkv self_attn.qkv_proj mixer.qkv_proj linear_attn.in_proj_qkv"},
    {"attn_output",
     "attention.dense attn.c_proj attn.out_proj self_attention.dense self_attn.o_proj self_attn.out_proj "
     "self_attn.dense attention.wo attention.output.dense attn.Wo attention.out_lin mixer.o_proj "
     "attn.attention.out_proj norm_attn_norm.attn.out_proj"},
    {"attn_o", "layer.0.SelfAttention.o"},
    {"attn_rel_b", "layer.0.SelfAttention.relative_attention_bias"},
    {"attn_output_norm", "attention.output.LayerNorm sa_layer_norm norm1 norm_attn_norm.norm_2"},
    {"attn_q_norm",
     "self_attn.q_norm self_attn.q_layernorm self_attn.q_layernorm.norms self_attn.query_layernorm "
     "attention.query_layernorm "
     "self_attention.q_layernorm attn.q_ln attn.q_norm mixer.q_norm attention.self.layer_norm_q"},
    {"attn_k_norm",
     "self_attn.k_norm self_attn.k_layernorm self_attn.k_layernorm.norms self_attn.key_layernorm "
     "attention.key_layernorm "
     "self_attention.k_layernorm attn.k_ln attn.k_norm mixer.k_norm attention.self.layer_norm_k"},
    {"attn_gate", "self_attn.gate_proj linear_attn.in_proj_z self_attn.g_proj"},
    {"attn_sinks", "self_attn.sinks self_attn.attention_sink_bias"},
    {"attn_q_a", "self_attn.q_a_proj"},
    {"attn_q_b", "self_attn.q_b_proj"},
    {"attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"},
    {"attn_kv_b", "self_attn.kv_b_proj"},
    {"attn_q_a_norm", "self_attn.q_a_layernorm"},
    {"attn_kv_a_norm", "self_attn.kv_a_layernorm"},
    {"cross_attn_q", "layer.1.EncDecAttention.q"},
    {"cross_attn_k", "layer.1.EncDecAttention.k"},
    {"cross_attn_v", "layer.1.EncDecAttention.v"},
    {"cross_attn_o", "layer.1.EncDecAttention.o"},
    {"indexer.k_norm", "self_attn.indexer.k_norm"},
    {"indexer.proj", "self_attn.indexer.weights_proj"},
    {"indexer.attn_k", "self_attn.indexer.wk"},
    {"indexer.attn_q_b", "self_attn.indexer.wq_b"},
    {"post_attention_norm", "post_self_attn_layernorm post_mixer_norm"},
    {"ffn_norm",
     "post_attention_layernorm ln_2 ffn_norm norm_2 mlp_norm pre_ff_layernorm pre_feedforward_layernorm "
     "pre_mlp_layernorm pre_mlp_norm feedforward_layernorm pre_moe_layernorm layer.1.layer_norm layer.2.layer_norm"},
    {"post_ffw_norm", "post_feedforward_layernorm post_mlp_layernorm post_mlp_norm post_moe_norm"},
    {"pre_ffw_norm_2", "pre_feedforward_layernorm_2"},
    {"post_ffw_norm_1", "post_feedforward_layernorm_1"},
    {"post_ffw_norm_2", "post_feedforward_layernorm_2"},
    {"layer_output_norm", "output.LayerNorm output_layer_norm norm2 final_layernorm layer_norm_2 mlp.layernorm"},
    {"layer_output_scale", "layer_scalar"},
    {"ffn_gate",
     "mlp.gate_proj feed_forward.w1 mlp.w2 feed_forward.gate_proj mlp.fc12 mlp.c_fc_0 mlp.gated_layers_w "
     "layer.1.DenseReluDense.wi_0 layer.2.DenseReluDense.wi_0"},
    {"ffn_up",
     "mlp.up_proj feed_forward.w3 mlp.dense_h_to_4h mlp.c_fc ffn.up_proj intermediate.dense mlp.Wi ffn.lin1 mlp.w1 "
     "mlp.fc_in mlp.fc1 mlp.fc11 mlp.gate_up_proj mlp.c_fc_1 feed_forward.up_proj mixer.up_proj mlp.gated_layers_v "
     "mlp.gated_layers mlp.up_gated_layer layer.1.DenseReluDense.wi layer.1.DenseReluDense.wi_1 "
     "layer.2.DenseReluDense.wi layer.2.DenseReluDense.wi_1"},
    {"ffn_down",
     "mlp.down_proj feed_forward.w2 mlp.dense_4h_to_h ffn.down_proj output.dense mlp.Wo ffn.lin2 mlp.c_proj "
     "mlp.fc_out mlp.fc2 feed_forward.down_proj mixer.down_proj mlp.wo mlp.down_layer layer.1.DenseReluDense.wo "
     "layer.2.DenseReluDense.wo"},
    {"ffn_gate_inp",
     "mlp.gate mlp.router block_sparse_moe.gate block_sparse_moe.router.layer feed_forward.router feed_forward.gate "
     "mlp.gate.wg mlp.router.gate mlp.router.layer ffn.router.layer block_sparse_moe.primary_router mixer.gate "
     "router.proj"},
    {"ffn_gate_inp_shexp", "mlp.shared_expert_gate"},
    {"exp_probs_b",
     "mlp.gate.e_score_correction_bias mlp.gate.e_score_correction mlp.moe_statics.e_score_correction_bias "
     "mlp.gate.expert_bias mlp.expert_bias feed_forward.expert_bias block_sparse_moe.e_score_correction_bias "
     "block_sparse_moe.gate.e_score_correction_bias mixer.gate.e_score_correction_bias mlp.e_score_correction_bias "
     "mlp.experts.e_score_correction_bias mlp.router.e_score_correction_bias"},
    {"ffn_gate_exps",
     "mlp.experts.gate_proj block_sparse_moe.experts.w1 feed_forward.experts.w1 ffn.experts.mlp.w1 "
     "feed_forward.experts.gate_proj block_sparse_moe.experts.gate mlp.experts.w1"},
    {"ffn_up_exps",
     "mlp.experts.up_proj block_sparse_moe.experts.w3 feed_forward.experts.w3 ffn.experts.mlp.v1 "
     "feed_forward.experts.up_proj block_sparse_moe.experts.up mixer.experts.up_proj mlp.experts.mlp.w1 "
     "mlp.experts.w3"},
    {"ffn_down_exps",
     "mlp.experts.down_proj block_sparse_moe.experts.w2 feed_forward.experts.w2 ffn.experts.mlp.w2 "
     "feed_forward.experts.down_proj block_sparse_moe.experts.down block_sparse_moe.output_linear experts.down_proj "
     "mixer.experts.down_proj mlp.experts.mlp.w2 mlp.experts.w2"},
    {"ffn_gate_up_exps",
     "mlp.experts.gate_up_proj feed_forward.experts.gate_up_proj block_sparse_moe.input_linear experts.gate_up_proj"},
    {"ffn_gate_shexp",
     "mlp.shared_expert.gate_proj mlp.shared_experts.gate_proj mlp.shared_mlp.gate_proj "
     "feed_forward.shared_expert.gate_proj block_sparse_moe.shared_experts.gate_proj share_expert.gate_proj"},
    {"ffn_up_shexp",
     "mlp.shared_expert.up_proj mlp.shared_experts.up_proj mlp.shared_mlp.up_proj feed_forward.shared_expert.up_proj "
     "block_sparse_moe.shared_experts.up_proj mixer.shared_experts.up_proj share_expert.up_proj"},
    {"ffn_down_shexp",
     "mlp.shared_expert.down_proj mlp.shared_experts.down_proj mlp.shared_mlp.down_proj shared_mlp.output_linear "
     "feed_forward.shared_expert.down_proj block_sparse_moe.shared_experts.down_proj mixer.shared_experts.down_proj "
     "share_expert.down_proj"},
    {"ffn_gate_up_shexp", "shared_mlp.input_linear"},
    {"ffn_latent_down", "mixer.fc1_latent_proj"},
    {"ffn_latent_up", "mixer.fc2_latent_proj"},
    {"inp_gate", "per_layer_input_gate"},
    {"proj", "per_layer_projection"},
    {"post_norm", "post_per_layer_input_norm"},
    {"altup_correct_coef", "altup.correction_coefs"},
    {"altup_correct_scale", "altup.correct_output_scale"},
    {"altup_predict_coef", "altup.prediction_coefs"},
    {"altup_router", "altup.modality_router"},
    {"altup_router_norm", "altup.router_norm"},
    {"laurel_l", "laurel.linear_left"},
    {"laurel_r", "laurel.linear_right"},
    {"laurel_post_norm", "laurel.post_laurel_norm"},
    {"ssm_in", "in_proj mixer.in_proj mamba.in_proj linear_attn.in_proj_qkvz"},
    {"ssm_conv1d", "conv1d mixer.conv1d mamba.conv1d linear_attn.conv1d"},
    {"ssm_x", "x_proj mixer.x_proj mamba.x_proj mixer.bcdt_proj"},
    {"ssm_dt", "dt_proj mixer.dt_proj mamba.dt_proj mixer.dt_bias mamba.dt_bias linear_attn.dt_bias self_attn.dt_bias"},
    {"ssm_dt_norm", "mamba.dt_layernorm mixer.dt_norm"},
    {"ssm_b_norm", "mamba.b_layernorm mixer.B_norm"},
    {"ssm_c_norm", "mamba.c_layernorm mixer.C_norm"},
    {"ssm_a", "A_log mixer.A_log mamba.A_log linear_attn.A_log self_attn.A_log"},
    {"ssm_d", "D mixer.D mamba.D"},
    {"ssm_norm", "mamba.norm linear_attn.norm mixer.norm self_attn.o_norm"},
    {"ssm_out", "out_proj mixer.out_proj mamba.out_proj linear_attn.out_proj"},
    {"ssm_ba", "linear_attn.in_proj_ba"},
    {"ssm_alpha", "linear_attn.in_proj_a"},
    {"ssm_beta", "linear_attn.in_proj_b self_attn.b_proj"},
    {"ssm_conv1d_q", "self_attn.q_conv1d"},
    {"ssm_conv1d_k", "self_attn.k_conv1d"},
    {"ssm_conv1d_v", "self_attn.v_conv1d"},
    {"ssm_f_a", "self_attn.f_a_proj"},
    {"ssm_f_b", "self_attn.f_b_proj"},
    {"ssm_g_a", "self_attn.g_a_proj"},
    {"ssm_g_b", "self_attn.g_b_proj"},
    {"shortconv.conv", "conv.conv"},
    {"shortconv.in_proj", "conv.in_proj"},
    {"shortconv.out_proj", "conv.out_proj"},
    {"nextn.eh_proj", "eh_proj"},
    {"nextn.embed_tokens", "embed_tokens"},
    {"nextn.enorm", "enorm"},
    {"nextn.hnorm", "hnorm"},
    {"nextn.shared_head_head", "shared_head.head"},
    {"nextn.shared_head_norm", "shared_head.norm"},
});

constexpr auto kModelRoles = std::to_array<Roles>({
    {"token_embd",
     "embed_tokens wte word_embeddings embed_in tok_embeddings embeddings.word_embeddings embeddings.tok_embeddings "
     "embeddings embedding.word_embeddings embedding shared"},
    {"token_types", "embeddings.token_type_embeddings"},
    {"token_embd_norm", "word_embeddings_layernorm embeddings.LayerNorm embeddings.norm emb_ln embedding_norm"},
    {"position_embd", "wpe embeddings.position_embeddings"},
    {"output", "lm_head embed_out output output_layer head"},
    {"output_norm", "norm ln_f final_layernorm final_layer_norm norm_f final_norm"},
    {"per_layer_token_embd", "embed_tokens_per_layer"},
    {"per_layer_model_proj", "per_layer_model_projection"},
    {"per_layer_proj_norm", "per_layer_projection_norm"},
    {"altup_proj", "altup_projections"},
    {"altup_unembd_proj", "altup_unembed_projections"},
});

// A role that means something else in some architectures.
struct Exception {
  std::string_view architectures;
  std::string_view role;
  std::string_view gguf;
};
constexpr auto kExceptions = std::to_array<Exception>({
    {"qwen3next qwen35 qwen35moe gemma2 gemma3 gemma3n gemma4 glm4moe gpt-oss olmo2 exaone4 seed_oss gemma-embedding "
     "afmoe",
     "post_attention_layernorm", "post_attention_norm"},
    {"falcon jina-bert-v2", "post_attention_layernorm", "attn_norm_2"},
    {"plamo2", "pre_mlp_norm", "ffn_norm"},
    {"starcoder gpt2", "attn.c_proj", "attn_output"},
    {"dbrx", "norm_attn_norm.norm_2", "attn_output_norm"},
    {"jais2", "mlp.up_proj", "ffn_up"},
    {"nemotron_h nemotron_h_moe", "norm", "attn_norm"},
    {"falcon-h1", "final_layernorm", "output_norm"},
    {"lfm2 lfm2moe", "norm", "token_embd_norm"},
    {"bloom", "ln_attn", "attn_norm"},
    {"granitehybrid granitemoe", "block_sparse_moe.output_linear", "ffn_down_exps"},
    {"chatglm", "post_attention_layernorm", "ffn_norm"},
});

template <typename Table>
std::optional<std::string_view> find_role(const Table& table, std::string_view role) {
  const auto found = std::ranges::find_if(table, [&](const Roles& entry) { return has_word(entry.roles, role); });
  return found == table.end() ? std::nullopt : std::optional(found->gguf);
}

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// Prefixes of wrapper classes, which may be combined.
constexpr auto kWrappers = std::to_array<std::string_view>({
    "model.",
    "transformer.",
    "language_model.",
    "gpt_neox.",
    "backbone.",
    "bert.",
    "roberta.",
    "distilbert.",
    "thinker.",
    "llm.",
    "text_model.",
});

std::string_view without_wrappers(std::string_view name) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view wrapper : kWrappers) {
      if (!name.starts_with(wrapper)) continue;
      name.remove_prefix(wrapper.size());
      again = true;
    }
  }
  return name;
}

constexpr auto kLeftOutBeginnings = std::to_array<std::string_view>({
    "vision_tower.",
    "vision_model.",
    "visual.",
    "multi_modal_projector.",
    "audio_tower.",
    "audio_model.",
    "embed_vision.",
    "embed_audio.",
    "mm_projector.",
    "multimodal_projector.",
    "vision_encoder.",
    "talker.",
    "code2wav.",
    "token2wav.",
    "mtp.",
    "image_newline",
    "vision_language_adapter.",
    "patch_merger.",
    "pooler.",
    "cls.predictions",
    "cls.seq_relationship",
});
constexpr auto kLeftOutEndings = std::to_array<std::string_view>({
    ".rotary_emb.inv_freq",
    ".rotary_pos_emb.inv_freq",
    ".attn.bias",
    ".attn.masked_bias",
    ".attention.bias",
    ".attention.masked_bias",
    "embeddings.position_ids",
    ".rope.freqs",
});

}  // namespace

TensorName TensorName::parse(std::string_view full) {
  TensorName name{.full = std::string(full), .role = {}, .ending = {}, .layer = {}, .expert = {}};
  std::string_view rest = without_wrappers(full);
  for (const std::string_view ending : {".weight", ".bias"}) {
    if (!rest.ends_with(ending)) continue;
    name.ending = ending;
    rest.remove_suffix(ending.size());
    break;
  }
  if (rest.starts_with("encoder.block.")) name.stack = Stack::kEncoder;
  // The first number is the layer's, and the one after "experts" the expert's. Whatever precedes the layer is a
  // wrapper.
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view word = rest.substr(0, dot);
    const auto number = number_of(word);
    if (number && !name.expert && (name.role.ends_with("projections") || name.role.ends_with(".norms"))) {
      name.expert = number;  // experts in a separate list
    } else if (number && !name.layer) {
      name.layer = number;
      name.role.clear();
    } else if (number && name.role.ends_with("experts")) {
      name.expert = number;
    } else {
      name.role.append(name.role.empty() ? "" : ".").append(word);
    }
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (name.ending.empty() && name.role.ends_with("_proj_bias")) {
    name.role.resize(name.role.size() - 5);
    name.ending = ".bias";
  }
  return name;
}

bool is_left_out(std::string_view name) {
  const std::string_view bare = without_wrappers(name);
  return std::ranges::any_of(kLeftOutBeginnings, [&](std::string_view text) { return bare.starts_with(text); }) ||
         std::ranges::any_of(kLeftOutEndings, [&](std::string_view text) { return name.ends_with(text); });
}

std::optional<std::string> gguf_name(const TensorName& name, std::string_view architecture) {
  if (!name.layer) {
    std::string_view role = name.role;
    if (role == "encoder.final_layer_norm" && architecture.starts_with("t5")) return "enc.output_norm";
    if (role == "decoder.final_layer_norm" && architecture.starts_with("t5")) return "dec.output_norm";
    if (role.starts_with("encoder.")) role.remove_prefix(8);
    const auto found = find_role(kModelRoles, role);
    return found ? std::optional(std::string(*found)) : std::nullopt;
  }
  const bool has_two_stacks = architecture.starts_with("t5");
  if (has_two_stacks && name.stack == TensorName::Stack::kDecoder && name.role == "layer.1.layer_norm") {
    return fmt::format("dec.blk.{}.cross_attn_norm", *name.layer);
  }
  const auto exception = std::ranges::find_if(kExceptions, [&](const Exception& entry) {
    return entry.role == name.role && has_word(entry.architectures, architecture);
  });
  const auto found =
      exception != kExceptions.end() ? std::optional(exception->gguf) : find_role(kLayerRoles, name.role);
  if (!found) return std::nullopt;
  const std::string_view stack = !has_two_stacks                             ? "blk"
                                 : name.stack == TensorName::Stack::kEncoder ? "enc.blk"
                                                                             : "dec.blk";
  return fmt::format("{}.{}.{}", stack, *name.layer, *found);
}

}  // namespace rocmforge::convert
