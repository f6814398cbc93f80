// The forms in which models write their replies, and the choice of the form for a chat template.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat/reply.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

struct ReplySpec;

struct ReplyForm {
  std::string_view name;
  bool (*fits)(std::string_view template_source);
  ReplySpec (*describe)();

  std::unique_ptr<ReplyParser> parser(const ReplyOptions& options) const;

  // has_calls() returns whether the form has calls, and grammar() their grammar, which throws Error if it has none or
  // no tools are given.
  bool has_calls() const;
  ReplyGrammar grammar(const CallRules& rules) const;

  // Returns the texts that the parser recognises. Control tokens among them must be printed.
  std::vector<std::string> markers() const;
  // Returns the texts that end the reply, besides the model's end-of-turn tokens.
  std::vector<std::string> stops() const;

  // Returns whether a prompt ends inside the reasoning, so that the reply begins there.
  bool reasoning_open(std::string_view prompt) const;
};

// Returns all forms, the most specific first; the last one fits every template.
std::span<const ReplyForm> reply_forms();

const ReplyForm& reply_form_of(std::string_view template_source);

// Returns nullptr if no form has this name.
const ReplyForm* find_reply_form(std::string_view name);

}  // namespace rocmforge::text
