// Tests the choice of the reply form for a chat template.
#include "text/chat/reply_forms.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "support/reference_data.h"
#include "text/chat/reply_spec.h"

namespace rocmforge {
namespace {

using text::reply_form_of;

TEST(ReplyForms, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const text::ReplyForm& form : text::reply_forms()) {
    EXPECT_TRUE(names.insert(form.name).second) << form.name;
    EXPECT_EQ(text::find_reply_form(form.name), &form);
  }
  EXPECT_EQ(text::find_reply_form("esperanto"), nullptr);
}

// The marker scanner relies on this.
TEST(ReplyForms, HaveNoMarkerThatBeginsAnother) {
  for (const text::ReplyForm& form : text::reply_forms()) {
    const text::ReplySpec spec = form.describe();
    std::vector<std::string_view> markers = spec.silent;
    for (const auto& pair : spec.reasoning) markers.insert(markers.end(), {pair.begin, pair.end});
    for (const auto& pair : spec.answers) markers.insert(markers.end(), {pair.begin, pair.end});
    for (const auto& call : spec.calls) markers.push_back(call.marker);
    for (const std::string_view marker : markers) {
      const auto begun =
          std::ranges::count_if(markers, [&](std::string_view other) { return other.starts_with(marker); });
      EXPECT_EQ(begun, 1) << form.name << ": " << marker;
    }
  }
}

// Tokens that are not printed cannot be parsed.
TEST(ReplyForms, TellWhichTokensMustBePrinted) {
  const std::vector<std::string> markers = text::find_reply_form("kimi-k2")->markers();
  for (const char* marker : {"<think>", "</think>", "<|tool_calls_section_begin|>", "<|tool_call_begin|>",
                             "<|tool_call_argument_begin|>", "<|tool_call_end|>", "<|tool_calls_section_end|>"}) {
    EXPECT_EQ(std::ranges::count(markers, marker), 1) << marker;
  }
}

TEST(ReplyForms, FallBackOnReasoningAndThenOnText) {
  EXPECT_EQ(reply_form_of("{{ messages }}").name, "plain");
  EXPECT_EQ(reply_form_of("").name, "plain");
  EXPECT_EQ(reply_form_of("{% if '</think>' in content %}").name, "think");
  EXPECT_EQ(reply_form_of("<think> ... <tool_call>").name, "hermes");
}

TEST(ReplyForms, SeeWhetherThePromptOpensReasoning) {
  const text::ReplyForm& form = *text::find_reply_form("hermes");
  EXPECT_TRUE(form.reasoning_open("<|im_start|>assistant\n<think>\n"));
  EXPECT_FALSE(form.reasoning_open("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
  EXPECT_FALSE(form.reasoning_open("<|im_start|>assistant\n"));
  EXPECT_FALSE(text::find_reply_form("plain")->reasoning_open("<think>"));
}

const std::map<std::string, std::string> kExpected{
    {"Apertus-8B-Instruct", "apertus"},
    {"Apriel-1.6-15b-Thinker-fixed", "apriel"},
    {"Bielik-11B-v3.0-Instruct", "hermes"},
    {"ByteDance-Seed-OSS", "seed-oss"},
    {"Cohere2MoE", "command-r7b"},
    {"CohereForAI-c4ai-command-r-plus-tool_use", "command-r"},
    {"CohereForAI-c4ai-command-r7b-12-2024-tool_use", "command-r7b"},
    {"GLM-4.6", "glm"},
    {"GLM-4.7-Flash", "glm"},
    {"GigaChat3.1-10B-A1.8B", "gigachat"},
    {"HuggingFaceTB-SmolLM3-3B", "think"},
    {"Kimi-K2-Instruct", "kimi-k2"},
    {"Kimi-K2-Thinking", "kimi-k2"},
    {"LFM2-8B-A1B", "lfm2"},
    {"LFM2.5-8B-A1B", "lfm2"},
    {"LFM2.5-Instruct", "lfm2"},
    {"MiMo-VL", "hermes"},
    {"MiniMax-M2", "minimax-m2"},
    {"MiniMax-M3", "minimax-m3"},
    {"Mistral-Small-3.2-24B-Instruct-2506", "mistral"},
    {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "qwen3-coder"},
    {"NVIDIA-Nemotron-Nano-v2", "nemotron-v2"},
    {"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", "hermes"},
    {"Qwen-QwQ-32B", "hermes"},
    {"Qwen-Qwen2.5-7B-Instruct", "hermes"},
    {"Qwen-Qwen3-0.6B", "hermes"},
    {"Qwen3-Coder", "qwen3-coder"},
    {"Qwen3.5-4B", "qwen3-coder"},
    {"Reka-Edge", "hermes"},
    {"StepFun3.5-Flash", "qwen3-coder"},
    {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek-r1"},
    {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-r1"},
    {"deepseek-ai-DeepSeek-V3.1", "deepseek-v3.1"},
    {"deepseek-ai-DeepSeek-V3.2", "deepseek-v3.2"},
    {"deepseek-ai-DeepSeek-V4-Flash-0731", "deepseek-v4"},
    {"fireworks-ai-llama-3-firefunction-v2", "firefunction"},
    {"google-gemma-2-2b-it", "plain"},
    {"google-gemma-4-31B-it", "gemma-4"},
    {"google-gemma-4-31B-it-interleaved", "gemma-4"},
    {"ibm-granite-granite-3.3-2B-Instruct", "granite-3"},
    {"ibm-granite-granite-4.0", "hermes"},
    {"llama-cpp-deepseek-r1", "deepseek-r1"},
    {"llama-cpp-rwkv-world", "think"},
    {"meetkai-functionary-medium-v3.2", "functionary-v3.2"},
    {"meta-llama-Llama-3.1-8B-Instruct", "llama-3"},
    {"meta-llama-Llama-3.2-3B-Instruct", "llama-3"},
    {"microsoft-Phi-3.5-mini-instruct", "plain"},
    {"mistralai-Ministral-3-14B-Reasoning-2512", "mistral"},
    {"mistralai-Mistral-Nemo-Instruct-2407", "mistral-list"},
    {"moonshotai-Kimi-K2", "kimi-k2"},
    {"openai-gpt-oss-120b", "harmony"},
    {"openbmb-MiniCPM5-1B", "minicpm5"},
    {"poolside-Laguna-S-2.1", "glm"},
    {"poolside-Laguna-XS-2.1", "glm"},
    {"tencent-Hy3", "hunyuan-3"},
    {"unsloth-Apriel-1.5", "apriel"},
    {"unsloth-mistral-Devstral-Small-2507", "mistral"},
    {"upstage-Solar-Open-100B", "solar"},
};

TEST(ReplyFormsReference, GoWithThePublishedTemplates) {
  const std::filesystem::path folder = testing::conformance_folder() / "template/templates";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no templates in " << folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string source{std::istreambuf_iterator<char>(file), {}};
    const auto expected = kExpected.find(entry.path().stem().string());
    ASSERT_NE(expected, kExpected.end()) << entry.path() << " is new: which form has it?";
    EXPECT_EQ(reply_form_of(source).name, expected->second) << entry.path();
  }
}

}  // namespace
}  // namespace rocmforge
