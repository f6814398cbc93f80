// Reads calls with a tag around every parameter. The text inside is not JSON but the plain value:
// <tool_call><function=get_weather><parameter=city>Zürich</parameter></function></tool_call>.
#pragma once

#include <string_view>

#include "text/chat/call_reader.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

struct TaggedCalls {
  std::string_view section = {};  // around the calls; if not empty, it is the marker
  std::string_view section_end = {};
  std::string_view call = {};      // before the tool's name
  std::string_view name_end = {};  // after it
  std::string_view call_end = {};
  std::string_view parameter = {};  // before the parameter's name
  std::string_view key_end = {};    // after it
  std::string_view value = {};      // after key_end, if more precedes the value
  std::string_view parameter_end = {};
  bool own_lines = false;      // the value is on lines of its own
  bool string_flag = false;    // `true">` or `false">` before the value says whether it is a string
  bool cdata = false;          // the value may be wrapped in <![CDATA[ ]]>
  bool one_in_section = true;  // a section has one call, and there may be more sections

  std::string_view marker() const { return section.empty() ? call : section; }
};

// Reads the calls after the marker.
Task<bool> read_tagged_calls(CallReader& reader, const TaggedCalls& form);

ReplyGrammar tagged_calls_grammar(const TaggedCalls& form, const CallRules& rules);

}  // namespace rocmforge::text
