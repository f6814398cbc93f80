#include "models/architectures/experts.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

// Reads the groups of experts, of which a few are chosen before the experts. Converters write a count of 0 or 1 for no
// groups.
void read_groups(Hyperparameters& h, ExpertsSpec& experts) {
  const std::string count = "expert_group_count";
  const std::string used = "expert_group_used_count";
  if (h.optional(used, 0, 0, h.experts) > 1 && !h.has(count)) {
    h.assume(fmt::format("'{}' is missing: one group is assumed", h.key(count)), true);
  }
  experts.groups = std::max(1, h.optional(count, 1, 0, std::min(h.experts, kMostExpertGroups)));
  const int stated = h.has(count) ? h.optional(used, 0, 0, h.experts) : 1;
  if (stated > experts.groups || (experts.groups > 1 && stated == 0)) {
    throw h.wrong("'{}' is {}, which does not fit '{}' {}", h.key(used), stated, h.key(count), experts.groups);
  }
  experts.groups_used = std::max(1, stated);
  check_divisor(h, "expert_group_count", experts.groups, "expert_count", h.experts);
  if (h.experts / experts.groups * experts.groups_used < h.experts_used) {
    throw h.wrong("'{}' is {}: their {} experts are fewer than '{}' {}", h.key("expert_group_used_count"),
                  experts.groups_used, h.experts / experts.groups * experts.groups_used, h.key("expert_used_count"),
                  h.experts_used);
  }
}

bool has_selection_bias(const Hyperparameters& h) {
  return h.has_in_any_layer("exp_probs_b.bias") || h.has_in_any_layer("exp_probs_b");
}

ops::Gating read_gating(Hyperparameters& h, const ExpertHabits& habits) {
  constexpr ops::Gating kByNumber[] = {ops::Gating::kSoftmax, ops::Gating::kSoftmax, ops::Gating::kSigmoid,
                                       ops::Gating::kSoftmaxOfChosen, ops::Gating::kRootOfSoftplus};
  const char* const name = "expert_gating_func";
  const int number = h.optional(name, 0, 0, 4);
  if (number != 0) return kByNumber[number];
  // Selection biases are mostly used with sigmoid gating.
  const bool is_doubtful = habits.gating == ops::Gating::kSoftmax && habits.bias == ExpertHabits::Bias::kWithSigmoids &&
                           has_selection_bias(h);
  if (habits.states_gating || is_doubtful) {
    const char* const taken = habits.gating == ops::Gating::kSigmoid ? "sigmoid" : "softmax";
    h.assume(fmt::format("'{}' is missing or 0: {} is assumed", h.key(name), taken), true);
  }
  return habits.gating;
}

bool read_renormalizes(Hyperparameters& h, const ExpertHabits& habits, ops::Gating gating) {
  if (habits.weights != ExpertHabits::Weights::kStated) return habits.weights == ExpertHabits::Weights::kRenormalized;
  const char* const name = "expert_weights_norm";
  if (!h.has(name) && gating == ops::Gating::kSigmoid) {
    h.assume(fmt::format("'{}' is missing: the experts' weights are not normalized", h.key(name)), true);
  }
  return h.optional_flag(name, false);
}

Need read_selection_bias(Hyperparameters& h, const ExpertHabits& habits, ops::Gating gating) {
  if (has_selection_bias(h)) return Need::kRequired;
  const bool is_usual = habits.bias == ExpertHabits::Bias::kAlways ||
                        (habits.bias == ExpertHabits::Bias::kWithSigmoids && gating == ops::Gating::kSigmoid);
  if (is_usual) {
    h.assume("no tensor 'exp_probs_b.bias': experts are chosen without it", true);
  }
  return Need::kNever;
}

int read_width(Hyperparameters& h, const ExpertHabits& habits) {
  const char* const name = "expert_feed_forward_length";
  if (habits.width == ExpertHabits::Width::kStated) return h.required(name, 1, kMostWidth);
  const int dense = std::ranges::max(h.ffn_width);
  const int share = habits.width == ExpertHabits::Width::kDense ? dense : dense / h.experts_used;
  const int width = h.optional(name, share, 1, kMostWidth);
  if (width == 0) throw h.wrong("'{}' is missing, and so is '{}'", h.key(name), h.key("feed_forward_length"));
  return width;
}

int read_shared_width(Hyperparameters& h, const ExpertHabits& habits, int width) {
  using Shared = ExpertHabits::Shared;
  if (habits.shared == Shared::kNone) return 0;
  const char* const name = "expert_shared_feed_forward_length";
  if (habits.shared == Shared::kByWidth && (h.has(name) || !h.has("expert_shared_count"))) {
    return h.optional(name, 0, 0, kMostWidth);
  }
  const int stated = habits.shared == Shared::kByWidthAndCount ? h.optional(name, 0, 0, kMostWidth) : 0;
  const int each = stated > 0 ? stated : width;
  const int count = h.required("expert_shared_count", 0, kMostExperts);
  if (count > kMostWidth / each) {
    throw h.wrong("'{}' is {}, too many of '{}' {}", h.key("expert_shared_count"), count,
                  h.key(each == width ? "expert_feed_forward_length" : name), each);
  }
  return count * each;
}

}  // namespace

ExpertsSpec experts_by(Hyperparameters& h, const ExpertHabits& habits) {
  if (h.experts == 0) throw h.wrong("'{}' is missing or 0, expected 1 to {}", h.key("expert_count"), kMostExperts);
  ExpertsSpec experts;
  experts.count = h.experts;
  experts.used = h.experts_used;
  experts.width = read_width(h, habits);
  experts.scale = h.has("expert_weights_scale") ? number_or_none(h, "expert_weights_scale", 1, 1e3f) : 1;
  read_groups(h, experts);
  if (habits.states_scale && !h.has("expert_weights_scale")) {
    h.assume(fmt::format("'{}' is missing: 1 is assumed", h.key("expert_weights_scale")), true);
  }
  experts.gating = read_gating(h, habits);
  experts.renormalizes = read_renormalizes(h, habits, experts.gating);
  experts.selection_bias = read_selection_bias(h, habits, experts.gating);
  experts.shared_width = read_shared_width(h, habits, experts.width);
  return experts;
}

namespace {

// Adds experts to the layers for which `has_experts(layer)` is true and a dense part to the others. The keys of experts
// are read only if there are any.
template <typename HasExperts>
void put_experts_where(Hyperparameters& h, DecoderSpec& spec, const ExpertHabits& habits, HasExperts has_experts) {
  std::optional<ExpertsSpec> experts;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (has_experts(i)) {
      if (!experts) experts = experts_by(h, habits);
      spec.layers[i].ffn.emplace().experts = experts;
    } else {
      spec.layers[i].ffn = feed_forward_of(h, i);
    }
  }
}

}  // namespace

void put_experts(Hyperparameters& h, DecoderSpec& spec, const ExpertHabits& habits) {
  const auto dense = static_cast<std::size_t>(h.optional("leading_dense_block_count", 0, 0, h.layers));
  put_experts_where(h, spec, habits, [&](std::size_t layer) { return layer >= dense; });
}

bool has_experts(const Hyperparameters& h, std::size_t layer) {
  return h.has_tensor(fmt::format("blk.{}.ffn_gate_inp.weight", layer)) ||
         h.has_tensor(fmt::format("blk.{}.ffn_down_exps.weight", layer));
}

void put_experts_by_routers(Hyperparameters& h, DecoderSpec& spec, const ExpertHabits& habits) {
  put_experts_where(h, spec, habits, [&](std::size_t layer) { return has_experts(h, layer); });
}

void put_experts_everywhere(DecoderSpec& spec, const ExpertsSpec& experts) {
  for (LayerSpec& layer : spec.layers) layer.ffn.emplace().experts = experts;
}

DecoderSpec attention_only(Hyperparameters& h, ops::NormKind norm) {
  DecoderSpec spec = bare_decoder(h, norm, false);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) spec.layers[i].mixer = attention_of(h, i);
  return spec;
}

}  // namespace rocmforge::models
