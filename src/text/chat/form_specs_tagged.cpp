// Specifies the reply forms with tagged parameters or other notations, and those without calls.
#include "text/chat/form_specs.h"
#include "text/chat/tagged_calls.h"
#include "text/chat/written_calls.h"

namespace rocmforge::text {
namespace {

ReplySpec with_tagged_calls(const TaggedCalls& form) {
  ReplySpec spec;
  spec.reasoning = {kThink};
  spec.calls = {
      {.marker = form.marker(), .read = [form](CallReader& reader) { return read_tagged_calls(reader, form); }}};
  spec.inner = {form.section_end, form.call,    form.name_end, form.call_end,
                form.parameter,   form.key_end, form.value,    form.parameter_end};
  spec.grammar = [form](const CallRules& rules) { return tagged_calls_grammar(form, rules); };
  return spec;
}

}  // namespace

namespace {

constexpr TaggedCalls kBareQwenCall{.call = "<function=",
                                    .name_end = ">",
                                    .call_end = "</function>",
                                    .parameter = "<parameter=",
                                    .key_end = ">",
                                    .parameter_end = "</parameter>",
                                    .own_lines = true};

// Reads the calls after the first call's marker.
Task<bool> read_bare_qwen_calls(CallReader& reader) {
  for (;;) {
    const bool read = co_await read_tagged_calls(reader, kBareQwenCall);
    if (!read) co_return false;
    const int next = co_await reader.next_visible();
    if (next != '<') co_return true;
    const int found = co_await reader.either("</tool_call>", kBareQwenCall.call);
    if (found != 1) co_return found == 0;
  }
}

}  // namespace

// Qwen3 Coder, Qwen 3.5, Nemotron 3, Step 3.5.
ReplySpec qwen3_coder_form() {
  ReplySpec spec = with_tagged_calls({.section = "<tool_call>",
                                      .section_end = "</tool_call>",
                                      .call = "<function=",
                                      .name_end = ">",
                                      .call_end = "</function>",
                                      .parameter = "<parameter=",
                                      .key_end = ">",
                                      .parameter_end = "</parameter>",
                                      .own_lines = true});
  // Models often omit the opening marker but write the closing one.
  spec.calls.push_back({.marker = kBareQwenCall.call, .read = read_bare_qwen_calls});
  return spec;
}

ReplySpec seed_oss_form() {
  ReplySpec spec = with_tagged_calls({.section = "<seed:tool_call>",
                                      .section_end = "</seed:tool_call>",
                                      .call = "<function=",
                                      .name_end = ">",
                                      .call_end = "</function>",
                                      .parameter = "<parameter=",
                                      .key_end = ">",
                                      .parameter_end = "</parameter>"});
  spec.reasoning = {{.begin = "<seed:think>", .end = "</seed:think>"}};
  return spec;
}

// GLM 4.5 and later, and Laguna.
ReplySpec glm_form() {
  ReplySpec spec = with_tagged_calls({.call = "<tool_call>",
                                      .call_end = "</tool_call>",
                                      .parameter = "<arg_key>",
                                      .key_end = "</arg_key>",
                                      .value = "<arg_value>",
                                      .parameter_end = "</arg_value>"});
  spec.stops = {"<|observation|>", "<|user|>", "</assistant>"};
  return spec;
}

ReplySpec hunyuan3_form() {
  ReplySpec spec = with_tagged_calls({.section = "<tool_calls:opensource>",
                                      .section_end = "</tool_calls:opensource>",
                                      .call = "<tool_call:opensource>",
                                      .name_end = "<tool_sep:opensource>",
                                      .call_end = "</tool_call:opensource>",
                                      .parameter = "<arg_key:opensource>",
                                      .key_end = "</arg_key:opensource>",
                                      .value = "<arg_value:opensource>",
                                      .parameter_end = "</arg_value:opensource>",
                                      .one_in_section = false});
  spec.reasoning = {{.begin = "<think:opensource>", .end = "</think:opensource>"}};
  return spec;
}

ReplySpec minimax_m2_form() {
  return with_tagged_calls({.section = "<minimax:tool_call>",
                            .section_end = "</minimax:tool_call>",
                            .call = "<invoke name=\"",
                            .name_end = "\">",
                            .call_end = "</invoke>",
                            .parameter = "<parameter name=\"",
                            .key_end = "\">",
                            .parameter_end = "</parameter>",
                            .one_in_section = false});
}

ReplySpec minimax_m3_form() {
  ReplySpec spec;
  spec.reasoning = {{.begin = "<mm:think>", .end = "</mm:think>"}};
  spec.calls = {{.marker = kNestedMarker, .read = read_nested_calls}};
  spec.inner = {"]<]minimax[>["};
  spec.grammar = nested_calls_grammar;
  return spec;
}

namespace {

constexpr TaggedCalls kDeepseekV32{.section = "<｜DSML｜function_calls>",
                                   .section_end = "</｜DSML｜function_calls>",
                                   .call = "<｜DSML｜invoke name=\"",
                                   .name_end = "\">",
                                   .call_end = "</｜DSML｜invoke>",
                                   .parameter = "<｜DSML｜parameter name=\"",
                                   .key_end = "\" string=\"",
                                   .parameter_end = "</｜DSML｜parameter>",
                                   .string_flag = true,
                                   .one_in_section = false};

}  // namespace

ReplySpec deepseek_v32_form() {
  ReplySpec spec = with_tagged_calls(kDeepseekV32);
  spec.reasoning.front().calls_end_it = true;
  return spec;
}

ReplySpec deepseek_v4_form() {
  TaggedCalls form = kDeepseekV32;
  form.section = "<｜DSML｜tool_calls>";
  form.section_end = "</｜DSML｜tool_calls>";
  ReplySpec spec = with_tagged_calls(form);
  spec.reasoning.front().calls_end_it = true;
  return spec;
}

ReplySpec minicpm5_form() {
  return with_tagged_calls({.call = "<function name=\"",
                            .name_end = "\">",
                            .call_end = "</function>",
                            .parameter = "<param name=\"",
                            .key_end = "\">",
                            .parameter_end = "</param>",
                            .cdata = true});
}

ReplySpec lfm2_form() {
  static constexpr PythonCalls kCalls{.marker = "<|tool_call_start|>", .closing = "<|tool_call_end|>"};
  ReplySpec spec;
  spec.reasoning = {kThink};
  spec.calls = {
      {.marker = kCalls.marker, .read = [](CallReader& reader) { return read_python_calls(reader, kCalls); }}};
  spec.inner = {kCalls.closing};
  spec.grammar = [](const CallRules& rules) { return python_calls_grammar(kCalls, rules); };
  return spec;
}

ReplySpec gemma4_form() {
  ReplySpec spec;
  spec.reasoning = {{.begin = "<|channel>thought", .end = "<channel|>", .anywhere = true, .calls_end_it = true}};
  spec.calls = {{.marker = kGemmaMarker, .read = read_gemma_call}};
  spec.inner = {"<|\"|>", "<tool_call|>"};
  spec.grammar = gemma_calls_grammar;
  spec.stops = {"<|tool_response>"};
  return spec;
}

ReplySpec think_form() {
  ReplySpec spec;
  spec.reasoning = {kThink};
  return spec;
}

ReplySpec plain_form() { return {}; }

}  // namespace rocmforge::text
