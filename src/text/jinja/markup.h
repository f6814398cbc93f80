// Escapes text for HTML.
#pragma once

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

// Returns the string with & < > " ' written as entities and marked as markup. A string that is already markup is
// returned unchanged.
Object escaped(TemplateMemory& memory, const Object& string);

}  // namespace rocmforge::text::jinja
