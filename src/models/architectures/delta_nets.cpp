// Qwen 3 Next, Qwen 3.5 and Kimi Linear: most layers are delta nets, the others have attention.
#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"
#include "models/architectures/latent_attention.h"
#include "models/architectures/recurrent_blocks.h"

namespace rocmforge::models {
namespace {

// Returns which layers are recurrent: those that the file lists, or all but every n-th.
std::vector<bool> recurrent_layers(Hyperparameters& h) {
  const std::string key = h.key("attention.recurrent_layers");
  if (h.has("attention.recurrent_layers")) {
    std::vector<bool> stated = h.metadata().per_layer<bool>(key, static_cast<std::size_t>(h.stored_layers()));
    stated.resize(static_cast<std::size_t>(h.layers));
    return stated;
  }
  const int interval = h.expected("full_attention_interval", 4, 1, kMostLayers);
  std::vector<bool> recurrent;
  for (int i = 0; i < h.layers; ++i) recurrent.push_back((i + 1) % interval != 0);
  return recurrent;
}

DeltaNetSpec delta_net_of(Hyperparameters& h, DeltaNetForm form, float norm_epsilon) {
  DeltaNetSpec net{.form = form, .norm_epsilon = norm_epsilon};
  net.heads = h.required("ssm.time_step_rank", 1, kMostHeads);
  net.key_heads = h.required("ssm.group_count", 1, kMostHeads);
  net.key_size = h.required("ssm.state_size", 1, kMostHeadSize);
  net.taps = h.required("ssm.conv_kernel", 1, kMostTaps);
  const int inner = h.required("ssm.inner_size", 1, kMostWidth);
  check_divisor(h, "ssm.time_step_rank", net.heads, "ssm.inner_size", inner);
  check_divisor(h, "ssm.group_count", net.key_heads, "ssm.time_step_rank", net.heads);
  net.value_size = inner / net.heads;
  return net;
}

AttentionSpec gated_attention(Hyperparameters& h, std::size_t layer, const RopeSpec& rope) {
  AttentionSpec attention = attention_of(h, layer);
  if (attention.key_size != attention.value_size) {
    throw h.wrong("'{}' is {}, but '{}' is {}: a gate needs them equal", h.key("attention.key_length"),
                  attention.key_size, h.key("attention.value_length"), attention.value_size);
  }
  attention.gate = OutputGate::kInQueries;
  attention.query_key_norm = QueryKeyNormSpec{};
  attention.rope = rope;
  return attention;
}

DecoderSpec qwen_delta(Hyperparameters& h, DeltaNetForm form) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  const RopeSpec rope = rope_of(h, h.key_size(), {.pairing = ops::RopePairing::kHalves, .states_dimensions = true});
  const std::vector<bool> recurrent = recurrent_layers(h);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.norms.ffn = "post_attention_norm";
    if (recurrent[i]) {
      layer.mixer = delta_net_of(h, form, spec.norm.epsilon);
    } else {
      layer.mixer = gated_attention(h, i, rope);
    }
  }
  return spec;
}

void put_qwen_experts(Hyperparameters& h, DecoderSpec& spec) {
  ExpertsSpec experts =
      experts_by(h, {.weights = ExpertHabits::Weights::kRenormalized, .width = ExpertHabits::Width::kShare});
  experts.shared_width = h.optional("expert_shared_feed_forward_length", h.ffn_width.front(), 0, kMostWidth);
  experts.shared_gate = true;
  put_experts_everywhere(spec, experts);
}

}  // namespace

DecoderSpec qwen3next(Hyperparameters& h) {
  DecoderSpec spec = qwen_delta(h, DeltaNetForm::kInterleaved);
  if (h.experts > 0) put_qwen_experts(h, spec);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto has = [&](const char* name) { return h.has_tensor(fmt::format("blk.{}.{}.weight", i, name)); };
    const bool has_dense = has("ffn_gate") || has("ffn_up") || has("ffn_down");
    if (h.experts == 0 || (has_dense && !has("ffn_gate_inp"))) spec.layers[i].ffn = feed_forward_of(h, i);
  }
  return spec;
}

DecoderSpec qwen35(Hyperparameters& h) {
  DecoderSpec spec = qwen_delta(h, DeltaNetForm::kSeparate);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) spec.layers[i].ffn = feed_forward_of(h, i);
  return spec;
}

DecoderSpec qwen35moe(Hyperparameters& h) {
  DecoderSpec spec = qwen_delta(h, DeltaNetForm::kSeparate);
  put_qwen_experts(h, spec);
  return spec;
}

// Layers with key heads have latent attention without rotated positions; the others are delta nets.
DecoderSpec kimi_linear(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  spec.output = OutputMatrix::kOwn;
  const int head = h.required("kda.head_dim", 1, kMostHeadSize);
  const int taps = h.required("ssm.conv_kernel", 1, kMostTaps);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    if (h.kv_heads[i] > 0) {
      layer.mixer = latent_attention_of(h, i, spec.norm.epsilon, std::nullopt);
      continue;
    }
    if (h.heads[i] == 0) throw h.wrong("'{}' is missing or 0", h.key("attention.head_count"));
    layer.mixer = DeltaNetSpec{.form = DeltaNetForm::kByChannel,
                               .heads = h.heads[i],
                               .key_heads = h.heads[i],
                               .key_size = head,
                               .value_size = head,
                               .taps = taps,
                               .norm_epsilon = spec.norm.epsilon};
  }
  put_experts(h, spec,
              {.gating = ops::Gating::kSigmoid,
               .states_gating = true,
               .weights = ExpertHabits::Weights::kRenormalized,
               .states_scale = true,
               .shared = ExpertHabits::Shared::kByCount});
  return spec;
}

}  // namespace rocmforge::models
