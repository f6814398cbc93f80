// What the architectures' files have in common where experts are concerned.
#pragma once

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

// How files of an architecture speak of their experts, and what holds where they say nothing.
struct ExpertHabits {
  ops::Gating gating = ops::Gating::kSoftmax;
  bool states_gating = false;  // most files have expert_gating_func

  enum class Weights {
    kAsTheyAre,
    kRenormalized,
    kStated,  // expert_weights_norm decides, and files with sigmoids have it
  };
  Weights weights = Weights::kAsTheyAre;

  bool states_scale = false;  // expert_weights_scale: a warning where it is missing

  // expert_feed_forward_length must be there; or without it experts are as wide as a dense part, or share its width.
  enum class Width { kStated, kDense, kShare };
  Width width = Width::kStated;

  // Whether files have exp_probs_b: a warning where it is missing.
  enum class Bias { kOptional, kWithSigmoids, kAlways };
  Bias bias = Bias::kWithSigmoids;

  enum class Shared {
    kNone,
    kByCount,          // expert_shared_count of them, each as wide as the others
    kByWidth,          // expert_shared_feed_forward_length, where there is one; else by the count, if any
    kByWidthAndCount,  // so many of such a width
  };
  Shared shared = Shared::kNone;
};

ExpertsSpec experts_by(Hyperparameters& h, const ExpertHabits& habits);

// Experts on all layers from `leading_dense_block_count` on; there may be none of these.
void put_experts(Hyperparameters& h, DecoderSpec& spec, const ExpertHabits& habits);
// Whether the file has a router or experts for the layer.
bool has_experts(const Hyperparameters& h, std::size_t layer);
// Experts on the layers that have them so; there may be none of these either.
void put_experts_by_routers(Hyperparameters& h, DecoderSpec& spec, const ExpertHabits& habits);
// On all layers, whatever feed_forward_length says.
void put_experts_everywhere(DecoderSpec& spec, const ExpertsSpec& experts);

// llama's block without a feed-forward part on layers that have experts: attention on all of them.
DecoderSpec attention_only(Hyperparameters& h, ops::NormKind norm = ops::NormKind::kRms);

}  // namespace rocmforge::models
