#include "text/jinja/printing.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/utf8.h"
#include "text/jinja/call.h"
#include "text/jinja/dict.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

void append_escaped(std::string& out, char32_t c, char quote) {
  const auto number = static_cast<std::uint32_t>(c);
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\\': out += "\\\\"; return;
    default: break;
  }
  if (c == static_cast<unsigned char>(quote)) {
    out += '\\';
    out += quote;
  } else if (is_printable(c)) {
    append_utf8(out, c);
  } else {
    out += number < 0x100     ? fmt::format("\\x{:02x}", number)
           : number < 0x10000 ? fmt::format("\\u{:04x}", number)
                              : fmt::format("\\U{:08x}", number);
  }
}

// Prints in single quotes, or in double quotes if that avoids escapes.
void print_string(TextBuilder& out, const Object& string) {
  const std::string_view text = view(string);
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string quoted(1, quote);
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    append_escaped(quoted, c.value, quote);
    rest.remove_prefix(c.length);
  }
  quoted += quote;
  const Origin origin = origin_of(string);
  if (string.is_markup) out.append("Markup(", origin);
  out.append(quoted, origin);
  if (string.is_markup) out.append(")", origin);
}

void print_items(TextBuilder& out, std::span<const Object> items, Origin origin) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out.append(", ", origin);
    print_quoted(out, items[i]);
  }
}

void print_dict(TextBuilder& out, const Dict& dict, Origin origin) {
  out.append("{", origin);
  for (std::size_t i = 0; i < dict.count; ++i) {
    if (i != 0) out.append(", ", origin);
    print_quoted(out, dict.entries[i].key);
    out.append(": ", origin);
    print_quoted(out, dict.entries[i].value);
  }
  out.append("}", origin);
}

void print_collection(TextBuilder& out, const Object& object) {
  const TemplateMemory::DepthGuard deeper(out.memory());
  const Origin origin = object.origin;
  switch (object.kind) {
    case Kind::kList:
      out.append("[", origin);
      print_items(out, object.list->span(), origin);
      out.append("]", origin);
      return;
    case Kind::kTuple:
      out.append("(", origin);
      print_items(out, object.list->span(), origin);
      out.append(object.list->count == 1 ? ",)" : ")", origin);
      return;
    case Kind::kView:
      out.append(object.list->label, origin);
      out.append("([", origin);
      print_items(out, object.list->span(), origin);
      out.append("])", origin);
      return;
    default: print_dict(out, *object.dict, origin); return;
  }
}

void print_range(TextBuilder& out, const Range& range, Origin origin) {
  out.append(range.step == 1 ? fmt::format("range({}, {})", range.start, range.stop)
                             : fmt::format("range({}, {}, {})", range.start, range.stop, range.step),
             origin);
}

void print_plain(TextBuilder& out, const Object& object) {
  switch (object.kind) {
    case Kind::kNone: out.append("None", object.origin); return;
    case Kind::kBool: out.append(object.truth ? "True" : "False", object.origin); return;
    case Kind::kInteger: out.append(fmt::format("{}", object.integer), object.origin); return;
    case Kind::kBigInteger: out.append(view(object), object.origin); return;
    case Kind::kFloat: out.append(float_text(object.number), object.origin); return;
    case Kind::kRange: print_range(out, *object.range, object.origin); return;
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
    case Kind::kDict: print_collection(out, object); return;
    case Kind::kFunction: out.append_template(fmt::format("<function {}>", object.builtin->name)); return;
    case Kind::kLoop:
      out.append_template(fmt::format("<LoopContext {}/{}>", object.loop->index + 1, object.loop->count));
      return;
    default: out.append_template(fmt::format("<{} object>", type_name(object))); return;
  }
}

}  // namespace

void print(TextBuilder& out, const Object& object) {
  if (object.is_string()) {
    out.append(object);
  } else if (!object.is_undefined()) {
    print_plain(out, object);
  }
}

void print_quoted(TextBuilder& out, const Object& object) {
  if (object.is_string()) {
    print_string(out, object);
  } else if (object.is_undefined()) {
    out.append_template("Undefined");
  } else {
    print_plain(out, object);
  }
}

Object to_text(TemplateMemory& memory, const Object& object) {
  if (object.is_string()) return object;
  TextBuilder out(memory);
  print(out, object);
  return out.text();
}

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
  const double magnitude = std::abs(number);
  const bool needs_exponent = magnitude >= 1e16 || magnitude < 1e-4;
  std::array<char, 400> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 needs_exponent ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  std::string text(digits.data(), end);
  if (!needs_exponent && text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace rocmforge::text::jinja
