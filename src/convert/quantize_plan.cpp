#include "convert/quantize_plan.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::convert {
namespace {

using enum quant::FormatId;

// Tensors that no mix quantizes, because they are small or lose too much.
constexpr std::string_view kNeverQuantized[] = {
    "_norm.weight",
    "ffn_gate_inp.weight",
    "ffn_gate_tid2eid.weight",
    "altup",
    "laurel",
    "per_layer_model_proj",
    "ssm_conv1d",
    "shortconv.conv.weight",
    "indexer.k_proj.weight",
    "indexer.q_proj.weight",
    "time_mix_first.weight",
    "time_mix_w0.weight",
    "time_mix_w1.weight",
    "time_mix_w2.weight",
    "time_mix_v0.weight",
    "time_mix_v1.weight",
    "time_mix_v2.weight",
    "time_mix_a0.weight",
    "time_mix_a1.weight",
    "time_mix_a2.weight",
    "time_mix_g1.weight",
    "time_mix_g2.weight",
    "time_mix_decay_w1.weight",
    "time_mix_decay_w2.weight",
    "time_mix_lerp_fused.weight",
    "attn_rel_b.weight",
    ".position_embd",
    "sam.pos_embd",
    "sam.neck.",
    "sam.net_",
    ".rel_pos",
    ".patch_embd",
    ".patch_merger",
    "a.rvq.codebook",
    "mm.a.code_embd",
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_quantized(const SourceTensor& tensor, const PlanOptions& options) {
  const std::string_view name = tensor.name;
  if (tensor.format->is_integer() || tensor.shape.rows() < 2 || !name.ends_with("weight")) return false;
  if (name == "position_embd.weight" || name == "token_types.weight") return false;
  if (options.keep_output && name == "output.weight") return false;
  return std::ranges::none_of(kNeverQuantized, [&](std::string_view part) { return contains(name, part); });
}

// Returns N if the name begins with blk.N., else -1.
int block_number(std::string_view name) {
  if (!name.starts_with("blk.")) return -1;
  int number = -1;
  const auto [end, failure] = std::from_chars(name.data() + 4, name.data() + name.size(), number);
  const bool whole = failure == std::errc() && end != name.data() + name.size() && *end == '.';
  return whole ? number : -1;
}

bool is_class_70b(const ModelTraits& model) {
  const std::string& arch = model.architecture;
  const int layers = model.blocks - model.next_token_layers;
  if (arch == "llama" || arch == "llama-embed") {
    return layers == 80 && model.experts != 8 && model.heads != model.kv_heads;
  }
  if (arch == "deci" || arch == "qwen2" || arch == "olmo") return layers == 80;
  return arch == "jais2" && layers == 68;
}

bool imatrix_fits(Presence wanted, bool given) {
  return wanted == Presence::kEither || (wanted == Presence::kGiven) == given;
}

// Chooses the formats. Requires: the tensors are passed in the order in which the rules count them.
class Planner {
 public:
  Planner(std::span<const SourceTensor> tensors, const ModelTraits& model, const Target& target,
          const PlanOptions& options)
      : model_(model), target_(target), options_(options) {
    for (const SourceTensor& tensor : tensors) {
      has_output_ = has_output_ || tensor.name == "output.weight";
      attention_values_ += role_of(tensor.name) == Role::kAttnV ? 1 : 0;
    }
  }

  PlannedTensor plan(const SourceTensor& tensor) {
    PlannedTensor planned{tensor};
    planned.target = planned.source.format;
    if (!is_quantized(planned.source, options_)) return planned;
    const quant::Format* chosen = forced_format(planned.source);
    const bool by_mix = chosen == nullptr;
    if (by_mix) chosen = &quant::format_of(choose_by_mix(*target_.mix, planned.source));
    planned.target = fitting(planned.source, chosen);
    if (planned.target != chosen) planned.did_not_fit = chosen;
    planned.needs_importance = by_mix && needs_importance(planned);
    return planned;
  }

 private:
  // Returns the format that takes precedence over a mix's rules, or nullptr if the rules decide.
  const quant::Format* forced_format(const SourceTensor& tensor) const {
    const quant::Format& base = target_.base();
    if (base.is_plain_float()) return &base;
    for (const TensorRule& rule : options_.tensor_rules) {
      if (std::regex_search(tensor.name.begin(), tensor.name.end(), rule.pattern)) return rule.format;
    }
    return target_.mix == nullptr ? &base : nullptr;
  }

  quant::FormatId choose_by_mix(const Mix& mix, const SourceTensor& tensor) {
    const Role role = role_of(tensor.name);
    const bool is_moe_mix = mix.base == kMXFP4;
    if (role == Role::kOutput || (role == Role::kTokenEmbedding && !has_output_)) {
      const bool odd_rows = tensor.shape[0] % quant::format_of(mix.base).block_values != 0;
      return is_moe_mix || odd_rows || model_.architecture == "falcon" ? kQ8_0 : mix.output;
    }
    if (is_moe_mix) return tensor.shape[2] > 1 ? kMXFP4 : kQ8_0;
    if (role == Role::kTokenEmbedding) return mix.token_embedding.value_or(mix.base);
    quant::FormatId format = by_rules(mix, role, role_index(mix, role, tensor.name));
    if (role == Role::kAttnV && !mix.counts_always) {
      if (is_class_70b(model_) && (format == kQ3_K || format == kQ4_K)) format = kQ5_K;
      if (model_.experts == 8) format = kQ8_0;
    }
    return format;
  }

  quant::FormatId by_rules(const Mix& mix, Role role, int index) const {
    const int count = role == Role::kAttnV ? attention_values_ : model_.blocks;
    for (const Rule& rule : mix.rules) {
      if (rule.role == role && holds(rule.when, index, count)) return rule.format;
    }
    return mix.base;
  }

  bool holds(const Condition& when, int i, int n) const {
    return stands_at(when.position, i, n) && (!when.i_below || i < *when.i_below) &&
           (!when.gqa_min || model_.query_heads_per_kv_head() >= *when.gqa_min) &&
           (!when.experts || model_.experts == *when.experts) &&
           (!when.experts_min || model_.experts >= *when.experts_min) &&
           (!when.experts_not || model_.experts != *when.experts_not) &&
           imatrix_fits(when.imatrix, options_.has_imatrix) &&
           (when.arch.empty() || model_.architecture == when.arch) &&
           (when.arch_not.empty() || model_.architecture != when.arch_not);
  }

  // Returns the i of the rules: the number of preceding tensors of the role. For experts' FFN tensors it is the block's
  // number, because a block may have several. The mixes of the smallest formats count ffn_down in every case.
  int role_index(const Mix& mix, Role role, std::string_view name) {
    const int before = seen_[role]++;
    const bool is_ffn = role == Role::kFfnUp || role == Role::kFfnGate || role == Role::kFfnDown;
    if (!is_ffn || model_.experts <= 1 || (mix.counts_always && role == Role::kFfnDown)) return before;
    const int block = block_number(name);
    if (block < 0 || block >= model_.blocks) {
      throw error(ErrorCode::kMalformed,
                  "tensor '{}' belongs to none of the model's {} blocks; the mix's rules depend on the block",
                  printable(name), model_.blocks);
    }
    return block;
  }

  static const quant::Format* fitting(const SourceTensor& tensor, const quant::Format* format) {
    const auto fits = [&](const quant::Format& f) { return tensor.shape[0] % f.block_values == 0; };
    if (fits(*format)) return format;
    const auto second = fallback_of(format->id);
    return second && fits(quant::format_of(*second)) ? &quant::format_of(*second) : &quant::format_of(kF16);
  }

  // Token embeddings and the output have no importance values in most matrices and do not need them.
  bool needs_importance(const PlannedTensor& planned) const {
    const Role role = role_of(planned.source.name);
    if (planned.is_copied() || role == Role::kOutput || role == Role::kTokenEmbedding) return false;
    const bool smallest_k_mix = target_.mix->name == "Q2_K_S";
    return planned.target->needs_importance || (smallest_k_mix && planned.target->id == kQ2_K);
  }

  const ModelTraits& model_;
  const Target& target_;
  const PlanOptions& options_;
  bool has_output_ = false;
  int attention_values_ = 0;
  std::map<Role, int> seen_;
};

// Throws Error for a pattern that matches no tensor: it is probably misspelt, and the user expects it to take effect.
void refuse_idle_rules(std::span<const SourceTensor> tensors, const PlanOptions& options) {
  for (const TensorRule& rule : options.tensor_rules) {
    const auto fits = [&](const SourceTensor& tensor) {
      return std::regex_search(tensor.name.begin(), tensor.name.end(), rule.pattern);
    };
    if (std::ranges::none_of(tensors, fits)) {
      throw Error(ErrorCode::kUsage, fmt::format("--tensor '{}' fits no tensor", printable(rule.text)),
                  "`rocmforge inspect MODEL --tensors` lists their names");
    }
  }
}

std::vector<std::string_view> names_of_targets() {
  std::vector<std::string_view> names;
  for (const Mix& mix : mixes()) names.push_back(mix.name);
  for (const quant::Format& format : quant::formats()) {
    if (find_mix(format.name) == nullptr && !format.is_integer()) names.push_back(format.name);
  }
  return names;
}

// Returns the distinct formats of the tensors for which `fits` holds.
template <typename Fits>
std::vector<std::string_view> target_names(std::span<const PlannedTensor> tensors, Fits fits) {
  std::vector<std::string_view> names;
  for (const PlannedTensor& tensor : tensors) {
    if (fits(tensor) && std::ranges::find(names, tensor.target->name) == names.end())
      names.push_back(tensor.target->name);
  }
  return names;
}

Error unknown_type(std::string_view type) {
  const std::vector<std::string_view> names = names_of_targets();
  const auto near = closest(type, names);
  return Error(ErrorCode::kUsage, fmt::format("unknown type '{}'", printable(type)),
               near ? fmt::format("did you mean {}? `rocmforge quantize --help` lists them all", *near)
                    : "`rocmforge quantize --help` lists them all");
}

}  // namespace

std::optional<std::uint32_t> Target::file_type() const {
  if (mix != nullptr) return mix->file_type;
  switch (format->id) {
    case kQ3_K: return 11;  // the small mixes equal the plain format, except for the output
    case kQ4_K: return 14;
    case kQ5_K: return 16;
    case kMXFP4: return 38;
    case kNVFP4: return 39;
    default: break;
  }
  const Mix* same_name = find_mix(format->name);
  if (same_name != nullptr) return same_name->file_type;
  return format->is_our_own() ? std::optional(static_cast<std::uint32_t>(format->id)) : std::nullopt;
}

Target parse_target(std::string_view type, bool pure) {
  Target target;
  if (!pure) target.mix = find_mix(type);
  if (target.mix == nullptr) target.format = quant::find_format(type);
  if (target.mix == nullptr && target.format == nullptr && pure && find_mix(type) != nullptr) {
    throw error(ErrorCode::kUsage, "{} is a mix, and --pure takes one format for every matrix, such as {}",
                find_mix(type)->name, quant::format_of(find_mix(type)->base).name);
  }
  if (target.mix == nullptr && (target.format == nullptr || target.format->is_integer())) throw unknown_type(type);
  return target;
}

TensorRule parse_tensor_rule(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    throw error(ErrorCode::kUsage, "--tensor '{}': expected PATTERN=TYPE, such as 'ffn_down=Q6_K'", printable(text));
  }
  const quant::Format* format = quant::find_format(text.substr(equals + 1));
  if (format == nullptr || format->is_integer()) {
    throw error(ErrorCode::kUsage, "--tensor '{}': '{}' is no format, such as Q6_K", printable(text),
                printable(text.substr(equals + 1)));
  }
  const std::string pattern(text.substr(0, equals));
  try {
    return {std::string(text), std::regex(pattern, std::regex::icase | std::regex::optimize), format};
  } catch (const std::regex_error& failure) {
    throw error(ErrorCode::kUsage, "--tensor '{}': not a regular expression: {}", printable(pattern), failure.what());
  }
}

std::uint64_t QuantizePlan::elements() const {
  std::uint64_t sum = 0;
  for (const PlannedTensor& tensor : tensors) sum += tensor.source.shape.count();
  return sum;
}

std::uint64_t QuantizePlan::source_bytes() const {
  std::uint64_t sum = 0;
  for (const PlannedTensor& tensor : tensors) sum += tensor.source_bytes();
  return sum;
}

std::uint64_t QuantizePlan::target_bytes() const {
  std::uint64_t sum = 0;
  for (const PlannedTensor& tensor : tensors) sum += tensor.target_bytes();
  return sum;
}

double QuantizePlan::bits_per_weight() const {
  return tensors.empty() ? 0 : 8.0 * static_cast<double>(target_bytes()) / static_cast<double>(elements());
}

std::vector<std::string_view> QuantizePlan::formats_without_encoder() const {
  return target_names(tensors,
                      [](const PlannedTensor& tensor) { return !tensor.is_copied() && !tensor.target->has_encoder; });
}

std::vector<std::string_view> QuantizePlan::formats_of_our_own() const {
  return target_names(tensors, [](const PlannedTensor& tensor) { return tensor.target->is_our_own(); });
}

QuantizePlan plan_quantization(std::vector<SourceTensor> tensors, const ModelTraits& model, const Target& target,
                               const PlanOptions& options) {
  // The rules count in this order, whatever the order in the file.
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&](std::size_t i) { return std::pair(block_number(tensors[i].name), tensors[i].name); });
  refuse_idle_rules(tensors, options);
  QuantizePlan plan{target, std::vector<PlannedTensor>(tensors.size())};
  Planner planner(tensors, model, target, options);
  for (const std::size_t i : order) plan.tensors[i] = planner.plan(tensors[i]);
  return plan;
}

}  // namespace rocmforge::convert
