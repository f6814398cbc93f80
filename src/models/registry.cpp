#include "models/registry.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "models/architectures/architectures.h"
#include "models/cache_memory.h"

namespace rocmforge::models {
namespace {

constexpr std::array kArchitectures = {
    Architecture{"afmoe", afmoe, "Trinity (AFMoE)"},
    Architecture{"apertus", apertus, "Apertus"},
    Architecture{"arcee", arcee, "Arcee (AFM)"},
    Architecture{"baichuan", baichuan, "Baichuan"},
    Architecture{"bailingmoe2", bailingmoe2, "Ling 2"},
    Architecture{"bert", bert, "BERT, XLM-RoBERTa (encoder)"},
    Architecture{"bloom", bloom, "BLOOM"},
    Architecture{"chatglm", chatglm, "ChatGLM, GLM 4 9B"},
    Architecture{"cohere2", cohere2, "Command R7B and A"},
    Architecture{"command-r", command_r, "Command R"},
    Architecture{"dbrx", dbrx, "DBRX"},
    Architecture{"deepseek", deepseek, "DeepSeek MoE"},
    Architecture{"deepseek2", deepseek2, "DeepSeek 2 and 3"},
    Architecture{"deepseek32", deepseek32, "DeepSeek 3.2"},
    Architecture{"dots1", dots1, "dots.llm1"},
    Architecture{"ernie4_5", ernie4_5, "Ernie 4.5"},
    Architecture{"ernie4_5-moe", ernie4_5_moe, "Ernie 4.5 with experts"},
    Architecture{"exaone", exaone, "EXAONE 3"},
    Architecture{"exaone-moe", exaone_moe, "K-EXAONE"},
    Architecture{"exaone4", exaone4, "EXAONE 4"},
    Architecture{"falcon", falcon, "Falcon"},
    Architecture{"falcon-h1", falcon_h1, "Falcon H1"},
    Architecture{"gemma", gemma, "Gemma"},
    Architecture{"gemma-embedding", gemma_embedding, "EmbeddingGemma (encoder)"},
    Architecture{"gemma2", gemma2, "Gemma 2"},
    Architecture{"gemma3", gemma3, "Gemma 3"},
    Architecture{"gemma3n", gemma3n, "Gemma 3n"},
    Architecture{"gemma4", gemma4, "Gemma 4"},
    Architecture{"glm4", glm4, "GLM 4"},
    Architecture{"glm4moe", glm4moe, "GLM 4.5 with experts"},
    Architecture{"gpt-oss", gpt_oss, "gpt-oss"},
    Architecture{"gpt2", gpt2, "GPT-2"},
    Architecture{"gptneox", gptneox, "GPT-NeoX, Pythia"},
    Architecture{"granite", granite, "Granite"},
    Architecture{"granitehybrid", granite_hybrid, "Granite 4 (hybrid)"},
    Architecture{"granitemoe", granite, "Granite with experts"},
    Architecture{"hunyuan-dense", hunyuan_dense, "Hunyuan"},
    Architecture{"hunyuan-moe", hunyuan_moe, "Hunyuan with experts"},
    Architecture{"hy_v3", hy_v3, "Hy 3"},
    Architecture{"internlm2", internlm2, "InternLM 2"},
    Architecture{"jais2", jais2, "Jais 2"},
    Architecture{"jamba", jamba, "Jamba"},
    Architecture{"jina-bert-v2", jina_bert_v2, "Jina BERT 2 (encoder)"},
    Architecture{"kimi-linear", kimi_linear, "Kimi Linear"},
    Architecture{"lfm2", lfm2, "LFM 2"},
    Architecture{"lfm2moe", lfm2moe, "LFM 2 with experts"},
    Architecture{"llama", llama, "Llama, Mistral, Mixtral, Yi"},
    Architecture{"llama4", llama4, "Llama 4"},
    Architecture{"mamba", mamba, "Mamba, Falcon Mamba"},
    Architecture{"mamba2", mamba2, "Mamba 2"},
    Architecture{"mimo2", mimo2, "MiMo 2"},
    Architecture{"minicpm", minicpm, "MiniCPM"},
    Architecture{"minicpm3", minicpm3, "MiniCPM 3"},
    Architecture{"minimax-m2", minimax_m2, "MiniMax M2"},
    Architecture{"mistral3", mistral3, "Ministral 3"},
    Architecture{"modern-bert", modern_bert, "ModernBERT (encoder)"},
    Architecture{"mpt", mpt, "MPT"},
    Architecture{"nemotron", nemotron, "Nemotron"},
    Architecture{"nemotron_h", nemotron_h, "Nemotron H"},
    Architecture{"nemotron_h_moe", nemotron_h_moe, "Nemotron H with experts"},
    Architecture{"nomic-bert", nomic_bert, "Nomic BERT (encoder)"},
    Architecture{"nomic-bert-moe", nomic_bert_moe, "Nomic BERT with experts (encoder)"},
    Architecture{"olmo", olmo, "OLMo"},
    Architecture{"olmo2", olmo2, "OLMo 2 and 3"},
    Architecture{"olmoe", olmoe, "OLMoE"},
    Architecture{"orion", orion, "Orion"},
    Architecture{"phi2", phi2, "Phi 2"},
    Architecture{"phi3", phi3, "Phi 3"},
    Architecture{"plamo2", plamo2, "PLaMo 2"},
    Architecture{"qwen", qwen, "Qwen"},
    Architecture{"qwen2", qwen2, "Qwen 2"},
    Architecture{"qwen2moe", qwen2moe, "Qwen 2 with experts"},
    Architecture{"qwen3", qwen3, "Qwen 3"},
    Architecture{"qwen35", qwen35, "Qwen 3.5"},
    Architecture{"qwen35moe", qwen35moe, "Qwen 3.5 with experts"},
    Architecture{"qwen3moe", qwen3moe, "Qwen 3 with experts"},
    Architecture{"qwen3next", qwen3next, "Qwen 3 Next"},
    Architecture{"qwen3vl", qwen3vl, "Qwen 3 VL (text)"},
    Architecture{"qwen3vlmoe", qwen3vlmoe, "Qwen 3 VL with experts (text)"},
    Architecture{"rwkv6", rwkv6, "RWKV 6"},
    Architecture{"rwkv7", rwkv7, "RWKV 7"},
    Architecture{"seed_oss", seed_oss, "Seed-OSS"},
    Architecture{"smallthinker", smallthinker, "SmallThinker"},
    Architecture{"smollm3", smollm3, "SmolLM 3"},
    Architecture{"stablelm", stablelm, "StableLM"},
    Architecture{"starcoder", starcoder, "StarCoder"},
    Architecture{"starcoder2", starcoder2, "StarCoder 2"},
    Architecture{"t5", t5, "T5 (encoder and decoder)"},
    Architecture{"t5encoder", t5_encoder, "T5 (encoder)"},
};

Error unknown(const gguf::Metadata& metadata, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Architecture& architecture : kArchitectures) names.push_back(architecture.name);
  const auto near = closest(name, names);
  const std::string guess = near ? fmt::format("did you mean '{}'? ", *near) : "";
  return Error(
      ErrorCode::kUnsupported,
      fmt::format("{}: architecture '{}' is not one that this version can run", metadata.file(), printable(name)),
      fmt::format("{}known are {}", guess, fmt::join(names, ", ")));
}

// Throws Error if a decoder is not causal, or if no layer lets a position see other positions.
void check_what_is_seen(const DecoderSpec& spec, const Hyperparameters& h) {
  const bool has_encoder = spec.is_encoder() || spec.encoder != nullptr;
  if (!has_encoder && !h.optional_flag("attention.causal", true)) {
    throw error(ErrorCode::kUnsupported, "{}: '{}' is false, but '{}' is not an encoder", h.metadata().file(),
                h.key("attention.causal"), spec.architecture);
  }
  const CacheLayout layout = cache_layout(spec);
  if (!layout.groups.empty() || !layout.recurrent_layers.empty()) return;
  throw h.wrong("no layer has attention or keeps a state, by '{}', '{}' and the sizes of states",
                h.key("attention.head_count_kv"), h.key("feed_forward_length"));
}

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

const Architecture* find_architecture(std::string_view name) {
  const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
  return found == kArchitectures.end() ? nullptr : &*found;
}

Description describe(const gguf::File& file) {
  // Check the architecture first: for a file that is no model at all, a message about missing embeddings would mislead.
  const auto name = file.metadata().get<std::string>("general.architecture");
  if (find_architecture(name) == nullptr) throw unknown(file.metadata(), name);
  const gguf::Tensor& table = file.tensor("token_embd.weight");
  if (table.shape.rows() > kMostTokens) {
    throw error(ErrorCode::kMalformed, "{}: tensor 'token_embd.weight' is {}, expected [width, tokens]", file.path(),
                to_string(table.shape));
  }
  return describe({file.metadata(), static_cast<int>(table.shape.rows()),
                   [&file](const std::string& tensor) { return file.find_tensor(tensor) != nullptr; },
                   [&file](const std::string& of) -> std::optional<gguf::Shape> {
                     const gguf::Tensor* tensor = file.find_tensor(of);
                     return tensor == nullptr ? std::nullopt : std::optional(tensor->shape);
                   }});
}

Description describe(const Facts& facts) {
  const auto name = facts.metadata.get<std::string>("general.architecture");
  const Architecture* architecture = find_architecture(name);
  if (architecture == nullptr) throw unknown(facts.metadata, name);
  Hyperparameters hyperparameters(facts, name);
  Description description{architecture->describe(hyperparameters), {}};
  check_what_is_seen(description.spec, hyperparameters);
  description.spec.description = architecture->title;
  description.assumptions = std::move(hyperparameters.assumptions());
  return description;
}

}  // namespace rocmforge::models
