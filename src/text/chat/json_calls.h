// Reads calls written as JSON objects that name the tool, single or in a list: {"name": "get_weather", "arguments":
// {"city": "Zürich"}}.
#pragma once

#include <string>
#include <string_view>

#include "text/chat/call_reader.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

// How a form writes such calls. The reader accepts the usual names of the keys interchangeably, and a single call in
// place of a list and vice versa, because models mix them up.
struct JsonCalls {
  std::string_view marker = {};   // before the calls
  std::string_view opening = {};  // after the marker, before the JSON
  std::string_view closing = {};  // after the JSON
  bool list = false;              // the form writes [...]
  bool repeated = false;          // for a form without lists: each call has its own marker
  bool name_is_key = false;       // {"get_weather": {...}}
  bool id_last = false;           // the id follows the arguments
  char separator = '\0';          // between calls that are not in a list
  bool bare = false;  // the marker is the opening bracket of the object; a reply that begins otherwise is text
  std::string_view name_key = "name";
  std::string_view arguments_key = "arguments";
  std::string_view id_key = {};   // written before the name, or last if id_last is set
  std::string_view no_call = {};  // the tool whose name means that no tool is called
};

// Reads the calls after the marker.
Task<bool> read_json_calls(CallReader& reader, const JsonCalls& form);

// Read one call after its {, and a list of calls after its [.
Task<bool> read_json_call(CallReader& reader, const JsonCalls& form);
Task<bool> read_json_list(CallReader& reader, const JsonCalls& form);

ReplyGrammar json_calls_grammar(const JsonCalls& form, const CallRules& rules);

}  // namespace rocmforge::text
