// Specifies the reply forms with a name before JSON arguments.
#include "text/chat/form_specs.h"
#include "text/chat/harmony_reply.h"
#include "text/chat/json_calls.h"
#include "text/chat/named_calls.h"

namespace rocmforge::text {
namespace {

ReplySpec with_named_calls(const NamedCalls& form) {
  ReplySpec spec;
  spec.reasoning = {kThink};
  spec.calls = {
      {.marker = form.marker(), .read = [form](CallReader& reader) { return read_named_calls(reader, form); }}};
  spec.inner = {form.section_end, form.call, form.separator, form.id, form.arguments, form.call_end};
  spec.grammar = [form](const CallRules& rules) { return named_calls_grammar(form, rules); };
  return spec;
}

}  // namespace

// DeepSeek R1 and the first DeepSeek V3.
ReplySpec deepseek_r1_form() {
  ReplySpec spec = with_named_calls({.head = NamedCalls::Head::kKindAndName,
                                     .section = "<｜tool▁calls▁begin｜>",
                                     .section_end = "<｜tool▁calls▁end｜>",
                                     .call = "<｜tool▁call▁begin｜>",
                                     .separator = "<｜tool▁sep｜>",
                                     .arguments = "\n```json\n",
                                     .call_end = "```<｜tool▁call▁end｜>"});
  spec.reasoning.front().calls_end_it = true;
  return spec;
}

ReplySpec deepseek_v31_form() {
  ReplySpec spec = with_named_calls({.section = "<｜tool▁calls▁begin｜>",
                                     .section_end = "<｜tool▁calls▁end｜>",
                                     .call = "<｜tool▁call▁begin｜>",
                                     .arguments = "<｜tool▁sep｜>",
                                     .call_end = "<｜tool▁call▁end｜>"});
  spec.reasoning.front().calls_end_it = true;
  return spec;
}

ReplySpec kimi_k2_form() {
  ReplySpec spec = with_named_calls({.head = NamedCalls::Head::kKimi,
                                     .section = "<|tool_calls_section_begin|>",
                                     .section_end = "<|tool_calls_section_end|>",
                                     .call = "<|tool_call_begin|>",
                                     .arguments = "<|tool_call_argument_begin|>",
                                     .call_end = "<|tool_call_end|>"});
  spec.reasoning.front().calls_end_it = true;
  return spec;
}

namespace {

constexpr JsonCalls kMistralList{.marker = "[TOOL_CALLS]", .list = true, .id_last = true, .id_key = "id"};
constexpr NamedCalls kMistralNamed{.call = "[TOOL_CALLS]", .id = "[CALL_ID]", .arguments = "[ARGS]"};

// Reads either of Mistral's two notations, because a model does not always write the one of its template.
Task<bool> read_mistral_calls(CallReader& reader) {
  const int first = co_await reader.next_visible();
  bool read = false;
  if (first == '[' || first == '{') {
    read = co_await read_json_calls(reader, kMistralList);
  } else {
    read = co_await read_named_calls(reader, kMistralNamed);
  }
  co_return read;
}

ReplySpec with_mistral_calls() {
  ReplySpec spec;
  spec.reasoning = {{.begin = "[THINK]", .end = "[/THINK]", .anywhere = true, .calls_end_it = true}};
  spec.calls = {{.marker = "[TOOL_CALLS]", .read = read_mistral_calls}};
  spec.inner = {"[ARGS]", "[CALL_ID]"};
  spec.ids = GeneratedIds::kNineCharacters;
  return spec;
}

}  // namespace

// Mistral's models up to the middle of 2025.
ReplySpec mistral_list_form() {
  ReplySpec spec = with_mistral_calls();
  spec.grammar = [](const CallRules& rules) { return json_calls_grammar(kMistralList, rules); };
  return spec;
}

// Mistral's later models; some of them write ids.
ReplySpec mistral_form() {
  ReplySpec spec = with_mistral_calls();
  spec.grammar = [](const CallRules& rules) { return named_calls_grammar(kMistralNamed, rules); };
  return spec;
}

ReplySpec solar_form() {
  ReplySpec spec = with_named_calls({.head = NamedCalls::Head::kIdAndName,
                                     .call = "<|tool_call:begin|>",
                                     .separator = "<|tool_call:name|>",
                                     .arguments = "<|tool_call:args|>",
                                     .call_end = "<|tool_call:end|>"});
  spec.reasoning = {{.begin = "<|think|>", .end = "<|end|>", .anywhere = true}};
  spec.silent = {"<|begin|>assistant", "<|content|>", "<|tool_calls|>", "<|calls|>"};
  return spec;
}

ReplySpec functionary_v31_form() {
  return with_named_calls({.call = "<function=", .arguments = ">", .call_end = "</function>"});
}

// The prompt ends with the first >>>.
ReplySpec functionary_v32_form() {
  ReplySpec spec = with_named_calls({.call = ">>>", .arguments = "\n", .user = "all", .declared_only = true});
  spec.reasoning.clear();
  spec.begins_in_call = true;
  return spec;
}

ReplySpec harmony_form() {
  ReplySpec spec;
  spec.reasoning = {{.begin = "<|channel|>analysis<|message|>", .end = "<|end|>"}};
  spec.inner = {"<|start|>", "<|channel|>", "<|message|>", "<|constrain|>", "<|call|>", "<|return|>"};
  spec.grammar = harmony_grammar;
  spec.stops = {"<|call|>", "<|return|>"};
  spec.parser = harmony_parser;
  return spec;
}

}  // namespace rocmforge::text
