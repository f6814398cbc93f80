// Chat templates: the Jinja language as models' templates use it, made safe for templates and contexts of any origin.
//
// The result knows which of its bytes came from the context: there a text that only looks like a special token must
// not become one.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/limits.h"
#include "text/jinja/value.h"
#include "text/text_range.h"

namespace rocmforge::text::jinja {

struct Tree;

struct RenderOptions {
  Limits limits;
  std::optional<std::tm> now;  // what strftime_now prints; none: the local time
};

struct Rendered {
  std::string text;
  std::vector<TextRange> data;  // sorted, disjoint, never touching: the bytes that came from the context
};

// Immutable and cheap to copy. Threads may render one at the same time.
class Template {
 public:
  // An Error shows the place: the name, line and column, the line itself and a caret. `name` is for those messages.
  static Template parse(std::string_view source, std::string_view name = "template");

  // `context` is a dictionary: the variables that the template sees. What raise_exception() is given becomes an
  // Error's message as it is; any other Error shows the place.
  Rendered render(const Value& context, const RenderOptions& options = {}) const;

 private:
  explicit Template(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}

  std::shared_ptr<const Tree> tree_;
};

}  // namespace rocmforge::text::jinja
