// Building blocks of the architectures' files for layers with experts.
#pragma once

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

// What the files of an architecture state about their experts, and the defaults for what they do not state.
struct ExpertHabits {
  ops::Gating gating = ops::Gating::kSoftmax;
  bool states_gating = false;  // most files have expert_gating_func

  enum class Weights {
    kAsTheyAre,
    kRenormalized,
    kStated,  // by expert_weights_norm; a warning if it is missing with sigmoid gating
  };
  Weights weights = Weights::kAsTheyAre;

  bool states_scale = false;  // most files have expert_weights_scale; a warning if it is missing

  // The width of an expert if expert_feed_forward_length is missing: an error, the width of the dense part, or that
  // width divided by the number of experts used.
  enum class Width { kStated, kDense, kShare };
  Width width = Width::kStated;

  // When most files have exp_probs_b; a warning is given if it is missing then.
  enum class Bias { kOptional, kWithSigmoids, kAlways };
  Bias bias = Bias::kWithSigmoids;

  enum class Shared {
    kNone,
    kByCount,  // expert_shared_count experts, each as wide as the others
    kByWidth,  // expert_shared_feed_forward_length is the width; without it as kByCount, or none if there is no count
    kByWidthAndCount,  // expert_shared_count experts, each expert_shared_feed_forward_length wide
  };
  Shared shared = Shared::kNone;
};

// Returns the experts that the file's keys describe.
ExpertsSpec experts_by(Hyperparameters& h, const ExpertHabits& habits);

// Adds experts to all layers from `leading_dense_block_count` (0 if missing) on, and a dense part to the others.
void put_experts(Hyperparameters& h, DecoderSpec& spec, const ExpertHabits& habits);
// Returns whether the file has a router or experts for the layer.
bool has_experts(const Hyperparameters& h, std::size_t layer);
// Adds experts to the layers for which has_experts() is true, and a dense part to the others.
void put_experts_by_routers(Hyperparameters& h, DecoderSpec& spec, const ExpertHabits& habits);
// Adds experts to all layers, without reading feed_forward_length.
void put_experts_everywhere(DecoderSpec& spec, const ExpertsSpec& experts);

// Returns a spec whose layers have attention but no feed-forward part.
DecoderSpec attention_only(Hyperparameters& h, ops::NormKind norm = ops::NormKind::kRms);

}  // namespace rocmforge::models
