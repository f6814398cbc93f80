// Detects by trial rendering what a template expects of its messages, because templates do not declare it.
#pragma once

#include <string_view>

#include "text/jinja/template.h"

namespace rocmforge::text {

struct TemplateTraits {
  bool takes_system = true;         // if false, a system message is put in front of the first user message
  bool takes_developer = false;     // if false, a developer message becomes a system message
  bool takes_tools = true;          // if false, tools are described in the system message, in the Hermes form
  bool takes_tool_calls = true;     // if false, past calls and answers are written as text in that form
  bool content_in_parts = false;    // content is [{"type": "text", "text": …}] instead of a string
  bool null_content = true;         // empty content beside tool calls is null; if false, it is an empty string
  bool arguments_as_text = false;   // arguments of calls are JSON text instead of an object
  bool needs_descriptions = false;  // every parameter of a tool needs a description
  bool tools_as_functions = false;  // tools are JSON text in `functions`, and the time is in `datetime` (firefunction)
  bool short_call_ids = false;      // call ids have nine letters or digits, as Mistral's templates require
  std::string_view reasoning_key;   // the key of a message's reasoning; empty if the template has none
};

// Returns the traits of a template. `source` is the text of `parsed`; `variables` are the template's variables besides
// the messages.
TemplateTraits find_traits(const jinja::Template& parsed, std::string_view source, const jinja::Value& variables);

}  // namespace rocmforge::text
