// Operations on text that filters and methods share. All of them keep the origins of what they move around.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "text/jinja/object.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

// The text made by `change`, part by part of one origin. Where the change looks across the parts, and so does not come
// out the same, all of it counts as data.
Object transformed(Workspace& work, const Object& string, const std::function<std::string(std::string_view)>& change);

enum class Ends { kLeft, kRight, kBoth };

// Without white space at its ends, or without the given characters.
Object stripped(Workspace& work, const Object& string, Ends ends);
Object stripped_of(Workspace& work, const Object& string, std::string_view characters, Ends ends);

// The first `count` occurrences replaced; negative: all. Nothing stands between all characters.
Object replaced(Workspace& work, const Object& string, const Object& old, const Object& with, std::int64_t count);

// Parts around white space, or around a separator; at most `count` cuts, negative: all.
List* split_at_space(Workspace& work, const Object& string, std::int64_t count);
List* split_at(Workspace& work, const Object& string, std::string_view separator, std::int64_t count);
List* split_at_space_from_right(Workspace& work, const Object& string, std::int64_t count);
List* split_at_from_right(Workspace& work, const Object& string, std::string_view separator, std::int64_t count);

// Lines without, or with their ends.
List* split_lines(Workspace& work, const Object& string, bool keep_ends);

// Filled up to so many characters; `left` of them in front.
Object padded(Workspace& work, const Object& string, std::size_t left, std::size_t right, const Object& fill);

// How many characters are missing to the width.
std::size_t missing_to(Workspace& work, const Object& string, std::int64_t width);

Object capitalized(Workspace& work, const Object& string);

}  // namespace rocmforge::text::jinja
