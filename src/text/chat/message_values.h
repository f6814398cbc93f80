// A request's messages as a template sees them, after its habits.
#pragma once

#include <ctime>

#include "text/chat/chat_request.h"
#include "text/chat/template_habits.h"
#include "text/jinja/value.h"

namespace rocmforge::text {

// The request as the template can take it: system messages, tools and calls that it has no place for are moved to where
// it has one.
ChatRequest adapted(const ChatRequest& request, const TemplateHabits& habits);

// All variables of the template: `variables`, and the request's, which is adapted already.
jinja::Value template_context(const jinja::Value& variables, const ChatRequest& request, const TemplateHabits& habits,
                              const std::tm& now);

}  // namespace rocmforge::text
