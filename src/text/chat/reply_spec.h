// A form of replies as a description: which markers stand around what.
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
  bool anywhere = false;      // also after text; otherwise only where no text came yet
  bool calls_end_it = false;  // models call tools without closing it
};

// Around the answer, of no further meaning.
struct AnswerMarkers {
  std::string_view begin = {};
  std::string_view end = {};
};

// What begins calls, and how they are read from there.
struct CallMarker {
  std::string_view marker = {};
  std::function<Task<bool>(CallReader&)> read = {};
  bool at_start = false;  // counts only where no text came yet
};

struct ReplySpec {
  std::vector<ReasoningMarkers> reasoning = {};
  std::vector<AnswerMarkers> answers = {};
  std::vector<std::string_view> silent = {};  // tokens that are dropped wherever they stand
  std::vector<std::string_view> inner = {};   // markers within calls
  std::vector<CallMarker> calls = {};
  bool begins_in_call = false;  // the prompt ends in the first marker of a call
  GeneratedIds ids = GeneratedIds::kNumbered;
  std::function<ReplyGrammar(const CallRules&)> grammar = {};
  std::vector<std::string_view> stops = {};  // text at which generation should end, where that is no end-of-turn token
  // For a form that is more than markers.
  std::unique_ptr<ReplyParser> (*parser)(const ReplyOptions&) = nullptr;
};

std::unique_ptr<ReplyParser> marked_reply_parser(ReplySpec spec, const ReplyOptions& options);

}  // namespace rocmforge::text
