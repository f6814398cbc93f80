// Calls the language's own filters, tests, methods and functions, each of which is a row of a table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "text/jinja/failure.h"
#include "text/jinja/object.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

class Interpreter;

struct NamedArgument {
  Object name;  // a string
  Object value;
};

// The arguments of a call, with *list and **dict expanded.
struct Arguments {
  std::span<const Object> positional;
  std::span<const NamedArgument> named;

  const Object* find(std::string_view name) const;
};

// The parameters of a builtin, besides the object it is applied to.
struct Parameters {
  static constexpr std::size_t kMost = 6;

  std::array<std::string_view, kMost> names{};
  std::uint8_t count = 0;
  std::uint8_t required = 0;
  bool any = false;  // takes any arguments; the function reads Call::raw

  // The first `required_count` parameters must be given.
  template <typename... Names>
  constexpr Parameters(std::uint8_t required_count, Names... all)  // NOLINT(google-explicit-constructor)
      : names{std::string_view(all)...}, count(sizeof...(all)), required(required_count) {}
};

constexpr Parameters any_arguments() {
  Parameters parameters(0);
  parameters.any = true;
  return parameters;
}

struct Call {
  Interpreter& interpreter;
  TemplateMemory& memory;
  const Builtin& builtin;
  Object self;
  Arguments raw;
  std::array<Object, Parameters::kMost> bound{};  // in the order of the builtin's parameters; kUnset if not given

  const Object& operator[](std::size_t i) const { return bound[i]; }
  bool has(std::size_t i) const { return bound[i].is_set(); }

  // Returns the argument converted to the type. Throws a Failure that names the parameter if it has another type.
  std::int64_t integer(std::size_t i, std::int64_t fallback) const;
  bool flag(std::size_t i, bool fallback) const;
  Object text(std::size_t i) const;
  Object text_or(std::size_t i, std::string_view fallback) const;
};

struct Builtin {
  std::string_view name;
  Object (*run)(Call& call);
  Parameters parameters = Parameters(0);
};

// Binds the arguments to the builtin's parameters and runs it.
Object run_builtin(Interpreter& interpreter, const Builtin& builtin, const Object& self, const Arguments& arguments);

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name);

// ---- Look-ups in the tables; nullptr if there is no such name ----

const Builtin* find_filter(std::string_view name);
const Builtin* find_test(std::string_view name);
const Builtin* find_function(std::string_view name);
const Builtin* find_text_method(std::string_view name);
const Builtin* find_list_method(std::string_view name);
const Builtin* find_dict_method(std::string_view name);

// Parts of the tables, one per file.
std::span<const Builtin> text_filters();
std::span<const Builtin> list_filters();
std::span<const Builtin> picking_filters();
std::span<const Builtin> number_filters();
std::span<const Builtin> markup_filters();
std::span<const Builtin> text_methods();
std::span<const Builtin> text_query_methods();

}  // namespace rocmforge::text::jinja
