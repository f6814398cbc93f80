// Declares one function per architecture that turns metadata into a spec. The table of architectures is in
// models/registry.cpp.
#pragma once

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

DecoderSpec afmoe(Hyperparameters& h);
DecoderSpec apertus(Hyperparameters& h);
DecoderSpec arcee(Hyperparameters& h);
DecoderSpec baichuan(Hyperparameters& h);
DecoderSpec bailingmoe2(Hyperparameters& h);
DecoderSpec bert(Hyperparameters& h);
DecoderSpec bloom(Hyperparameters& h);
DecoderSpec chatglm(Hyperparameters& h);
DecoderSpec cohere2(Hyperparameters& h);
DecoderSpec command_r(Hyperparameters& h);
DecoderSpec dbrx(Hyperparameters& h);
DecoderSpec deepseek(Hyperparameters& h);
DecoderSpec deepseek2(Hyperparameters& h);
DecoderSpec deepseek32(Hyperparameters& h);
DecoderSpec dots1(Hyperparameters& h);
DecoderSpec ernie4_5(Hyperparameters& h);
DecoderSpec ernie4_5_moe(Hyperparameters& h);
DecoderSpec exaone(Hyperparameters& h);
DecoderSpec exaone4(Hyperparameters& h);
DecoderSpec exaone_moe(Hyperparameters& h);
DecoderSpec falcon(Hyperparameters& h);
DecoderSpec falcon_h1(Hyperparameters& h);
DecoderSpec gemma(Hyperparameters& h);
DecoderSpec gemma2(Hyperparameters& h);
DecoderSpec gemma3(Hyperparameters& h);
DecoderSpec gemma3n(Hyperparameters& h);
DecoderSpec gemma4(Hyperparameters& h);
DecoderSpec gemma_embedding(Hyperparameters& h);
DecoderSpec glm4(Hyperparameters& h);
DecoderSpec glm4moe(Hyperparameters& h);
DecoderSpec gpt2(Hyperparameters& h);
DecoderSpec gpt_oss(Hyperparameters& h);
DecoderSpec gptneox(Hyperparameters& h);
DecoderSpec granite(Hyperparameters& h);
DecoderSpec granite_hybrid(Hyperparameters& h);
DecoderSpec hunyuan_dense(Hyperparameters& h);
DecoderSpec hunyuan_moe(Hyperparameters& h);
DecoderSpec hy_v3(Hyperparameters& h);
DecoderSpec internlm2(Hyperparameters& h);
DecoderSpec jais2(Hyperparameters& h);
DecoderSpec jamba(Hyperparameters& h);
DecoderSpec jina_bert_v2(Hyperparameters& h);
DecoderSpec kimi_linear(Hyperparameters& h);
DecoderSpec lfm2(Hyperparameters& h);
DecoderSpec lfm2moe(Hyperparameters& h);
DecoderSpec llama(Hyperparameters& h);
DecoderSpec llama4(Hyperparameters& h);
DecoderSpec mamba(Hyperparameters& h);
DecoderSpec mamba2(Hyperparameters& h);
DecoderSpec mimo2(Hyperparameters& h);
DecoderSpec minicpm(Hyperparameters& h);
DecoderSpec minicpm3(Hyperparameters& h);
DecoderSpec minimax_m2(Hyperparameters& h);
DecoderSpec mistral3(Hyperparameters& h);
DecoderSpec modern_bert(Hyperparameters& h);
DecoderSpec mpt(Hyperparameters& h);
DecoderSpec nemotron(Hyperparameters& h);
DecoderSpec nemotron_h(Hyperparameters& h);
DecoderSpec nemotron_h_moe(Hyperparameters& h);
DecoderSpec nomic_bert(Hyperparameters& h);
DecoderSpec nomic_bert_moe(Hyperparameters& h);
DecoderSpec olmo(Hyperparameters& h);
DecoderSpec olmo2(Hyperparameters& h);
DecoderSpec olmoe(Hyperparameters& h);
DecoderSpec orion(Hyperparameters& h);
DecoderSpec phi2(Hyperparameters& h);
DecoderSpec phi3(Hyperparameters& h);
DecoderSpec plamo2(Hyperparameters& h);
DecoderSpec qwen(Hyperparameters& h);
DecoderSpec qwen2(Hyperparameters& h);
DecoderSpec qwen2moe(Hyperparameters& h);
DecoderSpec qwen3(Hyperparameters& h);
DecoderSpec qwen35(Hyperparameters& h);
DecoderSpec qwen35moe(Hyperparameters& h);
DecoderSpec qwen3moe(Hyperparameters& h);
DecoderSpec qwen3next(Hyperparameters& h);
DecoderSpec qwen3vl(Hyperparameters& h);
DecoderSpec qwen3vlmoe(Hyperparameters& h);
DecoderSpec rwkv6(Hyperparameters& h);
DecoderSpec rwkv7(Hyperparameters& h);
DecoderSpec seed_oss(Hyperparameters& h);
DecoderSpec smallthinker(Hyperparameters& h);
DecoderSpec smollm3(Hyperparameters& h);
DecoderSpec stablelm(Hyperparameters& h);
DecoderSpec starcoder(Hyperparameters& h);
DecoderSpec starcoder2(Hyperparameters& h);
DecoderSpec t5(Hyperparameters& h);
DecoderSpec t5_encoder(Hyperparameters& h);

}  // namespace rocmforge::models
