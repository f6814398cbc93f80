// Describes a form of replies by its markers.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "text/chat/call_reader.h"
#include "text/chat/reply.h"
#include "text/chat/reply_grammar.h"
#include "text/chat/task.h"

namespace rocmforge::text {

struct ReasoningMarkers {
  std::string_view begin = {};
  std::string_view end = {};
  bool anywhere = false;      // allowed after text too; otherwise only at the start of the reply
  bool calls_end_it = false;  // models may begin a call without closing the reasoning
};

// Markers around the answer, which are dropped.
struct AnswerMarkers {
  std::string_view begin = {};
  std::string_view end = {};
};

// A marker that begins calls, and the function that reads them from there.
struct CallMarker {
  std::string_view marker = {};
  std::function<Task<bool>(CallReader&)> read = {};
  bool at_start = false;  // counts only at the start of the reply
};

struct ReplySpec {
  std::vector<ReasoningMarkers> reasoning = {};
  std::vector<AnswerMarkers> answers = {};
  std::vector<std::string_view> silent = {};  // tokens that are dropped everywhere
  std::vector<std::string_view> inner = {};   // markers within calls
  std::vector<CallMarker> calls = {};
  bool begins_in_call = false;  // the prompt ends with the first marker of a call
  GeneratedIds ids = GeneratedIds::kNumbered;
  std::function<ReplyGrammar(const CallRules&)> grammar = {};
  std::vector<std::string_view> stops = {};  // texts that end generation but are not end-of-turn tokens
  // The parser of a form that markers alone cannot describe.
  std::unique_ptr<ReplyParser> (*parser)(const ReplyOptions&) = nullptr;
};

std::unique_ptr<ReplyParser> marked_reply_parser(ReplySpec spec, const ReplyOptions& options);

}  // namespace rocmforge::text
