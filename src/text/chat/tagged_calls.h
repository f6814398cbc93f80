// Calls with a tag around every parameter, whose text is not JSON but the value as it stands:
// <tool_call><function=get_weather><parameter=city>Zürich</parameter></function></tool_call>.
#pragma once

#include <string_view>

#include "text/chat/call_reader.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

struct TaggedCalls {
  std::string_view section = {};  // around the calls; the marker, if there is one
  std::string_view section_end = {};
  std::string_view call = {};      // before the tool's name
  std::string_view name_end = {};  // after it
  std::string_view call_end = {};
  std::string_view parameter = {};  // before the parameter's name
  std::string_view key_end = {};    // after it
  std::string_view value = {};      // after that, if there is more before the value
  std::string_view parameter_end = {};
  bool own_lines = false;      // the value stands on lines of its own
  bool string_flag = false;    // `true">` or `false">` before the value says whether it is a string
  bool cdata = false;          // the value may be wrapped in <![CDATA[ ]]>
  bool one_in_section = true;  // a section has one call, and there may be more sections

  std::string_view marker() const { return section.empty() ? call : section; }
};

// After the marker.
Task<bool> read_tagged_calls(CallReader& reader, const TaggedCalls& form);

ReplyGrammar tagged_calls_grammar(const TaggedCalls& form, const CallRules& rules);

}  // namespace rocmforge::text
