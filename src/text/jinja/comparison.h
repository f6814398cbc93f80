// Compares objects by Python's rules: equality, order, membership and truth.
#pragma once

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

bool is_true(const Object& object);

bool equal(TemplateMemory& memory, const Object& a, const Object& b);

// Returns a < b. Throws a Failure if Python defines no order between the two types.
bool less(TemplateMemory& memory, const Object& a, const Object& b);
bool less_or_equal(TemplateMemory& memory, const Object& a, const Object& b);

// Returns whether `item in container`.
bool contains(TemplateMemory& memory, const Object& container, const Object& item);

}  // namespace rocmforge::text::jinja
