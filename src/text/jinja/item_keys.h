// Computes the keys by which filters on sequences compare items: the item itself or one of its attributes.
#pragma once

#include "text/jinja/call.h"

namespace rocmforge::text::jinja {

// Returns the attribute of `item` at `path`: 'a.b.0' means item.a.b[0]; a number is an index.
Object item_attribute(Call& call, const Object& item, const Object& path);

struct KeyOf {
  Object attribute{};  // unset or none: the key is the item itself
  Object fallback{};   // the key of items without the attribute
  bool fold_case = false;
  bool several = false;  // `attribute` holds several names separated by commas; the key is a list

  Object operator()(Call& call, const Object& item) const;
};

}  // namespace rocmforge::text::jinja
