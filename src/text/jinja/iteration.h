// Going through whatever Python can go through: lists, the characters of a text, the keys of a dictionary, ranges.
#pragma once

#include "text/jinja/failure.h"
#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

class Iteration {
 public:
  // A Failure when the object cannot be gone through. A generator goes on where it was left.
  Iteration(Workspace& work, const Object& iterable);

  bool next(Object& item);

 private:
  Workspace& work_;
  Object iterable_;
  std::size_t at_ = 0;  // an item, or a byte of a string
};

bool is_iterable(const Object& object);

// All items. Lists and tuples are given as they are, so the result must not be changed.
const List* items_of(Workspace& work, const Object& iterable);

// A new list of all items.
List* copied_items(Workspace& work, const Object& iterable);

// How many items; a Failure for what has no length, generators among it.
std::size_t length_of_any(const Object& object);

// "'x' is undefined", "'dict object' has no attribute 'x'".
Failure undefined_failure(const Object& undefined);

// What is missing in `owner`, or a variable where that is kUnset. `name` is a string.
Object make_undefined(const Object& name, Kind owner = Kind::kUnset);

}  // namespace rocmforge::text::jinja
