// Writes objects as JSON, byte for byte as Python's json.dumps does.
#pragma once

#include "text/jinja/object.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

struct JsonLayout {
  bool escape_non_ascii = false;
  bool sort_keys = false;
  bool has_indent = false;
  Object indent;  // of one level
  Object item_separator;
  Object key_separator;
};

// Appends `object` as JSON. Throws a Failure if JSON cannot represent it.
void write_json(TextBuilder& out, const Object& object, const JsonLayout& layout);

}  // namespace rocmforge::text::jinja
