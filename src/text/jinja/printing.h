// Converts objects to text, as Python's str() and repr() do.
#pragma once

#include <string>

#include "text/jinja/object.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

// Appends the object as {{ object }} prints it. Text keeps its origins; brackets and quotes get the origin of their
// collection.
void print(TextBuilder& out, const Object& object);

// Appends the object as it is printed inside a list: strings in quotes.
void print_quoted(TextBuilder& out, const Object& object);

// Returns str(object); a string is returned unchanged.
Object to_text(TemplateMemory& memory, const Object& object);

// Returns the shortest digits that read back as the same number, in Python's notation: 1.0, 1e+16, inf.
std::string float_text(double number);

}  // namespace rocmforge::text::jinja
