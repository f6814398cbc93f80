// Attention over a latent vector, which some architectures have on all layers and some on a few.
#pragma once

#include <optional>

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

// Without a pairing nothing is rotated.
LatentAttentionSpec latent_attention_of(Hyperparameters& h, std::size_t layer, float norm_epsilon,
                                        std::optional<ops::RopePairing> pairing);

}  // namespace rocmforge::models
