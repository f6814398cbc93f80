// Python's notation of values, in which some models write arguments: 'text', True, None, [1, 2], {'key': 0.5}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/chat/byte_stream.h"
#include "text/chat/task.h"

namespace rocmforge::text {

// Appends the value that comes next as JSON; false where it is none, or nested deeper than `levels`. JSON's true, false
// and null are taken too. Templates print strings without escaping the quotes in them: a quote ends a string only where
// a separator or bracket follows.
Task<bool> read_python_value(ByteStream& stream, std::string& json, int levels);

// The text, read as one such value.
std::optional<std::string> python_literal_as_json(std::string_view text, int levels);

}  // namespace rocmforge::text
