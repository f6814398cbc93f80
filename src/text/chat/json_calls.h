// Calls as JSON objects that name the tool, one or a list: {"name": "get_weather", "arguments": {"city": "Zürich"}}.
#pragma once

#include <string>
#include <string_view>

#include "text/chat/call_reader.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

// How a form writes them. In reading, the usual names of the keys are taken for each other, as models mix them up, and
// so are one call and a list.
struct JsonCalls {
  std::string_view marker = {};   // before the calls
  std::string_view opening = {};  // after the marker, before the JSON
  std::string_view closing = {};  // after the JSON
  bool list = false;              // the form writes [...]
  bool repeated = false;          // for a form that writes no list: each call has its own marker
  bool name_is_key = false;       // {"get_weather": {...}}
  bool id_last = false;           // the id stands behind the arguments
  char separator = '\0';          // between calls without a list
  bool bare = false;              // the marker is the object's bracket: what begins otherwise is text
  std::string_view name_key = "name";
  std::string_view arguments_key = "arguments";
  std::string_view id_key = {};   // that the form writes, before the name unless it is last
  std::string_view no_call = {};  // a tool that stands for none
};

// After the marker.
Task<bool> read_json_calls(CallReader& reader, const JsonCalls& form);

// After the marker, and after the object's { or the list's [.
Task<bool> read_json_call(CallReader& reader, const JsonCalls& form);
Task<bool> read_json_list(CallReader& reader, const JsonCalls& form);

ReplyGrammar json_calls_grammar(const JsonCalls& form, const CallRules& rules);

}  // namespace rocmforge::text
