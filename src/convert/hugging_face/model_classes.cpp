// Maps each class of Hugging Face models to its GGUF architecture.
#include "convert/hugging_face/model_classes.h"

#include <algorithm>
#include <array>

#include "convert/hugging_face/name_lists.h"

namespace rocmforge::convert {
namespace {

struct ModelClass {
  std::string_view architecture;
  std::string_view classes;
};

constexpr auto kClasses = std::to_array<ModelClass>({
    {"llama",
     "LlamaForCausalLM LLaMAForCausalLM LlamaModel MistralForCausalLM MixtralForCausalLM InternLM3ForCausalLM "
     "IQuestCoderForCausalLM LlavaForConditionalGeneration VLlama3ForCausalLM VoxtralForConditionalGeneration"},
    {"qwen2", "Qwen2ForCausalLM Qwen2Model KORMoForCausalLM Qwen2AudioForConditionalGeneration DotsOCRForCausalLM"},
    {"qwen2moe", "Qwen2MoeForCausalLM"},
    {"qwen3", "Qwen3ForCausalLM Qwen3Model"},
    {"qwen3moe", "Qwen3MoeForCausalLM"},
    {"qwen3next", "Qwen3NextForCausalLM"},
    {"qwen3vl", "Qwen3VLForConditionalGeneration"},
    {"qwen3vlmoe", "Qwen3VLMoeForConditionalGeneration"},
    {"qwen35", "Qwen3_5ForCausalLM Qwen3_5ForConditionalGeneration"},
    {"qwen35moe", "Qwen3_5MoeForCausalLM Qwen3_5MoeForConditionalGeneration"},
    {"qwen", "QWenLMHeadModel"},
    {"gemma", "GemmaForCausalLM"},
    {"gemma2", "Gemma2ForCausalLM"},
    {"gemma3", "Gemma3ForCausalLM Gemma3ForConditionalGeneration"},
    {"gemma3n", "Gemma3nForCausalLM Gemma3nForConditionalGeneration"},
    {"gemma4", "Gemma4ForCausalLM Gemma4ForConditionalGeneration"},
    {"gemma-embedding", "Gemma3TextModel"},
    {"phi2", "PhiForCausalLM"},
    {"phi3", "Phi3ForCausalLM"},
    {"glm4", "Glm4ForCausalLM"},
    {"glm4moe", "Glm4MoeForCausalLM"},
    {"chatglm", "GlmForCausalLM ChatGLMModel ChatGLMForConditionalGeneration"},
    {"gpt-oss", "GptOssForCausalLM"},
    {"deepseek", "DeepseekForCausalLM"},
    {"deepseek2", "DeepseekV2ForCausalLM DeepseekV3ForCausalLM KimiVLForConditionalGeneration YoutuForCausalLM"},
    {"deepseek32", "DeepseekV32ForCausalLM"},
    {"dots1", "Dots1ForCausalLM"},
    {"ernie4_5", "Ernie4_5ForCausalLM Ernie4_5_ForCausalLM"},
    {"ernie4_5-moe", "Ernie4_5_MoeForCausalLM"},
    {"exaone", "ExaoneForCausalLM"},
    {"exaone4", "Exaone4ForCausalLM"},
    {"exaone-moe", "ExaoneMoEForCausalLM ExaoneMoeForCausalLM"},
    {"falcon", "FalconForCausalLM RWForCausalLM"},
    {"falcon-h1", "FalconH1ForCausalLM"},
    {"mamba", "MambaForCausalLM MambaLMHeadModel FalconMambaForCausalLM"},
    {"mamba2", "Mamba2ForCausalLM"},
    {"jamba", "JambaForCausalLM"},
    {"gpt2", "GPT2LMHeadModel"},
    {"gptneox", "GPTNeoXForCausalLM"},
    {"starcoder", "GPTBigCodeForCausalLM"},
    {"starcoder2", "Starcoder2ForCausalLM"},
    {"stablelm", "StableLmForCausalLM StableLMEpochForCausalLM LlavaStableLMEpochForCausalLM"},
    {"granite", "GraniteForCausalLM"},
    {"granitemoe", "GraniteMoeForCausalLM GraniteMoeSharedForCausalLM"},
    {"granitehybrid", "GraniteMoeHybridForCausalLM BambaForCausalLM"},
    {"command-r", "CohereForCausalLM"},
    {"cohere2", "Cohere2ForCausalLM"},
    {"olmo", "OlmoForCausalLM OLMoForCausalLM"},
    {"olmo2", "Olmo2ForCausalLM Olmo3ForCausalLM"},
    {"olmoe", "OlmoeForCausalLM"},
    {"orion", "OrionForCausalLM"},
    {"internlm2", "InternLM2ForCausalLM"},
    {"baichuan", "BaichuanForCausalLM BaiChuanForCausalLM"},
    {"minicpm", "MiniCPMForCausalLM"},
    {"minicpm3", "MiniCPM3ForCausalLM"},
    {"minimax-m2", "MiniMaxM2ForCausalLM"},
    {"mistral3", "Mistral3ForConditionalGeneration Ministral3ForCausalLM"},
    {"llama4", "Llama4ForCausalLM Llama4ForConditionalGeneration"},
    {"mimo2", "MiMoV2FlashForCausalLM MiMoV2ForCausalLM"},
    {"nemotron", "NemotronForCausalLM"},
    {"nemotron_h", "NemotronHForCausalLM"},
    {"hunyuan-dense", "HunYuanDenseV1ForCausalLM"},
    {"hunyuan-moe", "HunYuanMoEV1ForCausalLM"},
    {"hy_v3", "HYV3ForCausalLM"},
    {"kimi-linear", "KimiLinearForCausalLM KimiLinearModel"},
    {"lfm2", "Lfm2ForCausalLM LFM2ForCausalLM Lfm2Model"},
    {"lfm2moe", "Lfm2MoeForCausalLM"},
    {"seed_oss", "SeedOssForCausalLM"},
    {"smollm3", "SmolLM3ForCausalLM"},
    {"arcee", "ArceeForCausalLM"},
    {"afmoe", "AfmoeForCausalLM"},
    {"apertus", "ApertusForCausalLM"},
    {"bailingmoe2", "BailingMoeV2ForCausalLM"},
    {"jais2", "Jais2ForCausalLM"},
    {"bloom", "BloomForCausalLM BloomModel"},
    {"mpt", "MPTForCausalLM MptForCausalLM"},
    {"dbrx", "DbrxForCausalLM"},
    {"smallthinker", "SmallThinkerForCausalLM"},
    {"bert",
     "BertModel BertForMaskedLM CamembertModel RobertaModel XLMRobertaModel DistilBertModel DistilBertForMaskedLM"},
    {"nomic-bert", "NomicBertModel"},
    {"modern-bert", "ModernBertModel ModernBertForMaskedLM"},
    {"jina-bert-v2", "JinaBertModel JinaBertForMaskedLM"},
    {"t5encoder", "T5EncoderModel"},
    {"t5", "T5ForConditionalGeneration T5WithLMHeadModel MT5ForConditionalGeneration UMT5ForConditionalGeneration"},
});

}  // namespace

std::string_view architecture_of(const Config& config) {
  const std::string& name = config.model_class();
  const auto found =
      std::ranges::find_if(kClasses, [&](const ModelClass& entry) { return has_word(entry.classes, name); });
  if (found == kClasses.end()) return {};
  if (found->architecture == "nemotron_h" && config.count({"n_routed_experts", "num_experts"}).value_or(0) > 0) {
    return "nemotron_h_moe";
  }
  if (found->architecture == "nomic-bert" && config.count({"moe_every_n_layers"}).value_or(0) > 0) {
    return "nomic-bert-moe";
  }
  return found->architecture;
}

}  // namespace rocmforge::convert
