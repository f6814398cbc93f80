// Parses a template's text into a tree.
#pragma once

#include <memory>
#include <string_view>

#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {

// Parses `tree.source` into the rest of the tree. Requires: the source is the result of normalized_source(). Throws
// SyntaxFailure.
void parse_into(Tree& tree);

}  // namespace rocmforge::text::jinja
