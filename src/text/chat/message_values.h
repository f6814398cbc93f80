// Converts a request's messages to the values that a template expects, according to its traits.
#pragma once

#include <ctime>

#include "text/chat/chat_request.h"
#include "text/chat/template_traits.h"
#include "text/jinja/value.h"

namespace rocmforge::text {

// Returns the request with system messages, tools and calls moved to places where the template supports them.
ChatRequest adapted(const ChatRequest& request, const TemplateTraits& traits);

// Returns all variables of the template: `variables` and those of the request. Requires: the request is the result of
// adapted().
jinja::Value template_context(const jinja::Value& variables, const ChatRequest& request, const TemplateTraits& traits,
                              const std::tm& now);

}  // namespace rocmforge::text
