// The architectures, a function each that turns metadata into a spec. The table is in models/registry.cpp.
#pragma once

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

DecoderSpec bert(Hyperparameters& h);
DecoderSpec deepseek2(Hyperparameters& h);
DecoderSpec gemma(Hyperparameters& h);
DecoderSpec gemma2(Hyperparameters& h);
DecoderSpec gemma3(Hyperparameters& h);
DecoderSpec gpt2(Hyperparameters& h);
DecoderSpec gpt_oss(Hyperparameters& h);
DecoderSpec llama(Hyperparameters& h);
DecoderSpec mamba2(Hyperparameters& h);
DecoderSpec phi2(Hyperparameters& h);
DecoderSpec phi3(Hyperparameters& h);
DecoderSpec qwen2(Hyperparameters& h);
DecoderSpec qwen2moe(Hyperparameters& h);
DecoderSpec qwen3(Hyperparameters& h);
DecoderSpec qwen3moe(Hyperparameters& h);
DecoderSpec starcoder2(Hyperparameters& h);

}  // namespace rocmforge::models
