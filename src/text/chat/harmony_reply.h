// Parses replies of gpt-oss in the Harmony format: messages whose headers name a channel and a recipient.
#pragma once

#include <memory>

#include "text/chat/reply.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::text {

std::unique_ptr<ReplyParser> harmony_parser(const ReplyOptions& options);
ReplyGrammar harmony_grammar(const CallRules& rules);

}  // namespace rocmforge::text
