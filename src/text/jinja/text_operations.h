// Text operations that filters and methods share. All of them preserve the origins of the bytes they move.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "text/jinja/object.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

// Applies `change` to each part of one origin separately. If `change` depends on neighbouring parts, so that this gives
// another result than changing the whole text, the whole result counts as data.
Object transformed(TemplateMemory& memory, const Object& string,
                   const std::function<std::string(std::string_view)>& change);

enum class Ends { kLeft, kRight, kBoth };

// Return the string without white space, or without the given characters, at its ends.
Object stripped(TemplateMemory& memory, const Object& string, Ends ends);
Object stripped_of(TemplateMemory& memory, const Object& string, std::string_view characters, Ends ends);

// Returns the string with the first `count` occurrences replaced; a negative count means all. An empty `old` occurs
// between all characters.
Object replaced(TemplateMemory& memory, const Object& string, const Object& old, const Object& with,
                std::int64_t count);

// Return the parts between white space, or between separators, after at most `count` cuts; a negative count means no
// limit.
List* split_at_space(TemplateMemory& memory, const Object& string, std::int64_t count);
List* split_at(TemplateMemory& memory, const Object& string, std::string_view separator, std::int64_t count);
List* split_at_space_from_right(TemplateMemory& memory, const Object& string, std::int64_t count);
List* split_at_from_right(TemplateMemory& memory, const Object& string, std::string_view separator, std::int64_t count);

// Returns the lines, with their line ends if `keep_ends` is set.
List* split_lines(TemplateMemory& memory, const Object& string, bool keep_ends);

// Returns the string with `left` fill characters in front and `right` after it.
Object padded(TemplateMemory& memory, const Object& string, std::size_t left, std::size_t right, const Object& fill);

// Returns the number of characters that are missing to the width.
std::size_t missing_to(TemplateMemory& memory, const Object& string, std::int64_t width);

Object capitalized(TemplateMemory& memory, const Object& string);

}  // namespace rocmforge::text::jinja
