#include "text/jinja/formatting.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_operations.h"

namespace rocmforge::text::jinja {
namespace {

// No double has more digits than this after the decimal point.
constexpr int kGreatestPrecision = 1100;

std::string grouped(std::string digits, char separator, std::size_t group) {
  if (separator == '\0') return digits;
  for (std::size_t at = digits.size(); at > group;) digits.insert(at -= group, 1, separator);
  return digits;
}

std::string sign_of(bool negative, char sign) {
  if (negative) return "-";
  return sign == '+' || sign == ' ' ? std::string(1, sign) : "";
}

// Formats a magnitude. For %e and %g, fmt writes the same exponents as C: "1.50e+03".
std::string magnitude_text(double magnitude, const FormatSpec& spec) {
  const int precision = spec.precision < 0 ? 6 : std::min(spec.precision, kGreatestPrecision);
  std::string text;
  switch (spec.type) {
    case 'f':
    case 'F': text = fmt::format("{:.{}f}", magnitude, precision); break;
    case '%': text = fmt::format("{:.{}f}%", magnitude * 100, precision); break;
    case 'e': text = fmt::format("{:.{}e}", magnitude, precision); break;
    case 'E': text = fmt::format("{:.{}E}", magnitude, precision); break;
    case 'g':
    case 'n': text = fmt::format("{:.{}g}", magnitude, std::max(precision, 1)); break;
    case 'G': text = fmt::format("{:.{}G}", magnitude, std::max(precision, 1)); break;
    default:
      text = spec.precision < 0 ? float_text(magnitude) : fmt::format("{:.{}g}", magnitude, std::max(precision, 1));
  }
  const std::size_t digits = text.find_first_not_of("0123456789");
  const std::size_t whole = digits == std::string::npos ? text.size() : digits;
  return grouped(text.substr(0, whole), spec.grouping, 3) + text.substr(whole);
}

}  // namespace

std::string formatted_integer(std::int64_t number, const FormatSpec& spec) {
  const bool negative = number < 0;
  const std::uint64_t magnitude =
      negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  std::string digits;
  std::string prefix;
  switch (spec.type) {
    case 'x': digits = fmt::format("{:x}", magnitude), prefix = "0x"; break;
    case 'X': digits = fmt::format("{:X}", magnitude), prefix = "0X"; break;
    case 'o': digits = fmt::format("{:o}", magnitude), prefix = "0o"; break;
    case 'b': digits = fmt::format("{:b}", magnitude), prefix = "0b"; break;
    case '\0':
    case 'd':
    case 'n': digits = fmt::format("{}", magnitude); break;
    default: throw failure("the format type '{}' does not fit an integer", printable(std::string_view(&spec.type, 1)));
  }
  digits = grouped(digits, spec.grouping, prefix.empty() ? 3 : 4);
  return sign_of(negative, spec.sign) + (spec.alternate ? prefix : "") + digits;
}

std::string formatted_float(double number, const FormatSpec& spec) {
  static constexpr std::string_view kTypes = "eEfFgGn%";
  if (spec.type != '\0' && kTypes.find(spec.type) == std::string_view::npos) {
    throw failure("the format type '{}' does not fit a float", printable(std::string_view(&spec.type, 1)));
  }
  const bool upper = spec.type == 'F' || spec.type == 'E' || spec.type == 'G';
  const std::string percent = spec.type == '%' ? "%" : "";
  if (std::isnan(number)) return sign_of(false, spec.sign) + (upper ? "NAN" : "nan") + percent;
  const std::string sign = sign_of(std::signbit(number), spec.sign);
  if (std::isinf(number)) return sign + (upper ? "INF" : "inf") + percent;
  return sign + magnitude_text(std::abs(number), spec);
}

void append_padded(TextBuilder& out, const Object& text, const FormatSpec& spec, bool is_number, Origin origin) {
  const std::size_t length = length_of(text);
  const std::size_t missing = spec.width > length ? spec.width - length : 0;
  if (missing > out.memory().limits().text_bytes) out.memory().refuse_text();
  const bool zeros = spec.zero && spec.align == '\0';
  const char align = spec.align != '\0' ? spec.align : zeros && is_number ? '=' : is_number ? '>' : '<';
  const std::string_view fill = zeros ? "0" : std::string_view(spec.fill);
  std::size_t left = 0;
  if (align == '>') left = missing;
  if (align == '^') left = missing / 2;
  std::size_t signs = 0;
  if (align == '=') {
    const std::string_view digits = view(text);
    signs = !digits.empty() && (digits[0] == '-' || digits[0] == '+' || digits[0] == ' ') ? 1 : 0;
    if (digits.size() > signs + 1 && digits[signs] == '0' &&
        std::isalpha(static_cast<unsigned char>(digits[signs + 1]))) {
      signs += 2;
    }
  }
  out.append_repeated(fill, left, origin);
  out.append(substring(text, 0, signs));
  if (align == '=') out.append_repeated(fill, missing, origin);
  out.append(substring(text, signs, text.size));
  if (align != '=') out.append_repeated(fill, missing - left, origin);
}

}  // namespace rocmforge::text::jinja
