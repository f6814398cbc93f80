// What a template expects of the messages that it is given, found out by trying: templates do not say.
#pragma once

#include <string_view>

#include "text/jinja/template.h"

namespace rocmforge::text {

struct TemplateHabits {
  bool takes_system = true;         // otherwise a system message is put in front of the first user message
  bool takes_developer = false;     // otherwise a developer message is a system message
  bool takes_tools = true;          // otherwise tools are described in the system message, in Hermes' form
  bool takes_tool_calls = true;     // otherwise past calls and answers are written as text in that form
  bool content_in_parts = false;    // [{"type": "text", "text": …}] in place of a text
  bool null_content = true;         // beside tool calls, where there is none; otherwise an empty text
  bool arguments_as_text = false;   // of tool calls: their JSON as a text, not as an object
  bool needs_descriptions = false;  // of every parameter of a tool
  bool tools_as_functions = false;  // their JSON as a text, `functions`, and the time as `datetime` (firefunction)
  bool short_call_ids = false;      // nine letters or digits, as Mistral's templates demand
  std::string_view reasoning_key;   // where a message's reasoning goes; empty: the template has no place for it
};

// `source` is what `parsed` was made of; `variables` are those that the template sees besides the messages.
TemplateHabits find_habits(const jinja::Template& parsed, std::string_view source, const jinja::Value& variables);

}  // namespace rocmforge::text
