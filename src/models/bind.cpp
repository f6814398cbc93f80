#include "models/bind.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "models/decoder.h"

namespace rocmforge::models {
namespace {

constexpr const char* kWidth = "embedding_length";

ops::Norm bind_norm(const NormSpec& spec, const std::string& name, Extent size, TensorSource& tensors) {
  ops::Norm norm;
  norm.kind = spec.kind;
  norm.epsilon = spec.epsilon;
  norm.weights = static_cast<int>(size.size);
  norm.weight = tensors.vector(name + ".weight", {size});
  if (spec.has_bias) norm.bias = tensors.vector(name + ".bias", {size});
  return norm;
}

// ---- Attention ----

// Queries, keys and values: three matrices, or the rows of one.
void bind_query_key_value(const AttentionSpec& spec, int width, const std::string& block, TensorSource& tensors,
                          AttentionLayer& layer) {
  const std::int64_t query = static_cast<std::int64_t>(spec.heads) * spec.key_size;
  const std::int64_t key = static_cast<std::int64_t>(spec.kv_heads) * spec.key_size;
  const std::int64_t value = static_cast<std::int64_t>(spec.kv_heads) * spec.value_size;
  const Extent in = {width, kWidth};
  if (spec.is_stored_fused || tensors.has(block + "attn_qkv.weight")) {
    const Extent all = {query + key + value, "queries, keys and values of all heads"};
    const auto part = [&](std::int64_t first, std::int64_t count) {
      return ops::Linear{
          tensors.matrix(block + "attn_qkv.weight", {in, all}, Need::kRequired, {first, count}),
          tensors.vector(block + "attn_qkv.bias", {all}, spec.qkv_bias, {first, count}),
      };
    };
    layer.query = part(0, query);
    layer.key = part(query, key);
    layer.value = part(query + key, value);
    return;
  }
  const auto own = [&](const char* name, Extent rows) {
    return ops::Linear{tensors.matrix(block + name + ".weight", {in, rows}),
                       tensors.vector(block + name + ".bias", {rows}, spec.qkv_bias)};
  };
  layer.query = own("attn_q", {query, "attention.head_count × key_length"});
  layer.key = own("attn_k", {key, "attention.head_count_kv × key_length"});
  layer.value = own("attn_v", {value, "attention.head_count_kv × value_length"});
}

AttentionLayer bind_attention(const DecoderSpec& model, const AttentionSpec& spec, const std::string& block,
                              TensorSource& tensors, RopeTable& ropes) {
  AttentionLayer layer;
  bind_query_key_value(spec, model.width, block, tensors, layer);
  const Extent mixed = {static_cast<std::int64_t>(spec.heads) * spec.value_size, "attention.head_count × value_length"};
  layer.output = {tensors.matrix(block + "attn_output.weight", {mixed, {model.width, kWidth}}),
                  tensors.vector(block + "attn_output.bias", {{model.width, kWidth}}, spec.output_bias)};
  ops::Attention& attention = layer.attention;
  attention.heads = spec.heads;
  attention.kv_heads = spec.kv_heads;
  attention.key_size = spec.key_size;
  attention.value_size = spec.value_size;
  attention.scale = spec.scale;
  attention.window = spec.window;
  attention.is_causal = spec.is_causal;
  attention.soft_cap = spec.soft_cap;
  if (spec.has_sinks) {
    attention.sinks = tensors.vector(block + "attn_sinks.weight", {{spec.heads, "attention.head_count"}});
  }
  if (spec.query_key_norm == QueryKeyNorm::kPerHead) {
    const NormSpec norm{model.norm.kind, model.norm.epsilon, false};
    const Extent head = {spec.key_size, "attention.key_length"};
    attention.query_norm = bind_norm(norm, block + "attn_q_norm", head, tensors);
    attention.key_norm = bind_norm(norm, block + "attn_k_norm", head, tensors);
    attention.query_norm.group = attention.key_norm.group = spec.key_size;
  }
  if (spec.rope) {
    attention.pairing = spec.rope->pairing;
    layer.rope = ropes.number_of(*spec.rope);
  }
  return layer;
}

// Older files hold one matrix for keys and values, a head after the other. It is taken apart, and the keys' part turned
// over, so that queries can be brought to the latent space.
void bind_joint_key_value(const LatentAttentionSpec& spec, const std::string& name, TensorSource& tensors,
                          LatentAttentionLayer& layer) {
  const int rows = spec.plain_size + spec.value_size;
  const std::vector<float> joint =
      tensors.numbers(name, {{spec.kv_rank, "attention.kv_lora_rank"},
                             {static_cast<std::int64_t>(spec.heads) * rows, "keys and values of all heads"}});
  if (joint.empty()) return;  // the tensors are listed or checked, not taken
  const auto rank = static_cast<std::size_t>(spec.kv_rank);
  std::vector<float> keys;
  std::vector<float> values;
  keys.reserve(static_cast<std::size_t>(spec.heads * spec.plain_size) * rank);
  values.reserve(static_cast<std::size_t>(spec.heads * spec.value_size) * rank);
  for (int head = 0; head < spec.heads; ++head) {
    const float* of_head = joint.data() + static_cast<std::size_t>(head) * static_cast<std::size_t>(rows) * rank;
    for (std::size_t c = 0; c < rank; ++c) {
      for (int n = 0; n < spec.plain_size; ++n) keys.push_back(of_head[static_cast<std::size_t>(n) * rank + c]);
    }
    const float* of_values = of_head + static_cast<std::size_t>(spec.plain_size) * rank;
    values.insert(values.end(), of_values, of_values + static_cast<std::size_t>(spec.value_size) * rank);
  }
  layer.key_up = tensors.own_matrix(std::move(keys), spec.plain_size, spec.kv_rank, spec.heads);
  layer.value_up = tensors.own_matrix(std::move(values), spec.kv_rank, spec.value_size, spec.heads);
}

void bind_latent_queries(const DecoderSpec& model, const LatentAttentionSpec& spec, const std::string& block,
                         TensorSource& tensors, LatentAttentionLayer& layer) {
  const Extent in = {model.width, kWidth};
  const Extent queries = {static_cast<std::int64_t>(spec.heads) * (spec.plain_size + spec.rope_size),
                          "attention.head_count × key_length_mla"};
  if (spec.query_rank == 0) {
    layer.query = {tensors.matrix(block + "attn_q.weight", {in, queries})};
    return;
  }
  const Extent rank = {spec.query_rank, "attention.q_lora_rank"};
  layer.query_down = {tensors.matrix(block + "attn_q_a.weight", {in, rank})};
  layer.query_norm = bind_norm({ops::NormKind::kRms, spec.norm_epsilon}, block + "attn_q_a_norm", rank, tensors);
  layer.query = {tensors.matrix(block + "attn_q_b.weight", {rank, queries})};
}

LatentAttentionLayer bind_latent_attention(const DecoderSpec& model, const LatentAttentionSpec& spec,
                                           const std::string& block, TensorSource& tensors, RopeTable& ropes) {
  LatentAttentionLayer layer;
  layer.spec = spec;
  bind_latent_queries(model, spec, block, tensors, layer);
  const Extent rank = {spec.kv_rank, "attention.kv_lora_rank"};
  const Extent cached = {spec.cached_size(), "attention.kv_lora_rank + rope.dimension_count"};
  layer.key_value_down = {tensors.matrix(block + "attn_kv_a_mqa.weight", {{model.width, kWidth}, cached})};
  layer.key_value_norm = bind_norm({ops::NormKind::kRms, spec.norm_epsilon}, block + "attn_kv_a_norm", rank, tensors);
  const Extent heads = {spec.heads, "attention.head_count"};
  const Extent plain = {spec.plain_size, "key_length_mla less rope.dimension_count"};
  const Extent values = {spec.value_size, "attention.value_length_mla"};
  if (tensors.has(block + "attn_kv_b.weight")) {
    bind_joint_key_value(spec, block + "attn_kv_b.weight", tensors, layer);
  } else {
    layer.key_up = tensors.matrix(block + "attn_k_b.weight", {plain, rank, heads});
    layer.value_up = tensors.matrix(block + "attn_v_b.weight", {rank, values, heads});
  }
  const Extent mixed = {static_cast<std::int64_t>(spec.heads) * spec.value_size,
                        "attention.head_count × value_length_mla"};
  layer.output = {tensors.matrix(block + "attn_output.weight", {mixed, {model.width, kWidth}})};

  ops::Attention& attention = layer.attention;
  attention.heads = spec.heads;
  attention.kv_heads = 1;
  attention.key_size = spec.cached_size();
  attention.value_size = spec.kv_rank;
  attention.scale = spec.scale;
  attention.temperature = spec.temperature;
  attention.temperature_length = spec.temperature_length;
  attention.rope_offset = spec.kv_rank;
  if (spec.rope) {
    attention.pairing = spec.rope->pairing;
    layer.rope = ropes.number_of(*spec.rope);
  }
  return layer;
}

// ---- Recurrence ----

Mamba2Layer bind_mamba2(const DecoderSpec& model, const Mamba2Spec& spec, const std::string& block,
                        TensorSource& tensors) {
  Mamba2Layer layer;
  layer.spec = spec;
  const Extent width = {model.width, kWidth};
  const Extent inner = {spec.inner, "ssm.inner_size"};
  const Extent channels = {spec.channels(), "ssm.inner_size + 2 × group_count × state_size"};
  const Extent heads = {spec.heads, "ssm.time_step_rank"};
  const Extent in = {spec.inner + spec.channels() + spec.heads,
                     "2 × ssm.inner_size + 2 × group_count × state_size + time_step_rank"};
  layer.in = {tensors.matrix(block + "ssm_in.weight", {width, in})};
  layer.convolution = {
      .channels = spec.channels(),
      .taps = spec.taps,
      .weight = tensors.vector(block + "ssm_conv1d.weight", {{spec.taps, "ssm.conv_kernel"}, channels}),
      .bias = tensors.vector(block + "ssm_conv1d.bias", {channels})};
  layer.mamba = {.heads = spec.heads,
                 .head_size = spec.inner / spec.heads,
                 .groups = spec.groups,
                 .state_size = spec.state_size,
                 .dt_bias = tensors.vector(block + "ssm_dt.bias", {heads}),
                 .a = tensors.vector(block + "ssm_a", {{1, "1"}, heads}),
                 .d = tensors.vector(block + "ssm_d", {{1, "1"}, heads})};
  const Extent in_group = {spec.inner / spec.groups, "ssm.inner_size / group_count"};
  layer.norm = {.kind = ops::NormKind::kRms,
                .weight = tensors.vector(block + "ssm_norm.weight", {in_group, {spec.groups, "ssm.group_count"}}),
                .epsilon = spec.norm_epsilon,
                .group = spec.inner / spec.groups,
                .weights = spec.inner};
  layer.out = {tensors.matrix(block + "ssm_out.weight", {inner, width})};
  return layer;
}

// ---- Feed-forward ----

// The names of gate, up and down end alike: "", "_shexp" or "_exps"; `count` is of the last kind.
ops::FeedForward bind_matrices(const FeedForwardSpec& spec, const std::string& block, const char* ending, Extent width,
                               Extent hidden, Need bias, TensorSource& tensors, Extent count = {0, ""}) {
  const auto linear = [&](const char* name, Extent in, Extent out) {
    const std::string full = block + name + ending;
    if (count.size == 0) {
      return ops::Linear{tensors.matrix(full + ".weight", {in, out}), tensors.vector(full + ".bias", {out}, bias)};
    }
    return ops::Linear{tensors.matrix(full + ".weight", {in, out, count}),
                       tensors.vector(full + ".bias", {out, count}, bias)};
  };
  ops::FeedForward ffn;
  ffn.activation = spec.activation;
  if (spec.is_gated) ffn.gate = linear("ffn_gate", width, hidden);
  ffn.up = linear("ffn_up", width, hidden);
  ffn.down = linear("ffn_down", hidden, width);
  return ffn;
}

// ffn_up holds the rows of the gate, then those of up.
ops::FeedForward bind_fused_gate(const FeedForwardSpec& spec, const std::string& block, Extent width,
                                 TensorSource& tensors) {
  const Extent both = {std::int64_t{2} * spec.width, "2 × feed_forward_length"};
  const auto half = [&](std::int64_t first) {
    return ops::Linear{tensors.matrix(block + "ffn_up.weight", {width, both}, Need::kRequired, {first, spec.width})};
  };
  return {half(0),
          half(spec.width),
          {tensors.matrix(block + "ffn_down.weight", {{spec.width, "feed_forward_length"}, width})},
          spec.activation};
}

// Gate and up of all experts may be one tensor: an expert's gate, then its up.
ops::FeedForward bind_experts(const FeedForwardSpec& spec, const std::string& block, Extent width,
                              TensorSource& tensors) {
  const ExpertsSpec& experts = *spec.experts;
  const Extent hidden = {experts.width, "expert_feed_forward_length"};
  const Extent count = {experts.count, "expert_count"};
  const std::string fused = block + "ffn_gate_up_exps.weight";
  if (!tensors.has(fused)) {
    return bind_matrices(spec, block, "_exps", width, hidden, experts.has_biases ? Need::kRequired : Need::kNever,
                         tensors, count);
  }
  const Extent both = {std::int64_t{2} * experts.width, "2 × expert_feed_forward_length"};
  ops::FeedForward ffn;
  ffn.activation = spec.activation;
  ffn.gate = {tensors.matrix(fused, {width, both, count}, Need::kRequired, {0, experts.width})};
  ffn.up = {tensors.matrix(fused, {width, both, count}, Need::kRequired, {experts.width, experts.width})};
  ffn.down = {tensors.matrix(block + "ffn_down_exps.weight", {hidden, width, count})};
  return ffn;
}

void bind_mixture(const FeedForwardSpec& spec, const std::string& block, Extent width, TensorSource& tensors,
                  FeedForwardLayer& layer) {
  const ExpertsSpec& experts = *spec.experts;
  const Extent count = {experts.count, "expert_count"};
  const Need bias = experts.has_biases ? Need::kRequired : Need::kNever;
  layer.router_product = {tensors.matrix(block + "ffn_gate_inp.weight", {width, count}),
                          tensors.vector(block + "ffn_gate_inp.bias", {count}, bias)};
  layer.router = {.experts = experts.count,
                  .used = experts.used,
                  .gating = experts.gating,
                  .selection_bias = tensors.vector(block + "exp_probs_b.bias", {count}, experts.selection_bias),
                  .groups = experts.groups,
                  .groups_used = experts.groups_used,
                  .renormalize = experts.renormalizes,
                  .scale = experts.scale};
  layer.experts = bind_experts(spec, block, width, tensors);
  if (experts.shared_width == 0) return;
  const Extent shared = {experts.shared_width, "width of the shared expert"};
  layer.shared = bind_matrices(spec, block, "_shexp", width, shared, Need::kNever, tensors);
  if (experts.shared_gate) {
    layer.shared_gate = {tensors.matrix(block + "ffn_gate_inp_shexp.weight", {width, {1, "1"}})};
  }
}

FeedForwardLayer bind_feed_forward(const FeedForwardSpec& spec, const std::string& block, Extent width,
                                   TensorSource& tensors) {
  FeedForwardLayer layer;
  if (spec.experts) {
    bind_mixture(spec, block, width, tensors, layer);
  } else if (spec.is_stored_fused) {
    layer.dense = bind_fused_gate(spec, block, width, tensors);
  } else {
    layer.dense = bind_matrices(spec, block, "", width, {spec.width, "feed_forward_length"}, spec.bias, tensors);
  }
  return layer;
}

void bind_norms(const DecoderSpec& model, const LayerSpec& spec, const std::string& block, TensorSource& tensors,
                Layer& layer) {
  const auto norm = [&](const std::string& name) {
    return bind_norm(model.norm, block + name, {model.width, kWidth}, tensors);
  };
  if (spec.form == LayerForm::kPostNorm) {
    layer.mixer_post_norm = norm("attn_output_norm");
    layer.ffn_post_norm = norm("layer_output_norm");
    return;
  }
  layer.mixer_norm = norm("attn_norm");
  if (spec.ffn && spec.form == LayerForm::kSequential) layer.ffn_norm = norm(spec.ffn_norm);
  if (spec.has_post_norms) {
    layer.mixer_post_norm = norm("post_attention_norm");
    layer.ffn_post_norm = norm("post_ffw_norm");
  }
}

// A scale beside the table is one of products; what is looked up is multiplied by the number itself.
EmbeddingTable bind_table(const std::string& name, Extent width, Extent rows, Need need, float scale,
                          TensorSource& tensors) {
  EmbeddingTable table{tensors.matrix(name + ".weight", {width, rows}, need), scale};
  table.rows.scale = nullptr;
  if (!tensors.has(name + ".scale")) return table;
  const std::vector<float> values = tensors.numbers(name + ".scale", {{1, "1"}});
  if (!values.empty()) table.scale *= values.front();
  return table;
}

}  // namespace

int RopeTable::number_of(const RopeSpec& rope) {
  const auto found = std::ranges::find(ropes_, rope);
  if (found == ropes_.end()) ropes_.push_back(rope);
  return static_cast<int>(std::ranges::find(ropes_, rope) - ropes_.begin());
}

InputLayer bind_input(const DecoderSpec& spec, TensorSource& tensors) {
  const Extent width = {spec.width, kWidth};
  InputLayer input;
  input.tokens =
      bind_table("token_embd", width, {spec.vocabulary, "tokens"}, Need::kRequired, spec.embedding_scale, tensors);
  if (spec.learned_positions != Need::kNever) {
    const Extent positions = {spec.context, "context_length"};
    input.positions = bind_table("position_embd", width, positions, spec.learned_positions, 1, tensors);
  }
  if (spec.token_types != Need::kNever) {
    input.token_types = bind_table("token_types", width, {0, "any number"}, spec.token_types, 1, tensors);
  }
  if (spec.normalizes_embeddings) input.norm = bind_norm(spec.norm, "token_embd_norm", width, tensors);
  return input;
}

Layer bind_layer(const DecoderSpec& model, int number, TensorSource& tensors, RopeTable& ropes) {
  const LayerSpec& spec = model.layers[static_cast<std::size_t>(number)];
  const std::string block = fmt::format("blk.{}.", number);
  Layer layer;
  layer.run = layer_function(spec);
  layer.mix = mixer_function(spec);
  layer.feed_forward = feed_forward_function(spec);
  bind_norms(model, spec, block, tensors, layer);
  if (const auto* attention = std::get_if<AttentionSpec>(&spec.mixer)) {
    layer.mixer = bind_attention(model, *attention, block, tensors, ropes);
  } else if (const auto* latent = std::get_if<LatentAttentionSpec>(&spec.mixer)) {
    layer.mixer = bind_latent_attention(model, *latent, block, tensors, ropes);
  } else {
    layer.mixer = bind_mamba2(model, std::get<Mamba2Spec>(spec.mixer), block, tensors);
  }
  if (spec.ffn) layer.ffn = bind_feed_forward(*spec.ffn, block, {model.width, kWidth}, tensors);
  return layer;
}

OutputLayer bind_output(const DecoderSpec& spec, TensorSource& tensors) {
  OutputLayer output;
  if (spec.has_final_norm) output.norm = bind_norm(spec.norm, "output_norm", {spec.width, kWidth}, tensors);
  if (spec.output == OutputMatrix::kNone) return output;
  const bool is_tied =
      spec.output == OutputMatrix::kTied || (spec.output == OutputMatrix::kOwnOrTied && !tensors.has("output.weight"));
  output.logits = {tensors.matrix(is_tied ? "token_embd.weight" : "output.weight",
                                  {{spec.width, kWidth}, {spec.vocabulary, "rows of token_embd.weight"}}),
                   tensors.vector("output.bias", {{spec.vocabulary, "rows of token_embd.weight"}}, spec.output_bias)};
  return output;
}

}  // namespace rocmforge::models
