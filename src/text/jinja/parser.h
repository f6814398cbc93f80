// A template's text as a tree.
#pragma once

#include <memory>
#include <string_view>

#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {

// Throws SyntaxFailure. `source` is normalized_source().
void parse_into(Tree& tree);

}  // namespace rocmforge::text::jinja
