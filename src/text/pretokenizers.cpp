#include "text/pretokenizers.h"

#include <algorithm>
#include <array>

#include "text/pretokenizer_patterns.h"
#include "text/word_scanners.h"

namespace rocmforge::text {
namespace {

constexpr SplitStep kEveryNumber = {R"(\p{N})"};
constexpr SplitStep kThreeNumbers = {R"(\p{N}{1,3})"};
constexpr SplitStep kLineBreak = {R"([\r\n])"};
constexpr SplitStep kLineOrBreaks = {R"([^\n]+|[\n]+)"};
constexpr SplitStep kTriplets = {.pattern = {}, .triplets_from_the_right = true};

constexpr SplitStep kGpt2Step = {kGpt2Words, scan_gpt2_word};
constexpr SplitStep kLlama3Step = {kLlama3Words, scan_llama3_word};
constexpr SplitStep kQwen2Step = {kQwen2Words, scan_qwen2_word};

constexpr std::array kGpt2Steps = {kGpt2Step};
constexpr std::array kLlama3Steps = {kLlama3Step};
constexpr std::array kQwen2Steps = {kQwen2Step};
constexpr std::array kQwen35Steps = {SplitStep{kQwen35Words}};
constexpr std::array kJais2Steps = {SplitStep{kJais2Words}};
constexpr std::array kSeedCoderSteps = {SplitStep{kSeedCoderWords}};
constexpr std::array kBailingMoeSteps = {SplitStep{kBailingMoeWords}};
constexpr std::array kExaoneMoeSteps = {SplitStep{kExaoneMoeWords}};
constexpr std::array kTekkenSteps = {SplitStep{kTekkenWords}};
constexpr std::array kGpt4oSteps = {SplitStep{kGpt4oWords}};
constexpr std::array kGraniteEmbeddingSteps = {SplitStep{kGraniteEmbeddingWords}};
constexpr std::array kKimiK2Steps = {SplitStep{kKimiK2Words}};
constexpr std::array kBloomSteps = {SplitStep{kBloomWords}};
constexpr std::array kStarcoderSteps = {kEveryNumber, kGpt2Step};
constexpr std::array kMinicpm5Steps = {kThreeNumbers, SplitStep{kMinicpm5Words}};
constexpr std::array kYoutuSteps = {SplitStep{kYoutuScripts}, SplitStep{kYoutuWords}};
constexpr std::array kVikingSteps = {SplitStep{kBloomWords}, kEveryNumber};
constexpr std::array kLagunaSteps = {kLineOrBreaks, kQwen2Step};
constexpr std::array kLineSteps = {kLineOrBreaks};
constexpr std::array kWhitespaceSteps = {SplitStep{R"(\S+)"}};
constexpr std::array kTinyAyaSteps = {kTriplets, SplitStep{kGpt4oWords}};
constexpr std::array kSuperBpeSteps = {kTriplets};
constexpr std::array kAfmoeSteps = {kTriplets, SplitStep{kAfmoeScripts}, SplitStep{kDeepSeek3Words}};
constexpr std::array kDeepSeek3Steps = {kThreeNumbers, SplitStep{kDeepSeek3Ideographs}, SplitStep{kDeepSeek3Words}};
constexpr std::array kDeepSeekLlmSteps = {
    kLineBreak,           SplitStep{kDeepSeekLetters},    SplitStep{kDeepSeekPunctuation},
    SplitStep{R"(\s+$)"}, SplitStep{kDeepSeekIdeographs}, SplitStep{R"(\p{N}+)"}};
constexpr std::array kDeepSeekCoderSteps = {kLineBreak, SplitStep{R"(\s?\p{L}+)"}, SplitStep{R"(\s?\p{P}+)"},
                                            SplitStep{kDeepSeekIdeographs}, kEveryNumber};
constexpr std::array kFalconSteps = {SplitStep{R"([\p{P}\$\+<=>\^~\|`]+)"}, kGpt2Step, SplitStep{R"([0-9]{3})"}};
constexpr std::array kDefaultSteps = {SplitStep{R"([\p{P}\$\+<=>\^~\|]+)"}, kGpt2Step, SplitStep{R"(\p{N}+)"},
                                      SplitStep{R"([0-9]{3})"}};
constexpr std::array kChameleonSteps = {SplitStep{R"(<sentinel:[0-9]+>)"},    SplitStep{R"(IMGIMG[A-I]{1,4}Z)"},
                                        SplitStep{R"([\t\n]|    |  )"},       kEveryNumber,
                                        SplitStep{R"([\p{P}!-/:-@\[-`{-~])"}, kGpt2Step};

constexpr SplitKind kAfmoe = {kAfmoeSteps};
constexpr SplitKind kBailingMoe = {kBailingMoeSteps};
constexpr SplitKind kBloom = {kBloomSteps};
constexpr SplitKind kChameleon = {kChameleonSteps};
constexpr SplitKind kDeepSeek3 = {kDeepSeek3Steps};
constexpr SplitKind kDeepSeekCoder = {kDeepSeekCoderSteps};
constexpr SplitKind kDeepSeekLlm = {kDeepSeekLlmSteps};
constexpr SplitKind kDefault = {kDefaultSteps};
constexpr SplitKind kExaoneMoe = {kExaoneMoeSteps};
constexpr SplitKind kFalcon = {kFalconSteps};
constexpr SplitKind kGpt2 = {kGpt2Steps};
constexpr SplitKind kGpt4o = {kGpt4oSteps};
constexpr SplitKind kGraniteEmbedding = {kGraniteEmbeddingSteps};
constexpr SplitKind kJais2 = {kJais2Steps};
constexpr SplitKind kKimiK2 = {kKimiK2Steps};
constexpr SplitKind kLaguna = {kLagunaSteps};
constexpr SplitKind kLines = {.steps = kLineSteps, .byte_alphabet = false};
constexpr SplitKind kLlama3 = {kLlama3Steps};
constexpr SplitKind kMinicpm5 = {kMinicpm5Steps};
constexpr SplitKind kQwen2 = {kQwen2Steps};
constexpr SplitKind kQwen35 = {kQwen35Steps};
constexpr SplitKind kSeedCoder = {kSeedCoderSteps};
constexpr SplitKind kStarcoder = {kStarcoderSteps};
constexpr SplitKind kSuperBpe = {kSuperBpeSteps};
constexpr SplitKind kTekken = {kTekkenSteps};
constexpr SplitKind kTinyAya = {kTinyAyaSteps};
constexpr SplitKind kViking = {kVikingSteps};
constexpr SplitKind kWhitespace = {.steps = kWhitespaceSteps, .byte_alphabet = false};
constexpr SplitKind kYoutu = {kYoutuSteps};

constexpr std::array kPreTokenizers = std::to_array<PreTokenizer>({
    {.name = "a.x-4.0", .split = &kGpt2},
    {.name = "afmoe", .split = &kAfmoe},
    {.name = "bailingmoe", .split = &kBailingMoe},
    {.name = "bailingmoe2", .split = &kBailingMoe},
    {.name = "bloom", .split = &kBloom},
    {.name = "chameleon", .split = &kChameleon, .add_bos = true},
    {.name = "chatglm-bpe", .split = &kLlama3, .has_default_bos = false},
    {.name = "codeshell", .split = &kStarcoder},
    {.name = "cohere2moe", .split = &kTinyAya},
    {.name = "command-r", .split = &kStarcoder},
    {.name = "dbrx", .split = &kLlama3},
    {.name = "deepseek-coder", .split = &kDeepSeekCoder},
    {.name = "deepseek-llm", .split = &kDeepSeekLlm},
    {.name = "deepseek-r1-qwen", .split = &kQwen2},
    {.name = "deepseek-v3", .split = &kDeepSeek3},
    {.name = "default", .split = &kDefault},
    {.name = "exaone", .split = &kStarcoder},
    {.name = "exaone-moe", .split = &kExaoneMoe},
    {.name = "exaone4", .split = &kGpt2},
    {.name = "f2llmv2", .split = &kQwen2},
    {.name = "falcon", .split = &kFalcon},
    {.name = "falcon-h1", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "falcon3", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "gemma4", .split = &kLines, .escape_whitespaces = true},
    {.name = "gigachat", .split = &kGpt2},
    {.name = "glm4", .split = &kLlama3, .has_default_bos = false},
    {.name = "gpt-2", .split = &kGpt2},
    {.name = "gpt-4o", .split = &kGpt4o},
    {.name = "gpt3-finnish", .split = &kBloom},
    {.name = "granite-docling", .split = &kGpt2},
    {.name = "granite-embed-multi-311m", .split = &kLines, .escape_whitespaces = true},
    {.name = "granite-embed-multi-97m", .split = &kGraniteEmbedding, .ignore_merges = true},
    {.name = "grok-2", .split = &kQwen2},
    {.name = "hunyuan", .split = &kQwen2},
    {.name = "hunyuan-dense", .split = &kDeepSeek3},
    {.name = "jais", .split = &kGpt2},
    {.name = "jais-2", .split = &kJais2},
    {.name = "jina-de", .split = &kGpt2},
    {.name = "jina-es", .split = &kGpt2},
    {.name = "jina-v1-en", .split = &kGpt2, .add_separator = true},
    {.name = "jina-v2-code", .split = &kGpt2, .add_separator = true},
    {.name = "jina-v2-de", .split = &kGpt2},
    {.name = "jina-v2-es", .split = &kGpt2},
    {.name = "jina-v5-nano", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "joyai-llm", .split = &kDeepSeek3},
    {.name = "kanana2", .split = &kGpt4o},
    {.name = "kimi-k2", .split = &kKimiK2},
    {.name = "kormo", .split = &kQwen2},
    {.name = "laguna", .split = &kLaguna},
    {.name = "lfm2", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "llada-moe", .split = &kBailingMoe},
    {.name = "llama-bpe", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "llama-v3", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "llama3", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "llama4", .split = &kGpt4o},
    {.name = "megrez", .split = &kQwen2},
    {.name = "mellum", .split = &kGpt2},
    {.name = "mellum2", .split = &kStarcoder},
    {.name = "midm-2.0", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "minerva-7b", .split = &kStarcoder},
    {.name = "minicpm5", .split = &kMinicpm5, .ignore_merges = true},
    {.name = "minimax-m2", .split = &kGpt4o},
    {.name = "modern-bert", .split = &kGpt2},
    {.name = "mpt", .split = &kGpt2},
    {.name = "olmo", .split = &kGpt2},
    {.name = "phi-2", .split = &kGpt2},
    {.name = "pixtral", .split = &kLlama3, .add_bos = true, .ignore_merges = true},
    {.name = "poro-chat", .split = &kBloom},
    {.name = "qwen2", .split = &kQwen2},
    {.name = "qwen35", .split = &kQwen35},
    {.name = "refact", .split = &kStarcoder},
    {.name = "roberta-bpe", .split = &kGpt2, .add_separator = true},
    {.name = "sarvam-moe", .split = &kLines, .escape_whitespaces = true},
    {.name = "seed-coder", .split = &kSeedCoder},
    {.name = "smaug-bpe", .split = &kLlama3},
    {.name = "smollm", .split = &kStarcoder},
    {.name = "solar-open", .split = &kQwen2},
    {.name = "stablelm2", .split = &kQwen2},
    {.name = "starcoder", .split = &kStarcoder},
    {.name = "superbpe", .split = &kSuperBpe},
    {.name = "talkie", .split = &kGpt4o},
    {.name = "tekken", .split = &kTekken, .add_bos = true, .ignore_merges = true},
    {.name = "tiny_aya", .split = &kTinyAya},
    {.name = "trillion", .split = &kGpt2},
    {.name = "viking", .split = &kViking},
    {.name = "whitespace", .split = &kWhitespace},
    {.name = "youtu", .split = &kYoutu, .ignore_merges = true},
});

}  // namespace

std::span<const PreTokenizer> pre_tokenizers() { return kPreTokenizers; }

const PreTokenizer* find_pre_tokenizer(std::string_view name) {
  const auto found = std::find_if(kPreTokenizers.begin(), kPreTokenizers.end(),
                                  [&](const PreTokenizer& entry) { return entry.name == name; });
  return found == kPreTokenizers.end() ? nullptr : &*found;
}

}  // namespace rocmforge::text
