// The values that a template computes with: Python's types, as far as templates use them.
//
// An Object is small and copied freely. The data it points to lives in a TemplateMemory and is freed only with it. Text
// and collections are immutable once they are made, except namespaces, lists that the template itself made, and the
// state of loops, cyclers and joiners, which belong to one render.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "text/jinja/template_memory.h"
#include "text/jinja/value.h"

namespace rocmforge::text::jinja {

enum class Kind : std::uint8_t {
  kUnset,      // no object: a variable without a value, or an argument that was not given
  kUndefined,  // prints as nothing and is empty; most other uses are errors that name it
  kNone,
  kBool,
  kInteger,
  kBigInteger,  // beyond 64 bits: only its digits, to be printed and compared
  kFloat,
  kString,
  kList,
  kTuple,
  kView,       // the result of a dictionary's keys(), values() and items()
  kGenerator,  // the result of map(), select() and similar: iterated once, and true even if empty
  kDict,
  kNamespace,
  kRange,
  kFunction,
  kMethod,
  kMacro,
  kLoop,
  kCycler,
  kJoiner,
};

struct TextBuffer;
struct List;
struct Generator;
struct Dict;
struct Range;
struct Builtin;
struct BoundMethod;
struct MacroObject;
struct LoopState;
struct Cycler;
struct Joiner;

struct Object {
  Kind kind = Kind::kUnset;
  Origin origin = Origin::kTemplate;  // of values other than text; text records it per byte
  bool is_markup = false;             // of a string: HTML that must not be escaped again
  Kind owner = Kind::kUnset;          // of an undefined attribute: the kind of the object that lacks it
  // The range of the buffer, in bytes, of a string, of a big integer's digits, or of an undefined object's name.
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  union {
    std::int64_t integer;
    double number;
    bool truth;
    TextBuffer* buffer;
    List* list;
    Generator* generator;
    Dict* dict;
    Range* range;
    const Builtin* builtin;
    BoundMethod* method;
    MacroObject* macro;
    LoopState* loop;
    Cycler* cycler;
    Joiner* joiner;
  };

  Object() : integer(0) {}
  explicit Object(Kind k, Origin o = Origin::kTemplate) : kind(k), origin(o), integer(0) {}

  static Object none(Origin origin = Origin::kTemplate) { return Object(Kind::kNone, origin); }
  static Object boolean(bool truth, Origin origin = Origin::kTemplate);
  static Object of_integer(std::int64_t integer, Origin origin = Origin::kTemplate);
  static Object of_float(double number, Origin origin = Origin::kTemplate);
  static Object of_list(List* list, Kind kind = Kind::kList, Origin origin = Origin::kTemplate);
  static Object of_dict(Dict* dict, Origin origin = Origin::kTemplate);

  bool is(Kind k) const { return kind == k; }
  bool is_set() const { return kind != Kind::kUnset; }
  bool is_undefined() const { return kind == Kind::kUndefined; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_sequence() const { return kind == Kind::kList || kind == Kind::kTuple; }
  bool is_mapping() const { return kind == Kind::kDict; }
  // As in Python, booleans are integers.
  bool is_integral() const { return kind == Kind::kInteger || kind == Kind::kBool; }
  bool is_number() const { return is_integral() || kind == Kind::kFloat; }
  std::int64_t as_integer() const { return kind == Kind::kBool ? (truth ? 1 : 0) : integer; }
  double as_double() const { return kind == Kind::kFloat ? number : static_cast<double>(as_integer()); }
};
static_assert(sizeof(Object) == 24);

struct List {
  Object* items = nullptr;
  std::size_t count = 0;
  std::size_t capacity = 0;
  std::string_view label;        // of a view: the name it is printed with
  bool is_changeable = false;    // made by this render, so that the template may append to it
  bool names_are_group = false;  // of a tuple (grouper, list): its items can be accessed by these names

  std::span<const Object> span() const { return {items, count}; }
};

struct Generator {
  List* list = nullptr;
  std::size_t next = 0;
};

struct Range {
  std::int64_t start, stop, step;

  std::int64_t count() const;
  std::int64_t at(std::int64_t i) const { return start + i * step; }
};

// A builtin bound to an object: text.strip, loop.cycle.
struct BoundMethod {
  Object self;
  const Builtin* builtin;
};

struct Cycler {
  List* items;
  std::size_t next = 0;
};

struct Joiner {
  Object separator;
  bool used = false;
};

// Returns an empty list with room for `capacity` items.
List* make_list(TemplateMemory& memory, std::size_t capacity = 0);
void append(TemplateMemory& memory, List& list, const Object& item);

// Appends to a list that a template can see. An iteration that is in progress keeps the items it began with.
void append_seen(TemplateMemory& memory, List& list, const Object& item);

Object tuple_of(TemplateMemory& memory, std::span<const Object> items, Origin origin = Origin::kTemplate);
Object make_generator(TemplateMemory& memory, List* list, Origin origin);

inline Origin either(Origin a, Origin b) { return a == Origin::kContext ? a : b; }

// Returns Python's name of the type: 'str', 'dict', 'NoneType'.
std::string_view type_name(const Object& object);
std::string_view type_name(Kind kind);

}  // namespace rocmforge::text::jinja
