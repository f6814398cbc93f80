// Calling what the language itself has: filters, tests, methods and functions, each a row of a table.
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

// As they stand in the call, * and ** spread out.
struct Arguments {
  std::span<const Object> positional;
  std::span<const NamedArgument> named;

  const Object* find(std::string_view name) const;
};

// What a builtin takes besides the object itself.
struct Parameters {
  static constexpr std::size_t kMost = 6;

  std::array<std::string_view, kMost> names{};
  std::uint8_t count = 0;
  std::uint8_t required = 0;
  bool any = false;  // whatever it is given; the function looks at the raw arguments

  // The first `required` of them must be given.
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
  Workspace& work;
  const Builtin& builtin;
  Object self;
  Arguments raw;
  std::array<Object, Parameters::kMost> bound{};  // by the builtin's parameters; kUnset where none was given

  const Object& operator[](std::size_t i) const { return bound[i]; }
  bool has(std::size_t i) const { return bound[i].is_set(); }

  // The argument as what is needed; a Failure that names the parameter otherwise.
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

// Puts the arguments in the builtin's places and runs it.
Object run_builtin(Interpreter& interpreter, const Builtin& builtin, const Object& self, const Arguments& arguments);

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name);

// ---- The tables; nullptr when there is none of that name ----

const Builtin* find_filter(std::string_view name);
const Builtin* find_test(std::string_view name);
const Builtin* find_function(std::string_view name);
const Builtin* find_text_method(std::string_view name);
const Builtin* find_list_method(std::string_view name);
const Builtin* find_dict_method(std::string_view name);

// Parts of the tables, one a file.
std::span<const Builtin> text_filters();
std::span<const Builtin> list_filters();
std::span<const Builtin> picking_filters();
std::span<const Builtin> number_filters();
std::span<const Builtin> markup_filters();
std::span<const Builtin> text_methods();
std::span<const Builtin> text_question_methods();

}  // namespace rocmforge::text::jinja
