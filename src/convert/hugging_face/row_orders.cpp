#include "convert/hugging_face/row_orders.h"

#include <algorithm>
#include <initializer_list>

#include "base/error.h"
#include "base/text.h"
#include "convert/hugging_face/name_lists.h"
#include "convert/hugging_face/safetensors.h"

namespace rocmforge::convert {
namespace {

View squeezed(const View& view, std::size_t axis) {
  View result = view.part(axis, 0, 1);
  if (view.axes[axis].size != 1) {
    throw error(ErrorCode::kMalformed, "tensor '{}' is {}, expected 1 in dimension {}", printable(view.weight->name()),
                to_string(view.weight->shape()), axis);
  }
  result.axes.erase(result.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  return result;
}

}  // namespace

bool RowOrders::rotates_pairs() const {
  return is_one_of(architecture_, {"llama", "granite", "granitemoe", "granitehybrid", "arcee", "smollm3", "internlm2",
                                   "minicpm", "mistral3", "deepseek", "olmo", "baichuan"});
}

View RowOrders::rotary_pairs(const View& view, std::uint64_t heads) const {
  // [heads, 2, half, ...] -> [heads, half, 2, ...]
  return view.split(0, heads).split(1, 2).exchanged(1, 2);
}

std::vector<View> RowOrders::reordered(std::string_view suffix, std::string_view role, const View& view) const {
  if (rotates_pairs() && suffix == "attn_q") return {rotary_pairs(view, sizes_.heads)};
  if (rotates_pairs() && suffix == "attn_k") return {rotary_pairs(view, sizes_.kv_heads)};
  if (is_one_of(architecture_, {"gptneox", "bloom"}) && suffix == "attn_qkv") return interleaved_heads(view);
  if (architecture_ == "falcon" && suffix == "attn_qkv") return falcon_heads(view);
  if (architecture_ == "falcon-h1" && suffix == "ssm_in") return scaled_ssm_input(view);
  if (architecture_ == "gpt2" && view.axes.size() == 2 &&
      (role == "attn.c_attn" || role == "attn.c_proj" || role == "mlp.c_fc" || role == "mlp.c_proj")) {
    return {view.exchanged(0, 1)};
  }
  if (is_one_of(suffix, {"ssm_conv1d", "conv", "ssm_conv1d_q", "ssm_conv1d_k", "ssm_conv1d_v"}) &&
      view.axes.size() == 3) {
    const View channels = squeezed(view, 1);
    return is_one_of(architecture_, {"qwen35", "qwen35moe"}) ? delta_values(suffix, channels) : std::vector{channels};
  }
  if (is_one_of(architecture_, {"qwen35", "qwen35moe"})) return delta_values(suffix, view);
  if (architecture_ == "dbrx" && suffix.ends_with("_exps")) {
    const View experts = view.split(0, count({"ffn_config.moe_num_experts"}));
    return {suffix == "ffn_down_exps" ? experts.exchanged(1, 2) : experts};
  }
  // Some checkpoints keep the experts in one tensor with inputs before outputs.
  const bool is_down = suffix == "ffn_down_exps" && view.axes.size() == 3;
  const bool is_transposed = is_down && view.axes[1].size != sizes_.width;
  const bool may_be_either = is_down && view.axes[1].size == view.axes[2].size;
  const bool is_float_of_transposing =
      is_one_of(architecture_, {"llama4", "qwen3vlmoe", "gpt-oss"}) && view.weight->format().is_plain_float();
  if (is_transposed || (may_be_either && is_float_of_transposing)) return {view.exchanged(1, 2)};
  if (role.ends_with("embeddings.position_embeddings") &&
      config_.text({"model_type"}).value_or("").find("roberta") != std::string::npos) {
    const std::uint64_t unused = config_.count({"pad_token_id"}).value_or(1) + 1;
    return {view.part(0, unused, view.axes[0].size - std::min(unused, view.axes[0].size))};
  }
  return {view};
}

std::vector<View> RowOrders::interleaved_heads(const View& view) const {
  // [heads, 3, width, ...] -> [3, heads, width, ...]
  const View heads = view.split(0, sizes_.heads).split(1, 3);
  return {heads.exchanged(0, 1)};
}

std::vector<View> RowOrders::falcon_heads(const View& view) const {
  std::vector<View> pieces;
  for (NamedView& part : grouped_query_key_value(view)) pieces.push_back(std::move(part.pieces.front()));
  return pieces;
}

std::vector<NamedView> RowOrders::grouped_query_key_value(const View& view) const {
  const std::uint64_t per_group = sizes_.kv_heads == 0 ? 0 : sizes_.heads / sizes_.kv_heads;
  const View groups = view.split(0, sizes_.kv_heads).split(1, per_group + 2);
  const auto pairs = [&](const View& part) { return rotates_pairs() ? part.split(2, 2).exchanged(2, 3) : part; };
  return {{"attn_q", {pairs(groups.part(1, 0, per_group))}},
          {"attn_k", {pairs(groups.part(1, per_group, 1))}},
          {"attn_v", {groups.part(1, per_group + 1, 1)}}};
}

std::vector<NamedView> RowOrders::stacked_query_key_value(const View& view) const {
  const View parts = view.split(0, 3);
  const auto part = [&](std::uint64_t number) {
    View third = parts.part(0, number, 1);
    third.axes.erase(third.axes.begin());
    return third;
  };
  return {{"attn_q", {rotary_pairs(part(0), sizes_.heads)}},
          {"attn_k", {rotary_pairs(part(1), sizes_.kv_heads)}},
          {"attn_v", {part(2)}}};
}

std::vector<NamedView> RowOrders::latent_key_value(const View& view) const {
  const std::uint64_t key = count({"qk_nope_head_dim"});
  const std::uint64_t value = count({"v_head_dim"});
  const View heads = view.split(0, sizes_.heads);
  return {{"attn_k_b", {heads.part(1, 0, key).exchanged(1, 2)}}, {"attn_v_b", {heads.part(1, key, value)}}};
}

std::vector<NamedView> RowOrders::delta_inputs(const View& view) const {
  const std::uint64_t key_heads = count({"linear_num_key_heads"});
  const std::uint64_t key = count({"linear_key_head_dim"});
  const std::uint64_t values =
      count({"linear_num_value_heads"}) / std::max<std::uint64_t>(key_heads, 1) * count({"linear_value_head_dim"});
  const View heads = view.split(0, key_heads);
  return {{"attn_qkv", {heads.part(1, 0, key), heads.part(1, key, key), heads.part(1, 2 * key, values)}},
          {"attn_gate", {heads.part(1, 2 * key + values, values)}}};
}

std::vector<NamedView> RowOrders::expert_gate_up(const View& view) const {
  const bool is_bias = view.axes.size() == 2;
  const bool is_square = !is_bias && view.axes.size() > 2 && view.axes[1].size == view.axes[2].size;
  const bool transposes =
      is_one_of(architecture_, {"llama4", "qwen3vlmoe", "gpt-oss"}) && view.weight->format().is_plain_float();
  const bool is_transposed =
      !is_bias && view.axes.size() == 3 &&
      (is_square ? transposes : view.axes[1].size == sizes_.width && (view.axes[2].size != sizes_.width));
  const View rows = is_transposed ? view.exchanged(1, 2) : view;
  if (architecture_ == "gpt-oss") {
    return {{"ffn_gate_exps", {rows.every(1, 0, 2)}}, {"ffn_up_exps", {rows.every(1, 1, 2)}}};
  }
  const std::uint64_t half = rows.axes.size() < 2 ? 0 : rows.axes[1].size / 2;
  return {{"ffn_gate_exps", {rows.part(1, 0, half)}}, {"ffn_up_exps", {rows.part(1, half, half)}}};
}

std::vector<NamedView> RowOrders::halves(const View& view, std::string_view first, std::string_view second) const {
  const std::uint64_t half = view.axes[0].size / 2;
  return {{std::string(first), {view.part(0, 0, half)}}, {std::string(second), {view.part(0, half, half)}}};
}

std::vector<View> RowOrders::delta_values(std::string_view suffix, const View& view) const {
  const std::uint64_t key_heads = count({"linear_num_key_heads"});
  const std::uint64_t per_key = count({"linear_num_value_heads"}) / std::max<std::uint64_t>(key_heads, 1);
  if (per_key <= 1) return {view};
  // [key heads, per key, ...] -> [per key, key heads, ...]
  const auto by_number = [&](const View& values, std::size_t axis) {
    return values.split(axis, key_heads).split(axis + 1, per_key).exchanged(axis, axis + 1);
  };
  if (suffix == "attn_qkv" || suffix == "ssm_conv1d") {
    const std::uint64_t keys = 2 * key_heads * count({"linear_key_head_dim"});
    const std::uint64_t rows = view.axes[0].size;
    return {view.part(0, 0, keys), by_number(view.part(0, keys, rows - std::min(keys, rows)), 0)};
  }
  if (is_one_of(suffix, {"attn_gate", "ssm_alpha", "ssm_beta", "ssm_a", "ssm_dt"})) return {by_number(view, 0)};
  if (suffix == "ssm_out") return {by_number(view, 1)};
  return {view};
}

std::vector<View> RowOrders::scaled_ssm_input(const View& view) const {
  const auto by = config_.numbers({"ssm_multipliers"}).value_or(std::vector<float>(5, 1));
  const float all = config_.number({"ssm_in_multiplier"}).value_or(1);
  const std::uint64_t inner = count({"mamba_d_ssm"});
  const std::uint64_t states = count({"mamba_n_groups"}) * count({"mamba_d_state"});
  const std::uint64_t sizes[] = {inner, inner, states, states, count({"mamba_n_heads"})};
  std::vector<View> pieces;
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < 5; begin += sizes[i], ++i) {
    pieces.push_back(
        view.part(0, begin, sizes[i]).changed(ValueChange::Kind::kMultiply, by.size() == 5 ? all * by[i] : all));
  }
  return pieces;
}

std::vector<std::uint64_t> RowOrders::final_shape(std::string_view name, const std::vector<View>& pieces) const {
  std::vector<std::uint64_t> shape = pieces.front().shape();
  std::uint64_t count = 0;
  for (const View& piece : pieces) count += piece.count();
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  if (is_one_of(architecture_, {"mamba2", "nemotron_h", "nemotron_h_moe", "granitehybrid", "falcon-h1"})) {
    if (ends("ssm_a") || ends("ssm_d")) return {count, 1};
    const std::uint64_t groups = std::max(config_.count({"n_groups", "mamba_n_groups"}).value_or(1), 1u);
    if (ends("ssm_norm.weight") && count % groups == 0) return {groups, count / groups};
  }
  if (architecture_ == "kimi-linear" && ends("ssm_a")) return {1, 1, count, 1};
  if (architecture_ == "kimi-linear" && name.find("ssm_conv1d_") != std::string_view::npos) {
    return {1, shape.front(), 1, shape.back()};
  }
  if (pieces.front().weight->shape().size() <= 1) return {count};
  std::uint64_t rest = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) rest *= shape[i];
  const bool stays = ends("_exps.weight") || ends("_b.weight") || ends("altup_proj.weight") ||
                     ends("altup_unembd_proj.weight") || shape.size() < 3;
  if (stays) {
    shape.front() = rest == 0 ? 0 : count / rest;
    return shape;
  }
  // Axes that were split for reordering become rows again, or columns if the columns were split.
  if (ends("ssm_out.weight")) return {shape.front(), shape.front() == 0 ? 0 : count / shape.front()};
  return {shape.back() == 0 ? 0 : count / shape.back(), shape.back()};
}

}  // namespace rocmforge::convert
