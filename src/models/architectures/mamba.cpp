// Mamba 1 and 2, and the models that mix them with attention: Jamba, Falcon H1, Nemotron H, PLaMo 2.
#include <algorithm>

#include <fmt/format.h>

#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"
#include "models/architectures/experts.h"
#include "models/architectures/recurrent_blocks.h"

namespace rocmforge::models {
MambaSpec mamba_of(Hyperparameters& h, float norm_epsilon) {
  MambaSpec mamba;
  mamba.inner = h.required("ssm.inner_size", 1, kMostWidth);
  mamba.state_size = h.required("ssm.state_size", 1, kMostHeadSize);
  mamba.rank = h.required("ssm.time_step_rank", 1, kMostWidth);
  mamba.taps = h.required("ssm.conv_kernel", 1, kMostTaps);
  mamba.norm_epsilon = norm_epsilon;
  return mamba;
}

Mamba2Spec mamba2_of(Hyperparameters& h, float norm_epsilon) {
  Mamba2Spec mamba;
  mamba.inner = h.required("ssm.inner_size", 1, kMostWidth);
  mamba.heads = h.required("ssm.time_step_rank", 1, kMostHeads);
  mamba.groups = h.required("ssm.group_count", 1, kMostHeads);
  mamba.state_size = h.required("ssm.state_size", 1, kMostHeadSize);
  mamba.taps = h.required("ssm.conv_kernel", 1, kMostTaps);
  mamba.norm_epsilon = norm_epsilon;
  check_divisor(h, "ssm.time_step_rank", mamba.heads, "ssm.inner_size", mamba.inner);
  check_divisor(h, "ssm.group_count", mamba.groups, "ssm.time_step_rank", mamba.heads);
  check_divisor(h, "ssm.group_count", mamba.groups, "ssm.inner_size", mamba.inner);
  return mamba;
}

// Falcon Mamba also normalizes time steps, B and C, without weights.
DecoderSpec mamba(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  MambaSpec mixer = mamba_of(h, spec.norm.epsilon);
  if (!h.has("ssm.dt_b_c_rms")) {
    h.assume(fmt::format("'{}' is missing: nothing is normalized inside", h.key("ssm.dt_b_c_rms")), true);
  }
  if (h.optional_flag("ssm.dt_b_c_rms", false)) mixer.norms = ops::NormKind::kRms;
  mixer.norms_have_weights = h.has_in_any_layer("ssm_dt_norm.weight");
  for (LayerSpec& layer : spec.layers) layer.mixer = mixer;
  return spec;
}

DecoderSpec mamba2(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  for (LayerSpec& layer : spec.layers) layer.mixer = mamba2_of(h, spec.norm.epsilon);
  return spec;
}

// Layers without key heads are Mamba layers. Some layers of both kinds have experts.
DecoderSpec jamba(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  MambaSpec mixer = mamba_of(h, spec.norm.epsilon);
  mixer.norms = ops::NormKind::kRms;
  mixer.norms_have_weights = true;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (h.kv_heads[i] > 0) {
      spec.layers[i].mixer = attention_of(h, i);
    } else {
      spec.layers[i].mixer = mixer;
    }
  }
  put_experts_by_routers(h, spec, {.width = ExpertHabits::Width::kDense});
  return spec;
}

// Attention and Mamba 2 run in parallel in each layer.
DecoderSpec falcon_h1(Hyperparameters& h) {
  DecoderSpec spec = rotated_llama(h, {.pairing = ops::RopePairing::kHalves});
  Mamba2Spec mamba = mamba2_of(h, spec.norm.epsilon);
  mamba.norm = h.has_in_any_layer("ssm_norm.weight") ? Need::kRequired : Need::kNever;
  mamba.convolution_bias = Need::kOptional;
  for (LayerSpec& layer : spec.layers) {
    layer.beside = mamba;
    layer.ffn->bias = Need::kOptional;
  }
  return spec;
}

// ---- Nemotron H: one part per layer ----

namespace {

// A layer with a feed-forward width has a feed-forward part, otherwise one with key heads has attention, otherwise it
// is a Mamba 2 layer.
DecoderSpec nemotron_h_like(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    if (h.ffn_width[i] > 0) {
      layer.norms.ffn = "attn_norm";
      layer.ffn = feed_forward_of(h, i);
    } else if (h.kv_heads[i] > 0) {
      layer.mixer = attention_of(h, i);
    } else {
      Mamba2Spec mamba = mamba2_of(h, spec.norm.epsilon);
      mamba.convolution_bias = Need::kOptional;
      layer.mixer = mamba;
    }
  }
  allow_attention_biases(spec);
  if (h.has("attention.scale")) {
    for_each_attention(spec, [&](AttentionSpec& attention, std::size_t) {
      attention.scale = number_or_none(h, "attention.scale", attention.scale, 1e4f, 1e-4f);
    });
  }
  remove_gates(spec, ops::Activation::kReluSquared, Need::kOptional);
  return spec;
}

}  // namespace

DecoderSpec nemotron_h(Hyperparameters& h) { return nemotron_h_like(h); }

DecoderSpec nemotron_h_moe(Hyperparameters& h) {
  DecoderSpec spec = nemotron_h_like(h);
  ExpertsSpec experts = experts_by(h, {.gating = ops::Gating::kSigmoid,
                                       .weights = ExpertHabits::Weights::kStated,
                                       .states_scale = true,
                                       .width = ExpertHabits::Width::kDense,
                                       .shared = ExpertHabits::Shared::kByWidth});
  experts.latent_width = h.optional("moe_latent_size", 0, 0, kMostWidth);
  for (LayerSpec& layer : spec.layers) {
    if (!layer.ffn) continue;
    layer.ffn->experts = experts;
  }
  return spec;
}

// ---- PLaMo 2 ----

DecoderSpec plamo2(Hyperparameters& h) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kRms, false);
  Plamo2MambaSpec mamba;
  mamba.inner = h.required("ssm.inner_size", 1, kMostWidth);
  mamba.heads = h.required("ssm.time_step_rank", 1, kMostHeads);
  mamba.state_size = h.required("ssm.state_size", 1, kMostHeadSize);
  mamba.taps = h.required("ssm.conv_kernel", 1, kMostTaps);
  mamba.rank = std::max(64, h.width / 16);  // as in the model's own code
  mamba.norm_epsilon = spec.norm.epsilon;
  check_divisor(h, "ssm.time_step_rank", mamba.heads, "ssm.inner_size", mamba.inner);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.ffn = feed_forward_of(h, i);
    layer.ffn->is_stored_fused = true;
    if (h.kv_heads[i] == 0) {
      layer.mixer = mamba;
    } else {
      AttentionSpec attention = attention_of(h, i);
      attention.is_stored_fused = true;
      attention.qkv_bias = Need::kNever;
      layer.mixer = attention;
    }
  }
  rotate(h, spec, {.pairing = ops::RopePairing::kHalves});
  normalize_queries_and_keys(spec, {.weights = NormWeights::kOfEachHead});
  normalize_results(spec);
  return spec;
}

}  // namespace rocmforge::models
