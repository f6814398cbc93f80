// Building blocks for recurrent layers, read from the keys that their architectures share.
#pragma once

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

MambaSpec mamba_of(Hyperparameters& h, float norm_epsilon);
Mamba2Spec mamba2_of(Hyperparameters& h, float norm_epsilon);

}  // namespace rocmforge::models
