// Converts JSON to a value for templates.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "text/jinja/value.h"

namespace rocmforge::text::jinja {

// Converts `json` and keeps the order of keys. All text in it, including keys and printed numbers, gets `origin`.
Value from_json(const nlohmann::ordered_json& json, Origin origin);

}  // namespace rocmforge::text::jinja
