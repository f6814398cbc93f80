// Renders chat templates: the Jinja language as models' templates use it, safe for untrusted templates and contexts.
//
// The result records which of its bytes came from the context: text there that looks like a special token must not
// become one.
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
  InterpreterLimits limits;
  std::optional<std::tm> now;  // the time for strftime_now; the local time if not set
};

struct Rendered {
  std::string text;
  std::vector<TextRange> data;  // the bytes that came from the context; sorted, with gaps between the ranges
};

// A parsed template. Immutable and cheap to copy; several threads may render it at the same time.
class Template {
 public:
  // Throws Error if the source is not a valid template. The message shows the place: the name, line and column, the
  // line itself and a caret. `name` is used in these messages.
  static Template parse(std::string_view source, std::string_view name = "template");

  // Renders the template. `context` is a dictionary with the variables that the template sees. Throws Error: if the
  // template called raise_exception(), the message is its argument; any other message shows the place.
  Rendered render(const Value& context, const RenderOptions& options = {}) const;

 private:
  explicit Template(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}

  std::shared_ptr<const Tree> tree_;
};

}  // namespace rocmforge::text::jinja
