#include "text/jinja/object.h"

#include <algorithm>

namespace rocmforge::text::jinja {

Object Object::boolean(bool truth, Origin origin) {
  Object object(Kind::kBool, origin);
  object.truth = truth;
  return object;
}

Object Object::of_integer(std::int64_t integer, Origin origin) {
  Object object(Kind::kInteger, origin);
  object.integer = integer;
  return object;
}

Object Object::of_float(double number, Origin origin) {
  Object object(Kind::kFloat, origin);
  object.number = number;
  return object;
}

Object Object::of_list(List* list, Kind kind, Origin origin) {
  Object object(kind, origin);
  object.list = list;
  return object;
}

Object Object::of_dict(Dict* dict, Origin origin) {
  Object object(Kind::kDict, origin);
  object.dict = dict;
  return object;
}

std::int64_t Range::count() const {
  if (step > 0) return stop > start ? (stop - start - 1) / step + 1 : 0;
  return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

List* make_list(TemplateMemory& memory, std::size_t capacity) {
  if (capacity > memory.limits().items) memory.refuse_list();
  List* const list = memory.make(List{});
  if (capacity != 0) list->items = memory.make_array<Object>(capacity);
  list->capacity = capacity;
  return list;
}

void append(TemplateMemory& memory, List& list, const Object& item) {
  if (list.count == list.capacity) {
    const std::size_t capacity = std::max<std::size_t>(4, 2 * list.capacity);
    if (list.count >= memory.limits().items) memory.refuse_list();
    list.items = static_cast<Object*>(
        memory.grow(list.items, list.capacity * sizeof(Object), std::size_t{capacity * sizeof(Object)}));
    list.capacity = capacity;
  }
  list.items[list.count++] = item;
}

void append_seen(TemplateMemory& memory, List& list, const Object& item) {
  if (list.count == list.capacity) {
    const std::size_t capacity = std::max<std::size_t>(4, 2 * list.capacity);
    if (list.count >= memory.limits().items) memory.refuse_list();
    Object* const items = memory.make_array<Object>(capacity);
    std::copy_n(list.items, list.count, items);
    list.items = items;
    list.capacity = capacity;
  }
  list.items[list.count++] = item;
}

Object tuple_of(TemplateMemory& memory, std::span<const Object> items, Origin origin) {
  List* const list = make_list(memory, items.size());
  std::ranges::copy(items, list->items);
  list->count = items.size();
  return Object::of_list(list, Kind::kTuple, origin);
}

Object make_generator(TemplateMemory& memory, List* list, Origin origin) {
  Object object(Kind::kGenerator, origin);
  object.generator = memory.make(Generator{list});
  return object;
}

std::string_view type_name(const Object& object) {
  return object.is_string() && object.is_markup ? "Markup" : type_name(object.kind);
}

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::kUnset:
    case Kind::kUndefined: return "Undefined";
    case Kind::kNone: return "NoneType";
    case Kind::kBool: return "bool";
    case Kind::kInteger:
    case Kind::kBigInteger: return "int";
    case Kind::kFloat: return "float";
    case Kind::kString: return "str";
    case Kind::kList: return "list";
    case Kind::kTuple: return "tuple";
    case Kind::kView: return "dict_items";
    case Kind::kGenerator: return "generator";
    case Kind::kDict: return "dict";
    case Kind::kNamespace: return "Namespace";
    case Kind::kRange: return "range";
    case Kind::kFunction: return "function";
    case Kind::kMethod: return "builtin_function_or_method";
    case Kind::kMacro: return "Macro";
    case Kind::kLoop: return "LoopContext";
    case Kind::kCycler: return "Cycler";
    case Kind::kJoiner: return "Joiner";
  }
  return "object";
}

}  // namespace rocmforge::text::jinja
