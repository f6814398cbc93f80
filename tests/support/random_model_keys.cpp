#include "support/random_model_keys.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "support/model_keys/deepseek.h"
#include "support/model_keys/encoders.h"
#include "support/model_keys/experts.h"
#include "support/model_keys/gemma.h"
#include "support/model_keys/llama_family.h"
#include "support/model_keys/phi_gpt.h"
#include "support/model_keys/qwen.h"
#include "support/model_keys/recurrent.h"

namespace rocmforge::testing {
namespace {

struct KeyWriter {
  std::string_view architecture;
  void (*write)(ArchitectureKeys& keys);
};

constexpr std::array kKeyWriters = {
    KeyWriter{"afmoe", afmoe_keys},
    KeyWriter{"apertus", apertus_keys},
    KeyWriter{"arcee", arcee_keys},
    KeyWriter{"baichuan", baichuan_keys},
    KeyWriter{"bailingmoe2", bailingmoe2_keys},
    KeyWriter{"bert", bert_keys},
    KeyWriter{"bloom", bloom_keys},
    KeyWriter{"chatglm", chatglm_keys},
    KeyWriter{"cohere2", cohere2_keys},
    KeyWriter{"command-r", command_r_keys},
    KeyWriter{"dbrx", dbrx_keys},
    KeyWriter{"deepseek", deepseek_keys},
    KeyWriter{"deepseek2", deepseek2_keys},
    KeyWriter{"deepseek32", deepseek32_keys},
    KeyWriter{"dots1", dots1_keys},
    KeyWriter{"ernie4_5", ernie4_5_keys},
    KeyWriter{"ernie4_5-moe", ernie4_5_moe_keys},
    KeyWriter{"exaone", exaone_keys},
    KeyWriter{"exaone-moe", exaone_moe_keys},
    KeyWriter{"exaone4", exaone4_keys},
    KeyWriter{"falcon", falcon_keys},
    KeyWriter{"falcon-h1", falcon_h1_keys},
    KeyWriter{"gemma", gemma_keys},
    KeyWriter{"gemma-embedding", gemma_embedding_keys},
    KeyWriter{"gemma2", gemma2_keys},
    KeyWriter{"gemma3", gemma3_keys},
    KeyWriter{"gemma3n", gemma3n_keys},
    KeyWriter{"gemma4", gemma4_keys},
    KeyWriter{"glm4", glm4_keys},
    KeyWriter{"glm4moe", glm4moe_keys},
    KeyWriter{"gpt-oss", gpt_oss_keys},
    KeyWriter{"gpt2", gpt2_keys},
    KeyWriter{"gptneox", gptneox_keys},
    KeyWriter{"granite", granite_keys},
    KeyWriter{"granitehybrid", granitehybrid_keys},
    KeyWriter{"granitemoe", granitemoe_keys},
    KeyWriter{"hunyuan-dense", hunyuan_dense_keys},
    KeyWriter{"hunyuan-moe", hunyuan_moe_keys},
    KeyWriter{"hy_v3", hy_v3_keys},
    KeyWriter{"internlm2", internlm2_keys},
    KeyWriter{"jais2", jais2_keys},
    KeyWriter{"jamba", jamba_keys},
    KeyWriter{"jina-bert-v2", jina_bert_v2_keys},
    KeyWriter{"kimi-linear", kimi_linear_keys},
    KeyWriter{"lfm2", lfm2_keys},
    KeyWriter{"lfm2moe", lfm2moe_keys},
    KeyWriter{"llama", llama_keys},
    KeyWriter{"llama4", llama4_keys},
    KeyWriter{"mamba", mamba_keys},
    KeyWriter{"mamba2", mamba2_keys},
    KeyWriter{"mimo2", mimo2_keys},
    KeyWriter{"minicpm", minicpm_keys},
    KeyWriter{"minicpm3", minicpm3_keys},
    KeyWriter{"minimax-m2", minimax_m2_keys},
    KeyWriter{"mistral3", mistral3_keys},
    KeyWriter{"modern-bert", modern_bert_keys},
    KeyWriter{"mpt", mpt_keys},
    KeyWriter{"nemotron", nemotron_keys},
    KeyWriter{"nemotron_h", nemotron_h_keys},
    KeyWriter{"nemotron_h_moe", nemotron_h_moe_keys},
    KeyWriter{"nomic-bert", nomic_bert_keys},
    KeyWriter{"nomic-bert-moe", nomic_bert_moe_keys},
    KeyWriter{"olmo", olmo_keys},
    KeyWriter{"olmo2", olmo2_keys},
    KeyWriter{"olmoe", olmoe_keys},
    KeyWriter{"orion", orion_keys},
    KeyWriter{"phi2", phi2_keys},
    KeyWriter{"phi3", phi3_keys},
    KeyWriter{"plamo2", plamo2_keys},
    KeyWriter{"qwen", qwen_keys},
    KeyWriter{"qwen2", qwen2_keys},
    KeyWriter{"qwen2moe", qwen2moe_keys},
    KeyWriter{"qwen3", qwen3_keys},
    KeyWriter{"qwen35", qwen35_keys},
    KeyWriter{"qwen35moe", qwen35moe_keys},
    KeyWriter{"qwen3moe", qwen3moe_keys},
    KeyWriter{"qwen3next", qwen3next_keys},
    KeyWriter{"qwen3vl", qwen3vl_keys},
    KeyWriter{"qwen3vlmoe", qwen3vlmoe_keys},
    KeyWriter{"rwkv6", rwkv6_keys},
    KeyWriter{"rwkv7", rwkv7_keys},
    KeyWriter{"seed_oss", seed_oss_keys},
    KeyWriter{"smallthinker", smallthinker_keys},
    KeyWriter{"smollm3", smollm3_keys},
    KeyWriter{"stablelm", stablelm_keys},
    KeyWriter{"starcoder", starcoder_keys},
    KeyWriter{"starcoder2", starcoder2_keys},
    KeyWriter{"t5", t5_keys},
    KeyWriter{"t5encoder", t5encoder_keys},
};
static_assert(std::ranges::is_sorted(kKeyWriters, {}, &KeyWriter::architecture));

}  // namespace

gguf::MetadataBuilder random_model_keys(const RandomModelOptions& options) {
  const auto writer = std::ranges::find(kKeyWriters, options.architecture, &KeyWriter::architecture);
  if (writer == kKeyWriters.end()) {
    throw error(ErrorCode::kUnsupported, "tests/support/random_model_keys.cpp has no entry for '{}'",
                options.architecture);
  }
  gguf::MetadataBuilder keys;
  keys.set("general.architecture", options.architecture);
  keys.set("general.type", "model");
  keys.set("general.name", "random");
  ArchitectureKeys of_architecture(keys, options);
  writer->write(of_architecture);
  keys.set("general.file_type", std::uint32_t{0});
  keys.set("general.quantization_version", std::uint32_t{2});
  of_architecture.count("vocab_size", options.vocabulary);
  keys.set("tokenizer.ggml.model", "none");
  return keys;
}

}  // namespace rocmforge::testing
