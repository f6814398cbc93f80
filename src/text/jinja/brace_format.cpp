// Implements Python's format strings: '{} is {price:>8.2f}'.format(...).
#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/formatting.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"
#include "text/jinja/numbers.h"
#include "text/jinja/printing.h"

namespace rocmforge::text::jinja {
namespace {

constexpr std::size_t kWidestField = 1 << 24;

bool is_align(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

// Reads [[fill]align][sign][#][0][width][grouping][.precision][type].
class SpecReader {
 public:
  explicit SpecReader(std::string_view text) : text_(text) {}

  FormatSpec read() {
    FormatSpec spec;
    fill_and_align(spec);
    if (here() == '+' || here() == '-' || here() == ' ') spec.sign = text_[at_++];
    spec.alternate = take('#');
    spec.zero = take('0');
    spec.width = number();
    if (here() == ',' || here() == '_') spec.grouping = text_[at_++];
    if (take('.')) spec.precision = static_cast<int>(number());
    if (at_ < text_.size()) spec.type = text_[at_++];
    if (at_ != text_.size()) throw failure("format(): '{}' is not a valid format specification", printable(text_, 40));
    return spec;
  }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    if (here() != c) return false;
    ++at_;
    return true;
  }

  void fill_and_align(FormatSpec& spec) {
    const std::size_t length = text_.empty() ? 0 : first_code_point(text_).length;
    if (length < text_.size() && is_align(text_[length])) {
      spec.fill = text_.substr(0, length);
      spec.align = text_[length];
      at_ = length + 1;
    } else if (is_align(here())) {
      spec.align = text_[at_++];
    }
  }

  std::size_t number() {
    std::size_t value = 0;
    while (here() >= '0' && here() <= '9') {
      value = std::min(kWidestField, value * 10 + static_cast<std::size_t>(text_[at_++] - '0'));
    }
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

class BraceFormatter {
 public:
  BraceFormatter(TemplateMemory& memory, const Object& format, const Arguments& arguments)
      : memory_(memory), format_(format), text_(view(format)), arguments_(arguments), out_(memory) {
    origin_ = origin_of(format);
  }

  Object run() {
    while (at_ < text_.size()) {
      const std::size_t brace = std::min(text_.find_first_of("{}", at_), text_.size());
      out_.append(substring(format_, at_, brace));
      at_ = brace;
      if (at_ < text_.size()) brace_or_field();
    }
    return out_.text();
  }

 private:
  void brace_or_field() {
    const char brace = text_[at_];
    if (at_ + 1 < text_.size() && text_[at_ + 1] == brace) {
      out_.append(substring(format_, at_, at_ + 1));
      at_ += 2;
      return;
    }
    if (brace == '}') throw failure("format(): '}}' without an opening '{{'; a literal brace is written twice");
    field();
  }

  std::size_t field_end(std::size_t from) const {
    int depth = 1;
    for (std::size_t i = from; i < text_.size(); ++i) {
      depth += text_[i] == '{' ? 1 : text_[i] == '}' ? -1 : 0;
      if (depth == 0) return i;
    }
    throw failure("format(): '{{' is never closed");
  }

  void field() {
    const std::size_t end = field_end(at_ + 1);
    std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    const std::size_t name_end = std::min(inside.find_first_of("!:"), inside.size());
    Object value = named_value(inside.substr(0, name_end));
    inside.remove_prefix(name_end);
    if (inside.starts_with('!')) {
      if (inside.size() < 2 || (inside.size() > 2 && inside[2] != ':'))
        throw failure("format(): '{}' is not a conversion, expected !s, !r or !a", printable(inside, 40));
      value = converted(value, inside[1]);
      inside.remove_prefix(2);
    }
    if (inside.starts_with(':')) inside.remove_prefix(1);
    const std::string spec = spec_text(inside);
    if (spec.empty()) return out_.append(to_text(memory_, value));
    write(value, SpecReader(spec).read());
  }

  // Returns the specification with its nested fields filled in, as in {:>{width}}.
  std::string spec_text(std::string_view spec) {
    std::string text;
    while (!spec.empty()) {
      const std::size_t open = spec.find('{');
      text += spec.substr(0, open);
      if (open == std::string_view::npos) break;
      const std::size_t close = spec.find('}', open);
      if (close == std::string_view::npos) throw failure("format(): '{{' is never closed");
      const Object value = named_value(spec.substr(open + 1, close - open - 1));
      const Object part = to_text(memory_, value);
      origin_ = either(origin_, origin_of(part));
      text += view(part);
      spec.remove_prefix(close + 1);
    }
    return text;
  }

  // Returns the value of a field name: "", "0" or "name", followed by any number of .attribute and [index].
  Object named_value(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    const std::string_view first = name.substr(0, end);
    name.remove_prefix(end);
    Object value = argument(first);
    while (!name.empty()) {
      const bool is_index = name[0] == '[';
      const std::size_t stop = is_index ? name.find(']') : std::min(name.find_first_of(".[", 1), name.size());
      if (stop == std::string_view::npos) throw failure("format(): '[' is never closed");
      const std::string_view key = name.substr(1, stop - 1);
      const auto number = is_index ? parse_integer(memory_, key, 10) : std::nullopt;
      value = is_index ? get_item(memory_, value, number ? *number : make_text(memory_, key, origin_))
                       : get_attribute(memory_, value, make_text(memory_, key, origin_));
      if (value.is_undefined()) throw undefined_failure(value);
      name.remove_prefix(is_index ? stop + 1 : stop);
    }
    return value;
  }

  Object argument(std::string_view name) {
    const auto number = name.empty() ? std::nullopt : parse_integer(memory_, name, 10);
    if (name.empty() || number) {
      const std::size_t index = name.empty() ? next_++ : static_cast<std::size_t>(number->integer);
      if (index >= arguments_.positional.size()) {
        throw failure("format(): the text uses argument {} (counted from 0), but the call gives {}", index,
                      arguments_.positional.size());
      }
      return arguments_.positional[index];
    }
    const Object* const value = arguments_.find(name);
    if (value == nullptr) throw failure("format(): the call gives no argument '{}'", printable(name, 40));
    return *value;
  }

  Object converted(const Object& value, char conversion) {
    if (conversion == 's') return to_text(memory_, value);
    if (conversion != 'r' && conversion != 'a')
      throw failure("format(): '!{}' is not a conversion, expected !s, !r or !a",
                    printable(std::string_view(&conversion, 1)));
    TextBuilder quoted(memory_);
    print_quoted(quoted, value);
    return quoted.text();
  }

  void write(const Object& value, const FormatSpec& spec) {
    const Origin origin = either(origin_, value.is_string() ? Origin::kTemplate : value.origin);
    const bool as_float = value.is(Kind::kFloat) ||
                          (value.is_integral() &&
                           std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos && spec.type != '\0');
    if (value.is_integral() && spec.type == 'c') return write_character(value, spec, origin);
    if (as_float) return write_number(formatted_float(value.as_double(), spec), spec, origin);
    if (value.is_integral()) return write_number(formatted_integer(value.as_integer(), spec), spec, origin);
    write_text(to_text(memory_, value), spec);
  }

  void write_number(const std::string& digits, const FormatSpec& spec, Origin origin) {
    append_padded(out_, make_text(memory_, digits, origin), spec, true, origin);
  }

  void write_character(const Object& value, const FormatSpec& spec, Origin origin) {
    if (value.as_integer() < 0 || value.as_integer() > 0x10ffff)
      throw failure("format(): {} is not a code point of Unicode", value.as_integer());
    std::string character;
    append_utf8(character, static_cast<char32_t>(value.as_integer()));
    append_padded(out_, make_text(memory_, character, origin), spec, true, origin);
  }

  void write_text(Object text, const FormatSpec& spec) {
    if (spec.type != '\0' && spec.type != 's')
      throw failure("format(): the type '{}' does not fit a string", printable(std::string_view(&spec.type, 1)));
    if (spec.precision >= 0) text = substring(text, 0, byte_offset(text, static_cast<std::size_t>(spec.precision)));
    append_padded(out_, text, spec, false, origin_);
  }

  TemplateMemory& memory_;
  const Object& format_;
  std::string_view text_;
  const Arguments& arguments_;
  TextBuilder out_;
  Origin origin_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

Object brace_formatted(TemplateMemory& memory, const Object& format, const Arguments& arguments) {
  Object text = BraceFormatter(memory, format, arguments).run();
  text.is_markup = format.is_markup;
  return text;
}

}  // namespace rocmforge::text::jinja
