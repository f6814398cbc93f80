// What filters on sequences compare their items by: the item itself, or an attribute of it.
#pragma once

#include "text/jinja/call.h"

namespace rocmforge::text::jinja {

// 'a.b.0' is item.a.b[0]; a number is an index.
Object item_attribute(Call& call, const Object& item, const Object& path);

struct KeyOf {
  Object attribute{};  // unset or none: the item
  Object fallback{};   // for items without the attribute
  bool fold_case = false;
  bool several = false;  // a list of keys, for attributes that commas separate

  Object operator()(Call& call, const Object& item) const;
};

}  // namespace rocmforge::text::jinja
