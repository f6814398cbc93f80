// The forms in which models write their replies, and which of them goes with a chat template.
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

  // Whether the form has calls, and their grammar; an Error where it has none or no tools are given.
  bool has_calls() const;
  ReplyGrammar grammar(const CallRules& rules) const;

  // Texts that mean something to the parser: control tokens among them must be printed.
  std::vector<std::string> markers() const;
  // Texts that end the reply, besides the model's end-of-turn tokens.
  std::vector<std::string> stops() const;

  // Whether a prompt ends inside the reasoning, so that the reply begins there.
  bool reasoning_open(std::string_view prompt) const;
};

// The most specific first; the last fits every template.
std::span<const ReplyForm> reply_forms();

const ReplyForm& reply_form_of(std::string_view template_source);

// A null pointer where no form has this name.
const ReplyForm* find_reply_form(std::string_view name);

}  // namespace rocmforge::text
