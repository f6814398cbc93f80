#include "text/chat/reply_forms.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "text/chat/byte_stream.h"
#include "text/chat/form_specs.h"

namespace rocmforge::text {
namespace {

using Source = std::string_view;

bool has(Source source, std::string_view part) { return source.find(part) != Source::npos; }

bool calls_llama3(Source source) {
  return has(source, "<|python_tag|>") ||
         (has(source, "<|start_header_id|>ipython") && has(source, "\"parameters\": "));
}

// Each form is recognised by texts that occur in its templates but not in those of the forms below it. Special
// notations come first: many templates also explain <tool_call> to the model, or strip <think> from old replies.
constexpr std::array kForms{
    ReplyForm{"harmony", [](Source s) { return has(s, "<|channel|>") && has(s, "<|message|>"); }, harmony_form},
    ReplyForm{"deepseek-v4", [](Source s) { return has(s, "｜DSML｜") && has(s, "'tool_calls>"); }, deepseek_v4_form},
    ReplyForm{"deepseek-v3.2", [](Source s) { return has(s, "｜DSML｜"); }, deepseek_v32_form},
    ReplyForm{"deepseek-r1", [](Source s) { return has(s, "<｜tool▁calls▁begin｜>") && has(s, "```json"); },
              deepseek_r1_form},
    ReplyForm{"deepseek-v3.1", [](Source s) { return has(s, "<｜tool▁calls▁begin｜>"); }, deepseek_v31_form},
    ReplyForm{"kimi-k2", [](Source s) { return has(s, "<|tool_calls_section_begin|>"); }, kimi_k2_form},
    ReplyForm{"minimax-m3", [](Source s) { return has(s, "]<]minimax[>["); }, minimax_m3_form},
    ReplyForm{"minimax-m2", [](Source s) { return has(s, "<minimax:tool_call>"); }, minimax_m2_form},
    ReplyForm{"seed-oss", [](Source s) { return has(s, "<seed:tool_call>"); }, seed_oss_form},
    ReplyForm{"hunyuan-3", [](Source s) { return has(s, ":opensource") && has(s, "<arg_key"); }, hunyuan3_form},
    ReplyForm{"glm", [](Source s) { return has(s, "<arg_key>"); }, glm_form},
    ReplyForm{"minicpm5", [](Source s) { return has(s, "<param name=\""); }, minicpm5_form},
    ReplyForm{"qwen3-coder", [](Source s) { return has(s, "<function=") && has(s, "<parameter="); }, qwen3_coder_form},
    ReplyForm{"functionary-v3.1", [](Source s) { return has(s, "<function="); }, functionary_v31_form},
    ReplyForm{"functionary-v3.2", [](Source s) { return has(s, ">>>all"); }, functionary_v32_form},
    ReplyForm{"gemma-4", [](Source s) { return has(s, "<|tool_call>call:"); }, gemma4_form},
    ReplyForm{"lfm2", [](Source s) { return has(s, "<|tool_call_start|>") || has(s, "List of tools: "); }, lfm2_form},
    ReplyForm{"apertus", [](Source s) { return has(s, "<|tools_prefix|>"); }, apertus_form},
    ReplyForm{"command-r7b", [](Source s) { return has(s, "<|START_ACTION|>"); }, command_r7b_form},
    ReplyForm{"command-r", [](Source s) { return has(s, "Action:") && has(s, "```json"); }, command_r_form},
    ReplyForm{"mistral", [](Source s) { return has(s, "[TOOL_CALLS]") && has(s, "[ARGS]"); }, mistral_form},
    ReplyForm{"mistral-list", [](Source s) { return has(s, "[TOOL_CALLS]"); }, mistral_list_form},
    ReplyForm{"granite-3", [](Source s) { return has(s, "<|tool_call|>"); }, granite3_form},
    ReplyForm{"nemotron-v2", [](Source s) { return has(s, "<TOOLCALL>"); }, nemotron_v2_form},
    ReplyForm{"apriel", [](Source s) { return has(s, "[BEGIN FINAL RESPONSE]"); }, apriel_form},
    ReplyForm{"firefunction", [](Source s) { return has(s, "functools["); }, firefunction_form},
    ReplyForm{"gigachat", [](Source s) { return has(s, "<|function_call|>"); }, gigachat_form},
    ReplyForm{"solar", [](Source s) { return has(s, "<|tool_call:begin|>"); }, solar_form},
    ReplyForm{"hermes", [](Source s) { return has(s, "<tool_call>"); }, hermes_form},
    ReplyForm{"llama-3", calls_llama3, llama3_form},
    ReplyForm{"think", [](Source s) { return has(s, "<think>") || has(s, "</think>"); }, think_form},
    ReplyForm{"plain", [](Source) { return true; }, plain_form},
};

}  // namespace

std::unique_ptr<ReplyParser> ReplyForm::parser(const ReplyOptions& options) const {
  ReplySpec spec = describe();
  return spec.parser != nullptr ? spec.parser(options) : marked_reply_parser(std::move(spec), options);
}

bool ReplyForm::has_calls() const { return describe().grammar != nullptr; }

ReplyGrammar ReplyForm::grammar(const CallRules& rules) const {
  const ReplySpec spec = describe();
  if (!spec.grammar) throw error(ErrorCode::kUnsupported, "replies of the form '{}' have no tool calls", name);
  if (rules.tools.empty()) throw error(ErrorCode::kUsage, "a grammar for tool calls needs at least one tool");
  return spec.grammar(rules);
}

std::vector<std::string> ReplyForm::markers() const {
  const ReplySpec spec = describe();
  std::vector<std::string> markers;
  const auto add = [&](std::string_view marker) {
    if (!marker.empty() && std::ranges::find(markers, marker) == markers.end()) markers.emplace_back(marker);
  };
  for (const ReasoningMarkers& pair : spec.reasoning) {
    add(pair.begin);
    add(pair.end);
  }
  for (const AnswerMarkers& pair : spec.answers) {
    add(pair.begin);
    add(pair.end);
  }
  for (const std::string_view token : spec.silent) add(token);
  for (const CallMarker& call : spec.calls) add(call.marker);
  for (const std::string_view marker : spec.inner) add(marker);
  return markers;
}

std::vector<std::string> ReplyForm::stops() const {
  const ReplySpec spec = describe();
  return {spec.stops.begin(), spec.stops.end()};
}

bool ReplyForm::reasoning_open(std::string_view prompt) const {
  const ReplySpec spec = describe();
  return !spec.reasoning.empty() && trimmed(prompt).ends_with(spec.reasoning.front().begin);
}

std::span<const ReplyForm> reply_forms() { return kForms; }

const ReplyForm& reply_form_of(std::string_view template_source) {
  return *std::ranges::find_if(kForms, [&](const ReplyForm& form) { return form.fits(template_source); });
}

const ReplyForm* find_reply_form(std::string_view name) {
  const auto found = std::ranges::find(kForms, name, &ReplyForm::name);
  return found == kForms.end() ? nullptr : &*found;
}

}  // namespace rocmforge::text
