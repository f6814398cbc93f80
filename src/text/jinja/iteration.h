// Iterates over everything that is iterable in Python: lists, the characters of a text, the keys of a dictionary,
// ranges.
#pragma once

#include "text/jinja/failure.h"
#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

class Iteration {
 public:
  // Throws a Failure if the object is not iterable. A generator continues where it was left.
  Iteration(TemplateMemory& memory, const Object& iterable);

  bool next(Object& item);

 private:
  TemplateMemory& memory_;
  Object iterable_;
  std::size_t at_ = 0;  // index of the next item, or byte offset in a string
};

bool is_iterable(const Object& object);

// Returns all items. A list or tuple is returned itself, so the result must not be changed.
const List* items_of(TemplateMemory& memory, const Object& iterable);

// Returns a new list of all items.
List* copied_items(TemplateMemory& memory, const Object& iterable);

// Returns the number of items. Throws a Failure if the object has no length; generators have none.
std::size_t length_of_any(const Object& object);

// Returns the Failure for the use of an undefined object, with a message that names the variable or attribute.
Failure undefined_failure(const Object& undefined);

// Returns an undefined object: the missing attribute `name` of an object of kind `owner`, or a missing variable if
// `owner` is kUnset. Requires: `name` is a string.
Object make_undefined(const Object& name, Kind owner = Kind::kUnset);

}  // namespace rocmforge::text::jinja
