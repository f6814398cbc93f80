// Reads values in Python's notation, in which some models write arguments: 'text', True, None, [1, 2], {'key': 0.5}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/chat/byte_stream.h"
#include "text/chat/task.h"

namespace rocmforge::text {

// Reads a value and appends it as JSON. Returns false if there is no value, or if it is nested deeper than `levels`.
// JSON's true, false and null are accepted too. Templates print strings without escaping the quotes in them, so a quote
// ends a string only if a separator or bracket follows.
Task<bool> read_python_value(ByteStream& stream, std::string& json, int levels);

// Returns the text, read as one such value, as JSON.
std::optional<std::string> python_literal_as_json(std::string_view text, int levels);

}  // namespace rocmforge::text
