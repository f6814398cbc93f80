// Specifies the reply forms with calls as JSON objects that name the tool.
#include "text/chat/form_specs.h"
#include "text/chat/json_calls.h"
#include "text/chat/written_calls.h"

namespace rocmforge::text {
namespace {

CallMarker json_marker(const JsonCalls& form) {
  return {.marker = form.marker,
          .read = [form](CallReader& reader) { return read_json_calls(reader, form); },
          .at_start = form.bare};
}

ReplySpec with_json_calls(const JsonCalls& form) {
  ReplySpec spec;
  spec.reasoning = {kThink};
  spec.calls = {json_marker(form)};
  spec.inner = {form.closing};
  spec.grammar = [form](const CallRules& rules) { return json_calls_grammar(form, rules); };
  return spec;
}

}  // namespace

// Hermes 2 Pro, Qwen 2.5 and 3, Granite 4 and others.
ReplySpec hermes_form() {
  return with_json_calls({.marker = "<tool_call>", .closing = "</tool_call>", .repeated = true});
}

ReplySpec granite3_form() {
  ReplySpec spec = with_json_calls({.marker = "<|tool_call|>", .list = true});
  spec.reasoning.push_back({.begin = "Here is my thought process:", .end = "Here is my response:"});
  spec.answers = {{.begin = "<response>", .end = "</response>"}};
  return spec;
}

// A call of the tool directly_answer means that no tool is called.
ReplySpec command_r_form() {
  ReplySpec spec = with_json_calls({.marker = "Action:",
                                    .opening = "```json",
                                    .closing = "```",
                                    .list = true,
                                    .name_key = "tool_name",
                                    .arguments_key = "parameters",
                                    .no_call = "directly_answer"});
  spec.reasoning.clear();
  return spec;
}

// Command R7B, Command A and their successors.
ReplySpec command_r7b_form() {
  ReplySpec spec = with_json_calls({.marker = "<|START_ACTION|>",
                                    .closing = "<|END_ACTION|>",
                                    .list = true,
                                    .name_key = "tool_name",
                                    .arguments_key = "parameters",
                                    .id_key = "tool_call_id"});
  spec.reasoning = {{.begin = "<|START_THINKING|>", .end = "<|END_THINKING|>", .anywhere = true, .calls_end_it = true}};
  spec.silent = {"<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"};
  return spec;
}

ReplySpec apertus_form() {
  ReplySpec spec =
      with_json_calls({.marker = "<|tools_prefix|>", .closing = "<|tools_suffix|>", .list = true, .name_is_key = true});
  spec.reasoning = {{.begin = "<|inner_prefix|>", .end = "<|inner_suffix|>", .anywhere = true, .calls_end_it = true}};
  return spec;
}

ReplySpec nemotron_v2_form() {
  return with_json_calls({.marker = "<TOOLCALL>", .closing = "</TOOLCALL>", .list = true});
}

// Reasoning comes first; its opening marker is a sentence or nothing.
ReplySpec apriel_form() {
  ReplySpec spec = with_json_calls(
      {.marker = "<tool_calls>", .closing = "</tool_calls>", .list = true, .id_last = true, .id_key = "id"});
  spec.reasoning = {{.begin = "Here are my reasoning steps:", .end = "[BEGIN FINAL RESPONSE]", .calls_end_it = true},
                    {.begin = "<thinking>", .end = "</thinking>", .anywhere = true}};
  spec.silent = {"[END FINAL RESPONSE]"};
  return spec;
}

ReplySpec firefunction_form() {
  ReplySpec spec = with_json_calls({.marker = "functools", .list = true});
  spec.reasoning.clear();
  return spec;
}

ReplySpec gigachat_form() { return with_json_calls({.marker = "<|function_call|>"}); }

namespace {

constexpr JsonCalls kLlamaBare{.marker = "{", .separator = ';', .bare = true, .arguments_key = "parameters"};
constexpr JsonCalls kLlamaTagged{.marker = "<|python_tag|>", .separator = ';', .arguments_key = "parameters"};
constexpr PythonCalls kLlamaBuiltIn{.marker = "<|python_tag|>", .list = false, .name_end = ".call"};

Task<bool> read_llama_tagged(CallReader& reader) {
  const int first = co_await reader.next_visible();
  bool read = false;
  if (first == '{' || first == '[') {
    read = co_await read_json_calls(reader, kLlamaTagged);
  } else {
    read = co_await read_python_calls(reader, kLlamaBuiltIn);
  }
  co_return read;
}

}  // namespace

// A reply that begins with the object is a call. Calls of built-in tools use Python's syntax.
ReplySpec llama3_form() {
  ReplySpec spec = with_json_calls(kLlamaBare);
  spec.reasoning.clear();
  spec.calls.push_back({.marker = kLlamaTagged.marker, .read = read_llama_tagged});
  return spec;
}

}  // namespace rocmforge::text
