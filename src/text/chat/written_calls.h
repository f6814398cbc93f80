// Reads calls in other notations: Python's, Gemma 4's, and MiniMax M3's nested tags.
#pragma once

#include <string_view>

#include "text/chat/call_reader.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

// [get_weather(city="Zürich", days=2), get_time()]: Python calls in a list.
struct PythonCalls {
  std::string_view marker = {};
  std::string_view closing = {};
  bool list = true;
  std::string_view name_end = {};  // between the name and its opening bracket
};
Task<bool> read_python_calls(CallReader& reader, const PythonCalls& form);
ReplyGrammar python_calls_grammar(const PythonCalls& form, const CallRules& rules);

// <|tool_call>call:get_weather{city:<|"|>Zürich<|"|>,days:2}<tool_call|>
inline constexpr std::string_view kGemmaMarker = "<|tool_call>";
Task<bool> read_gemma_call(CallReader& reader);
ReplyGrammar gemma_calls_grammar(const CallRules& rules);

// <invoke name="get_weather"><city>Zürich</city><days><item>2</item></days></invoke>, with a control token before
// each tag: arrays are <item>s, and objects have a tag for each key.
inline constexpr std::string_view kNestedMarker = "]<]minimax[>[<tool_call>";
Task<bool> read_nested_calls(CallReader& reader);
ReplyGrammar nested_calls_grammar(const CallRules& rules);

}  // namespace rocmforge::text
