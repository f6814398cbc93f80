// Renders a template in one line, for tests.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "text/jinja/from_json.h"
#include "text/jinja/template.h"

#include <nlohmann/json.hpp>

namespace rocmforge::testing {

// Renders a template; the context is JSON.
inline text::jinja::Rendered rendered(std::string_view source, std::string_view context = "{}",
                                      const text::jinja::RenderOptions& options = {}) {
  const auto value = text::jinja::from_json(parse_ordered_json(context, "context"), text::jinja::Origin::kContext);
  return text::jinja::Template::parse(source).render(value, options);
}

inline std::string text_of(std::string_view source, std::string_view context = "{}") {
  return rendered(source, context).text;
}

// Returns the value of an expression as it is printed.
inline std::string value_of(std::string_view expression, std::string_view context = "{}") {
  return text_of("{{ " + std::string(expression) + " }}", context);
}

}  // namespace rocmforge::testing
