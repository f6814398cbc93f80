// A building block for multi-head latent attention, which some architectures use in all layers and some in a few.
#pragma once

#include <optional>

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

// Returns a layer's latent attention. Without a pairing, positions are not rotated.
LatentAttentionSpec latent_attention_of(Hyperparameters& h, std::size_t layer, float norm_epsilon,
                                        std::optional<ops::RopePairing> pairing);

}  // namespace rocmforge::models
