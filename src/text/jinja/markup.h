// HTML: text that is safe to put into a page.
#pragma once

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

// With & < > " ' as entities, marked as HTML. What is HTML already stays as it is.
Object escaped(Workspace& work, const Object& string);

}  // namespace rocmforge::text::jinja
