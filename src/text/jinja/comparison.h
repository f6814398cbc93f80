// When two objects are equal, which comes first, and what counts as true: Python's rules.
#pragma once

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

bool is_true(const Object& object);

bool equal(Workspace& work, const Object& a, const Object& b);

// a < b. A Failure where Python has no order between the two types.
bool less(Workspace& work, const Object& a, const Object& b);
bool less_or_equal(Workspace& work, const Object& a, const Object& b);

// item in container.
bool contains(Workspace& work, const Object& container, const Object& item);

}  // namespace rocmforge::text::jinja
