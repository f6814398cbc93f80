#include "text/jinja/iteration.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/dict.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

bool is_iterable(const Object& object) {
  switch (object.kind) {
    case Kind::kUndefined:
    case Kind::kString:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
    case Kind::kGenerator:
    case Kind::kDict:
    case Kind::kRange:
    case Kind::kLoop: return true;
    default: return false;
  }
}

Iteration::Iteration(TemplateMemory& memory, const Object& iterable) : memory_(memory), iterable_(iterable) {
  if (!is_iterable(iterable)) throw failure("cannot iterate over a value of type '{}'", type_name(iterable));
  if (iterable.is(Kind::kLoop)) throw failure("cannot iterate over the variable 'loop'");
}

bool Iteration::next(Object& item) {
  memory_.charge(1);
  switch (iterable_.kind) {
    case Kind::kString: {
      if (at_ >= iterable_.size) return false;
      const std::size_t length = first_code_point(view(iterable_).substr(at_)).length;
      item = substring(iterable_, at_, at_ + length);
      at_ += length;
      return true;
    }
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      if (at_ >= iterable_.list->count) return false;
      item = iterable_.list->items[at_++];
      return true;
    case Kind::kGenerator: {
      Generator& generator = *iterable_.generator;
      if (generator.next >= generator.list->count) return false;
      item = generator.list->items[generator.next++];
      return true;
    }
    case Kind::kDict:
      if (at_ >= iterable_.dict->count) return false;
      item = iterable_.dict->entries[at_++].key;
      return true;
    case Kind::kRange:
      if (at_ >= static_cast<std::size_t>(iterable_.range->count())) return false;
      item = Object::of_integer(iterable_.range->at(static_cast<std::int64_t>(at_++)), iterable_.origin);
      return true;
    default: return false;
  }
}

const List* items_of(TemplateMemory& memory, const Object& iterable) {
  return iterable.is_sequence() || iterable.is(Kind::kView) ? iterable.list : copied_items(memory, iterable);
}

List* copied_items(TemplateMemory& memory, const Object& iterable) {
  if (iterable.is_sequence() || iterable.is(Kind::kView)) {
    memory.charge_items(iterable.list->count);
    List* const list = make_list(memory, iterable.list->count);
    std::ranges::copy(iterable.list->span(), list->items);
    list->count = iterable.list->count;
    list->is_changeable = true;
    return list;
  }
  List* const list = make_list(memory);
  list->is_changeable = true;
  Iteration items(memory, iterable);
  for (Object item; items.next(item);) append(memory, *list, item);
  return list;
}

std::size_t length_of_any(const Object& object) {
  switch (object.kind) {
    case Kind::kUndefined: return 0;
    case Kind::kString: return length_of(object);
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView: return object.list->count;
    case Kind::kDict: return object.dict->count;
    case Kind::kRange: return static_cast<std::size_t>(object.range->count());
    default: throw failure("a value of type '{}' has no length", type_name(object));
  }
}

Failure undefined_failure(const Object& undefined) {
  const std::string name = printable(view(undefined));
  if (undefined.owner == Kind::kUnset) return failure("the variable '{}' has no value", name);
  if (undefined.owner == Kind::kUndefined) return failure("{}", name);  // the name is the whole message
  return failure("there is no '{}' in a value of type '{}'", name, type_name(undefined.owner));
}

Object make_undefined(const Object& name, Kind owner) {
  Object undefined(Kind::kUndefined);
  undefined.buffer = name.buffer;
  undefined.begin = name.begin;
  undefined.size = name.size;
  undefined.owner = owner;
  return undefined;
}

}  // namespace rocmforge::text::jinja
