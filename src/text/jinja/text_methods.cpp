// Implements the methods of strings that return text or parts of it.
#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "text/jinja/call.h"
#include "text/jinja/comparison.h"
#include "text/jinja/formatting.h"
#include "text/jinja/iteration.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

bool is_given(const Call& call, std::size_t i) { return call.has(i) && !call[i].is(Kind::kNone); }

Object capitalize_method(Call& call) { return capitalized(call.memory, call.self); }
Object lower_method(Call& call) { return transformed(call.memory, call.self, lower_text); }
Object upper_method(Call& call) { return transformed(call.memory, call.self, upper_text); }
Object title_method(Call& call) { return transformed(call.memory, call.self, title_text); }

template <void (*kAppend)(std::string&, char32_t)>
std::string each_letter(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(first_code_point(text).length)) kAppend(out, first_code_point(text).value);
  return out;
}

void append_swapped(std::string& out, char32_t c) {
  if (is_upper(c)) {
    append_lower(out, c);
  } else {
    append_upper(out, c);
  }
}

Object case_fold(Call& call) { return transformed(call.memory, call.self, each_letter<append_folded>); }
Object swap_case(Call& call) { return transformed(call.memory, call.self, each_letter<append_swapped>); }

template <Ends kEnds>
Object strip(Call& call) {
  return is_given(call, 0) ? stripped_of(call.memory, call.self, view(call.text(0)), kEnds)
                           : stripped(call.memory, call.self, kEnds);
}

Object remove_prefix(Call& call) {
  const Object prefix = call.text(0);
  const bool found = view(call.self).starts_with(view(prefix));
  return found ? substring(call.self, prefix.size, call.self.size) : call.self;
}

Object remove_suffix(Call& call) {
  const Object suffix = call.text(0);
  const bool found = view(call.self).ends_with(view(suffix));
  return found ? substring(call.self, 0, call.self.size - suffix.size) : call.self;
}

// Unlike Markup.replace in Python, this does not escape the new text.
Object replace_method(Call& call) {
  return replaced(call.memory, call.self, call.text(0), call.text(1), call.integer(2, -1));
}

Object split(Call& call) {
  const std::int64_t count = call.integer(1, -1);
  return Object::of_list(is_given(call, 0) ? split_at(call.memory, call.self, view(call.text(0)), count)
                                           : split_at_space(call.memory, call.self, count));
}

Object split_from_right(Call& call) {
  const std::int64_t count = call.integer(1, -1);
  return Object::of_list(is_given(call, 0) ? split_at_from_right(call.memory, call.self, view(call.text(0)), count)
                                           : split_at_space_from_right(call.memory, call.self, count));
}

Object lines(Call& call) { return Object::of_list(split_lines(call.memory, call.self, call.flag(0, false))); }

Object three_parts(Call& call, std::size_t at, bool from_right) {
  const Object separator = call.text(0);
  const Object empty = substring(call.self, 0, 0);
  std::array<Object, 3> parts = {call.self, empty, empty};
  if (at != std::string_view::npos) {
    const std::size_t end = at + separator.size;
    parts = {substring(call.self, 0, at), substring(call.self, at, end), substring(call.self, end, call.self.size)};
  } else if (from_right) {
    std::swap(parts[0], parts[2]);
  }
  return tuple_of(call.memory, parts);
}

Object partition(Call& call) {
  const Object separator = call.text(0);
  if (separator.size == 0) throw failure("the separator of {}() is empty", call.builtin.name);
  call.memory.charge_bytes(call.self.size);
  return three_parts(call, find_first(call.memory, view(call.self), view(separator)), false);
}

Object partition_from_right(Call& call) {
  const Object separator = call.text(0);
  if (separator.size == 0) throw failure("the separator of {}() is empty", call.builtin.name);
  call.memory.charge_bytes(call.self.size);
  return three_parts(call, find_last(call.memory, view(call.self), view(separator)), true);
}

Object join_method(Call& call) {
  Iteration items(call.memory, call[0]);
  TextBuilder out(call.memory);
  bool is_first = true;
  for (Object item; items.next(item); is_first = false) {
    if (!item.is_string()) throw failure("join() needs strings, found a value of type '{}'", type_name(item));
    if (!is_first) out.append(call.self);
    out.append(item);
  }
  return out.text();
}

// ---- Padding ----

Object fill_of(Call& call) {
  const Object fill = call.text_or(1, " ");
  if (length_of(fill) != 1)
    throw failure("{}() needs one fill character, found {}", call.builtin.name, length_of(fill));
  return fill;
}

Object left_justified(Call& call) {
  const std::size_t missing = missing_to(call.memory, call.self, call.integer(0, 0));
  return padded(call.memory, call.self, 0, missing, fill_of(call));
}

Object right_justified(Call& call) {
  const std::size_t missing = missing_to(call.memory, call.self, call.integer(0, 0));
  return padded(call.memory, call.self, missing, 0, fill_of(call));
}

Object centered(Call& call) {
  const std::int64_t width = call.integer(0, 0);
  const std::size_t missing = missing_to(call.memory, call.self, width);
  const std::size_t left = missing / 2 + (missing & static_cast<std::size_t>(width) & 1);
  return padded(call.memory, call.self, left, missing - left, fill_of(call));
}

Object zero_filled(Call& call) {
  const std::size_t missing = missing_to(call.memory, call.self, call.integer(0, 0));
  const bool has_sign = view(call.self).starts_with('-') || view(call.self).starts_with('+');
  TextBuilder out(call.memory);
  if (has_sign) out.append(substring(call.self, 0, 1));
  out.append(padded(call.memory, substring(call.self, has_sign ? 1 : 0, call.self.size), missing, 0,
                    make_text(call.memory, "0")));
  return out.text();
}

Object tabs_expanded(Call& call) {
  const std::int64_t width = std::min<std::int64_t>(call.integer(0, 8), 1 << 16);
  TextBuilder out(call.memory);
  std::int64_t column = 0;
  for (std::size_t at = 0; at < call.self.size;) {
    const CodePoint c = first_code_point(view(call.self).substr(at));
    if (c.value == '\t') {
      const std::int64_t blanks = width > 0 ? width - column % width : 0;
      out.append_repeated(" ", static_cast<std::size_t>(blanks), Origin::kTemplate);
      column += blanks;
    } else {
      out.append(substring(call.self, at, at + c.length));
      column = c.value == '\n' || c.value == '\r' ? 0 : column + 1;
    }
    at += c.length;
  }
  return out.text();
}

Object format_method(Call& call) { return brace_formatted(call.memory, call.self, call.raw); }

constexpr auto kMethods = std::to_array<Builtin>({
    {"capitalize", capitalize_method},
    {"casefold", case_fold},
    {"center", centered, {1, "width", "fillchar"}},
    {"expandtabs", tabs_expanded, {0, "tabsize"}},
    {"format", format_method, any_arguments()},
    {"join", join_method, {1, "iterable"}},
    {"ljust", left_justified, {1, "width", "fillchar"}},
    {"lower", lower_method},
    {"lstrip", strip<Ends::kLeft>, {0, "chars"}},
    {"partition", partition, {1, "sep"}},
    {"removeprefix", remove_prefix, {1, "prefix"}},
    {"removesuffix", remove_suffix, {1, "suffix"}},
    {"replace", replace_method, {2, "old", "new", "count"}},
    {"rjust", right_justified, {1, "width", "fillchar"}},
    {"rpartition", partition_from_right, {1, "sep"}},
    {"rsplit", split_from_right, {0, "sep", "maxsplit"}},
    {"rstrip", strip<Ends::kRight>, {0, "chars"}},
    {"split", split, {0, "sep", "maxsplit"}},
    {"splitlines", lines, {0, "keepends"}},
    {"strip", strip<Ends::kBoth>, {0, "chars"}},
    {"swapcase", swap_case},
    {"title", title_method},
    {"upper", upper_method},
    {"zfill", zero_filled, {1, "width"}},
});

}  // namespace

std::span<const Builtin> text_methods() { return kMethods; }

}  // namespace rocmforge::text::jinja
