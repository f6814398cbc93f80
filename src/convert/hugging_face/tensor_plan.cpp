#include "convert/hugging_face/tensor_plan.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/hugging_face/computed_tensors.h"
#include "convert/hugging_face/model_sizes.h"
#include "convert/hugging_face/name_lists.h"
#include "convert/hugging_face/row_orders.h"
#include "convert/hugging_face/tensor_names.h"

namespace rocmforge::convert {
namespace {

using Kind = ValueChange::Kind;

class TensorPlanner {
 public:
  TensorPlanner(const Weights& weights, const Config& config, const std::string& architecture)
      : weights_(weights), config_(config), architecture_(architecture), sizes_(ModelSizes::of(config, architecture)) {}

  TensorPlan plan() {
    for (auto& [name, weight] : computed_tensors(config_, architecture_)) {
      add(name, View::of(*weight));
      plan_.computed.push_back(std::move(weight));
    }
    for (const auto& [name, weight] : weights_) place(*weight);
    finish_lists();
    finish_activations();
    return std::move(plan_);
  }

 private:
  // Weights that the checkpoint stores per expert or per head, and GGUF in one tensor.
  struct List {
    std::map<int, View> members;
  };

  void place(const Weight& weight) {
    TensorName name = TensorName::parse(weight.name());
    if (is_left_out(weight.name()) || is_unused(name)) return plan_.left_out.push_back(weight.name());
    if (place_activation(name, weight)) return;
    View view = View::of(weight);
    if (place_several(name, view)) return;
    const auto found = gguf_name(name, architecture_);
    if (!found) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("tensor '{}' has no name in GGUF files of the architecture '{}'",
                              printable(weight.name()), architecture_),
                  "the checkpoint may be of another model than its config.json says");
    }
    const std::string suffix = found->substr(found->rfind('.') + 1);
    std::string full = *found + ending_of(name, suffix);
    view = changed_values(name, suffix, view);
    if (name.expert) {
      lists_[full].members[*name.expert] = view;
      return;
    }
    place_one(full, name, suffix, view);
  }

  bool is_unused(const TensorName& name) const {
    if (name.layer && static_cast<std::uint32_t>(*name.layer) >= sizes_.layers &&
        name.role.find("projections") == std::string::npos &&
        config_.count({"num_nextn_predict_layers"}).value_or(0) > 0) {
      return true;  // predictors of later tokens
    }
    const bool is_tied = config_.flag({"tie_word_embeddings"}).value_or(false) ||
                         is_one_of(architecture_, {"gemma", "gemma2", "gemma3", "command-r", "cohere2"});
    if (name.role == "lm_head" && (is_tied || architecture_ == "bert")) return true;
    if (architecture_.starts_with("t5") && !name.layer && name.role.ends_with("embed_tokens")) return true;
    if (architecture_ == "t5encoder" && (name.full.starts_with("decoder.") || name.role == "lm_head")) return true;
    if (architecture_ == "modern-bert" && (name.role.starts_with("head.") || name.role.starts_with("decoder")))
      return true;
    return is_one_of(architecture_, {"bert", "jina-bert-v2"}) &&
           (name.role.starts_with("lm_head") || name.role.starts_with("vocab_"));
  }

  std::string ending_of(const TensorName& name, std::string_view suffix) const {
    if (suffix == "scale") return "";
    if (suffix == "ssm_a" || suffix == "ssm_d") return "";
    if (suffix == "exp_probs_b") return architecture_ == "hy_v3" ? "" : ".bias";
    if (architecture_ == "falcon-h1" && suffix == "ffn_norm") return "";
    if (name.role.ends_with("dt_bias")) return ".bias";
    return name.ending.empty() ? ".weight" : name.ending;
  }

  View changed_values(const TensorName& name, std::string_view suffix, const View& view) const {
    if (suffix == "ssm_a") return view.changed(Kind::kNegativeExponential);
    const bool is_norm = suffix.ends_with("norm") && name.ending == ".weight";
    const bool adds_one = is_one_of(architecture_, {"gemma", "gemma2", "gemma3", "gemma-embedding", "nemotron"}) ||
                          (is_one_of(architecture_, {"qwen3next", "qwen35", "qwen35moe"}) && suffix != "ssm_norm");
    if (is_norm && adds_one) return view.changed(Kind::kAdd, 1);
    if (architecture_ == "falcon-h1") return multiplied(suffix, view);
    return view;
  }

  // In GGUF files Falcon H1's multipliers are part of the weights. Those of the input projection differ between its
  // parts.
  View multiplied(std::string_view suffix, const View& view) const {
    const auto by = [&](std::initializer_list<std::string_view> key) {
      return view.changed(Kind::kMultiply, config_.number(key).value_or(1));
    };
    if (suffix == "token_embd") return by({"embedding_multiplier"});
    if (suffix == "output") return by({"lm_head_multiplier"});
    if (suffix == "attn_k") {
      return view.changed(Kind::kMultiply, config_.number({"key_multiplier"}).value_or(1) *
                                               config_.number({"attention_in_multiplier"}).value_or(1));
    }
    if (suffix == "attn_q" || suffix == "attn_v") return by({"attention_in_multiplier"});
    if (suffix == "attn_output") return by({"attention_out_multiplier"});
    if (suffix == "ssm_out") return by({"ssm_out_multiplier"});
    const auto mlp = config_.numbers({"mlp_multipliers"}).value_or(std::vector<float>{1, 1});
    if (suffix == "ffn_gate" && mlp.size() == 2) return view.changed(Kind::kMultiply, mlp[0]);
    if (suffix == "ffn_down" && mlp.size() == 2) return view.changed(Kind::kMultiply, mlp[1]);
    return view;
  }

  std::string layer_tensor(const TensorName& name, std::string_view suffix, std::string_view ending = ".weight") const {
    return fmt::format("blk.{}.{}{}", name.layer.value_or(0), suffix, ending);
  }

  // Handles weights that become several tensors in GGUF files.
  bool place_several(const TensorName& name, const View& view) {
    const RowOrders orders(config_, sizes_, architecture_);
    const std::string& role = name.role;
    const std::string ending = name.ending.empty() ? ".weight" : name.ending;
    std::vector<NamedView> parts;
    if (role == "attention.wqkv") {
      parts = orders.grouped_query_key_value(view);
    } else if (role == "self_attn.W_pack") {
      parts = orders.stacked_query_key_value(view);
    } else if (role == "self_attn.kv_b_proj" && is_one_of(architecture_, {"deepseek2", "deepseek32", "kimi-linear"})) {
      parts = orders.latent_key_value(view);
    } else if (role == "linear_attn.in_proj_qkvz") {
      parts = orders.delta_inputs(view);
    } else if (role.ends_with("experts.gate_up_proj") || role == "block_sparse_moe.input_linear") {
      if (architecture_ == "gemma4") return false;
      parts = orders.expert_gate_up(view);
    } else if (role == "shared_mlp.input_linear") {
      parts = orders.halves(view, "ffn_gate_shexp", "ffn_up_shexp");
    } else if (role == "mlp.gate_up_proj" && is_one_of(architecture_, {"granitehybrid"})) {
      parts = orders.halves(view, "ffn_gate", "ffn_up");
    } else if (role == "router.scale" || role == "router.per_expert_scale") {
      add(layer_tensor(name, role == "router.scale" ? "ffn_gate_inp" : "ffn_down_exps", ".scale"), view);
      return true;
    } else {
      return false;
    }
    for (const NamedView& part : parts) add(layer_tensor(name, part.suffix, ending), part.pieces);
    return true;
  }

  void place_one(const std::string& full, const TensorName& name, std::string_view suffix, const View& view) {
    const RowOrders orders(config_, sizes_, architecture_);
    add(full, orders.reordered(suffix, name.role, view));
  }

  // Apertus stores the parameters of its activation as tensors of one number.
  bool place_activation(const TensorName& name, const Weight& weight) {
    if (architecture_ != "apertus" || !name.role.starts_with("mlp.act_fn.")) return false;
    if (weight.count() != 1 || !name.layer || static_cast<std::uint32_t>(*name.layer) >= sizes_.layers) {
      throw error(ErrorCode::kMalformed, "tensor '{}' is {}, expected one number", printable(weight.name()),
                  to_string(weight.shape()));
    }
    std::vector<float>& values = activation_[name.role.substr(11)];
    values.resize(sizes_.layers);
    weight.read(0, 1, std::span(&values[static_cast<std::size_t>(*name.layer)], 1));
    return true;
  }
  void finish_activations() {
    for (const auto& [name, values] : activation_) plan_.keys.set_array("xielu." + name, values);
  }

  void finish_lists() {
    for (auto& [full, list] : lists_) {
      std::vector<View> pieces;
      for (const auto& [number, view] : list.members) {
        if (number != static_cast<int>(pieces.size())) {
          throw error(ErrorCode::kMalformed, "number {} of '{}' is missing; the next that is there is '{}'",
                      pieces.size(), full, printable(view.weight->name()));
        }
        if (view.shape() != list.members.begin()->second.shape()) {
          throw error(ErrorCode::kMalformed, "tensor '{}' is {}, expected {} as '{}' is",
                      printable(view.weight->name()), to_string(view.shape()),
                      to_string(list.members.begin()->second.shape()),
                      printable(list.members.begin()->second.weight->name()));
        }
        pieces.push_back(view);
        pieces.back().axes.insert(pieces.back().axes.begin(), {1, 0});
      }
      add(full, std::move(pieces));
    }
  }

  void add(const std::string& name, View view) { add(name, std::vector{std::move(view)}); }

  void add(const std::string& name, std::vector<View> pieces) {
    std::vector<std::uint64_t> shape = RowOrders(config_, sizes_, architecture_).final_shape(name, pieces);
    const bool is_empty = std::ranges::find(shape, std::uint64_t{0}) != shape.end();
    if (shape.size() > gguf::kMaxDimensions || is_empty) {
      throw error(ErrorCode::kMalformed, "tensor '{}' is {}, expected one to four dimensions, none of them 0",
                  printable(pieces.front().weight->name()), to_string(pieces.front().weight->shape()));
    }
    std::ranges::reverse(shape);
    const auto same = std::ranges::find(plan_.tensors, name, &PlannedOutput::name);
    if (same != plan_.tensors.end()) {
      throw error(ErrorCode::kMalformed, "tensors '{}' and '{}' would both become '{}'",
                  printable(same->pieces.front().weight->name()), printable(pieces.front().weight->name()), name);
    }
    plan_.tensors.push_back({name, gguf::Shape(shape), std::move(pieces)});
  }

  const Weights& weights_;
  const Config& config_;
  const std::string& architecture_;
  ModelSizes sizes_;
  std::map<std::string, List> lists_;
  std::map<std::string, std::vector<float>> activation_;
  TensorPlan plan_;
};

// Calls visit(piece, first value in the piece, number of values) for each part of a run of the tensor's values.
template <typename Visit>
void for_pieces(const std::vector<View>& pieces, std::uint64_t begin, std::uint64_t values, Visit visit) {
  for (const View& piece : pieces) {
    const std::uint64_t count = piece.count();
    if (begin >= count) {
      begin -= count;
      continue;
    }
    const std::uint64_t run = std::min(count - begin, values);
    visit(piece, begin, run);
    begin = 0;
    values -= run;
    if (values == 0) return;
  }
}

}  // namespace

void PlannedOutput::read(std::uint64_t begin, std::span<float> out) const {
  for_pieces(pieces, begin, out.size(), [&](const View& piece, std::uint64_t first, std::uint64_t run) {
    piece.read(first, out.first(run));
    out = out.subspan(run);
  });
}

void PlannedOutput::read_blocks(std::uint64_t begin, std::uint64_t values, std::span<std::byte> out) const {
  for_pieces(pieces, begin, values, [&](const View& piece, std::uint64_t first, std::uint64_t run) {
    const std::uint64_t bytes = gguf::row_bytes(own_format(), run);
    piece.read_blocks(first, run, out.first(bytes));
    out = out.subspan(bytes);
  });
}

const quant::Format& PlannedOutput::own_format() const {
  const quant::Format& first = pieces.front().weight->format();
  bool agree = true, keep = true;
  for (const View& piece : pieces) {
    agree &= &piece.weight->format() == &first;
    keep &= piece.keeps_blocks(first);
  }
  if (!agree) return quant::format_of(quant::FormatId::kF32);
  if (first.is_plain_float()) return first;
  const bool fits = keep && shape.row_length() % first.block_values == 0;
  return fits ? first : quant::format_of(quant::FormatId::kBF16);
}

TensorPlan plan_tensors(const Weights& weights, const Config& config, const std::string& architecture) {
  return TensorPlanner(weights, config, architecture).plan();
}

}  // namespace rocmforge::convert
