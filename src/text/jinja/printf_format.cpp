// Implements Python's '%-8s is %.2f' % values, which follows C's printf.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/dict.h"
#include "text/jinja/formatting.h"
#include "text/jinja/iteration.h"
#include "text/jinja/numbers.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_operations.h"

namespace rocmforge::text::jinja {
namespace {

constexpr std::int64_t kGreatestWidth = 1 << 24;

class PrintfFormatter {
 public:
  PrintfFormatter(TemplateMemory& memory, const Object& format, std::span<const Object> values, const Dict* names,
                  bool must_use_all)
      : memory_(memory),
        format_(format),
        text_(view(format)),
        values_(values),
        names_(names),
        must_use_all_(must_use_all),
        out_(memory) {
    origin_ = origin_of(format);
  }

  Object run() {
    while (at_ < text_.size()) {
      const std::size_t percent = std::min(text_.find('%', at_), text_.size());
      out_.append(substring(format_, at_, percent));
      at_ = percent;
      if (at_ < text_.size()) place();
    }
    if (must_use_all_ && next_ < values_.size()) {
      throw failure("'%' formatting: the format uses {} of the {} values", next_, values_.size());
    }
    return out_.text();
  }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    if (here() != c) return false;
    ++at_;
    return true;
  }

  const Object& next_value() {
    if (next_ >= values_.size())
      throw failure("'%' formatting: the format needs more than the {} values given", values_.size());
    return values_[next_++];
  }

  // Called after "%(": reads the name up to ")" and returns its value.
  const Object& named_value() {
    const std::size_t end = text_.find(')', at_);
    if (end == std::string_view::npos) throw failure("'%' formatting: '%(' is never closed");
    if (names_ == nullptr) throw failure("'%' formatting: '%(' needs a dictionary of values");
    const Object* const value = find(*names_, text_.substr(at_, end - at_));
    if (value == nullptr)
      throw failure("'%' formatting: the dictionary has no key '{}'", printable(text_.substr(at_, end - at_), 40));
    at_ = end + 1;
    return *value;
  }

  std::int64_t number_or_star() {
    if (take('*')) {
      const Object& value = next_value();
      if (!value.is_integral())
        throw failure("'%' formatting: the value for '*' has type '{}', expected an integer", type_name(value));
      return std::clamp<std::int64_t>(value.as_integer(), -kGreatestWidth, kGreatestWidth);
    }
    std::int64_t number = 0;
    while (here() >= '0' && here() <= '9') number = std::min(kGreatestWidth, number * 10 + (text_[at_++] - '0'));
    return number;
  }

  void flags(FormatSpec& spec) {
    for (; at_ < text_.size(); ++at_) {
      switch (here()) {
        case '-': spec.align = '<'; break;
        case '+': spec.sign = '+'; break;
        case ' ': spec.sign = spec.sign == '+' ? '+' : ' '; break;
        case '#': spec.alternate = true; break;
        case '0': spec.zero = true; break;
        default: return;
      }
    }
  }

  void place() {
    ++at_;
    const Object* value = take('(') ? &named_value() : nullptr;
    FormatSpec spec;
    flags(spec);
    std::int64_t width = number_or_star();
    if (width < 0) {
      spec.align = '<';
      width = -width;
    }
    spec.width = static_cast<std::size_t>(width);
    if (take('.')) spec.precision = static_cast<int>(std::max<std::int64_t>(0, number_or_star()));
    while (here() == 'h' || here() == 'l' || here() == 'L') ++at_;
    if (at_ >= text_.size()) throw failure("'%' formatting: the text ends after an incomplete '%'");
    spec.type = text_[at_++];
    if (spec.type == '%') return out_.append("%", origin_);
    write(value != nullptr ? *value : next_value(), spec);
  }

  void write(const Object& value, FormatSpec& spec) {
    const Origin origin = either(origin_, value.is_string() ? Origin::kTemplate : value.origin);
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a': return write_text(value, spec);
      case 'c': return write_character(value, spec);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o': return write_number(integer_text(value, spec), spec, origin);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) throw failure("'%{}' needs a number, not {}", spec.type, type_name(value));
        return write_number(formatted_float(value.as_double(), spec), spec, origin);
      default:
        throw failure("'%' formatting: the type '{}' is not supported", printable(std::string_view(&spec.type, 1)));
    }
  }

  std::string integer_text(const Object& value, FormatSpec& spec) {
    if (value.is_undefined()) throw undefined_failure(value);
    if (value.is(Kind::kBigInteger)) return std::string(view(value));
    const bool is_decimal = spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
    if (!value.is_integral() && !(is_decimal && value.is(Kind::kFloat))) {
      throw failure("'%{}' needs {}, not {}", spec.type, is_decimal ? "a number" : "an integer", type_name(value));
    }
    if (is_decimal) spec.type = 'd';
    const std::int64_t number = value.is(Kind::kFloat) ? truncated(value.number) : value.as_integer();
    std::string digits = formatted_integer(number, spec);
    if (spec.precision > kMostDigits)
      throw limit_failure("'%' formatting: the precision is greater than {}", kMostDigits);
    const std::size_t sign = !digits.empty() && digits[0] >= '0' ? 0 : 1;
    while (static_cast<int>(digits.size() - sign) < spec.precision) digits.insert(sign, 1, '0');
    return digits;
  }

  void write_number(const std::string& digits, const FormatSpec& spec, Origin origin) {
    append_padded(out_, make_text(memory_, digits, origin), spec, true, origin);
  }

  void write_text(const Object& value, FormatSpec& spec) {
    Object text;
    if (spec.type == 's') {
      text = to_text(memory_, value);
    } else {
      TextBuilder quoted(memory_);
      print_quoted(quoted, value);
      text = quoted.text();
    }
    if (spec.precision >= 0) text = substring(text, 0, byte_offset(text, static_cast<std::size_t>(spec.precision)));
    spec.zero = false;
    if (spec.align == '\0') spec.align = '>';
    append_padded(out_, text, spec, false, origin_);
  }

  void write_character(const Object& value, FormatSpec& spec) {
    Object text = value;
    if (value.is_integral()) {
      if (value.as_integer() < 0 || value.as_integer() > 0x10ffff)
        throw failure("'%c': {} is not a code point of Unicode", value.as_integer());
      std::string character;
      append_utf8(character, static_cast<char32_t>(value.as_integer()));
      text = make_text(memory_, character, either(value.origin, origin_));
    } else if (!value.is_string() || length_of(value) != 1) {
      throw failure("'%c' needs an integer or a string of one character");
    }
    spec.zero = false;
    if (spec.align == '\0') spec.align = '>';
    append_padded(out_, text, spec, false, origin_);
  }

  static constexpr int kMostDigits = 1000;

  TemplateMemory& memory_;
  const Object& format_;
  std::string_view text_;
  std::span<const Object> values_;
  const Dict* names_;
  bool must_use_all_;
  TextBuilder out_;
  Origin origin_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

Object printf_formatted(TemplateMemory& memory, const Object& format, const Object& values) {
  const Dict* const names = values.is_mapping() ? values.dict : nullptr;
  const std::span<const Object> list = values.is(Kind::kTuple) ? values.list->span() : std::span(&values, 1);
  // Python reports unused values only if the values are a tuple or certainly not a mapping.
  const bool has_items =
      values.is_mapping() || values.is(Kind::kList) || values.is(Kind::kRange) || values.is_undefined();
  Object text = PrintfFormatter(memory, format, list, names, !has_items).run();
  text.is_markup = format.is_markup;
  return text;
}

Object printf_formatted_arguments(TemplateMemory& memory, const Object& format, const Arguments& arguments) {
  if (arguments.named.empty()) return PrintfFormatter(memory, format, arguments.positional, nullptr, true).run();
  Dict* const names = make_dict(memory, arguments.named.size());
  for (const NamedArgument& argument : arguments.named) insert(memory, *names, argument.name, argument.value);
  return printf_formatted(memory, format, Object::of_dict(names));
}

}  // namespace rocmforge::text::jinja
