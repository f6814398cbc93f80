// How objects look as text: Python's str() and repr().
#pragma once

#include <string>

#include "text/jinja/object.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

// As {{ object }} prints it. Text keeps its origins; brackets and quotes have their collection's.
void print(TextBuilder& out, const Object& object);

// As it looks inside a list: strings in quotes.
void print_quoted(TextBuilder& out, const Object& object);

// str(object): strings are given as they are.
Object to_text(Workspace& work, const Object& object);

// The shortest digits that read back as the same number, with Python's choice of exponents: 1.0, 1e+16, inf.
std::string float_text(double number);

}  // namespace rocmforge::text::jinja
