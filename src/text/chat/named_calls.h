// Reads calls in which the tool's name precedes JSON arguments:
// <|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{...}.
#pragma once

#include <string_view>

#include "text/chat/call_reader.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

struct NamedCalls {
  enum class Head {
    kName,
    kKindAndName,  // function<separator>get_weather
    kIdAndName,
    kKimi,  // functions.get_weather:0, which is also the id
  };
  Head head = Head::kName;
  std::string_view section = {};  // around all calls of the reply; if not empty, it is the marker
  std::string_view section_end = {};
  std::string_view call = {};       // before each call
  std::string_view separator = {};  // after the kind or id
  std::string_view id = {};         // between the name and an id, which may be absent
  std::string_view arguments = {};  // before the arguments
  std::string_view call_end = {};
  std::string_view user = {};  // the name that means the user: text follows instead of a call
  bool declared_only = false;  // the markers are common text: an undeclared name makes it text

  std::string_view marker() const { return section.empty() ? call : section; }
};

// Reads the calls after the marker.
Task<bool> read_named_calls(CallReader& reader, const NamedCalls& form);

ReplyGrammar named_calls_grammar(const NamedCalls& form, const CallRules& rules);

}  // namespace rocmforge::text
