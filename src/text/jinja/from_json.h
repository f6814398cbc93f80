// JSON as a value for templates.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "text/jinja/value.h"

namespace rocmforge::text::jinja {

// Keeps the order of keys. All text in it, keys and printed numbers too, counts as of that origin.
Value from_json(const nlohmann::ordered_json& json, Origin origin);

}  // namespace rocmforge::text::jinja
