// Formats text with placeholders: '%s' % x and '{}'.format(x).
#pragma once

#include "text/jinja/call.h"
#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

// Returns format % values. A tuple fills several placeholders; a dictionary fills the named ones.
Object printf_formatted(TemplateMemory& memory, const Object& format, const Object& values);
Object printf_formatted_arguments(TemplateMemory& memory, const Object& format, const Arguments& arguments);

// Returns format.format(...).
Object brace_formatted(TemplateMemory& memory, const Object& format, const Arguments& arguments);

// How a value is written into a placeholder: the text after the colon in {:>8.2f}, or its counterpart in %-8.2f.
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';  // < > ^ =; NUL means the default for the value's type
  char sign = '-';    // '+', '-' or a space
  bool alternate = false;
  bool zero = false;
  std::size_t width = 0;
  char grouping = '\0';  // ',' or '_'; NUL means none
  int precision = -1;    // -1 means that none is given
  char type = '\0';
};

// Returns a number formatted by `spec`, without padding to its width. Throws a Failure if the type does not fit.
std::string formatted_integer(std::int64_t number, const FormatSpec& spec);
std::string formatted_float(double number, const FormatSpec& spec);

// Appends the text, padded to the width. Zeros are inserted between the sign and the digits.
void append_padded(TextBuilder& out, const Object& text, const FormatSpec& spec, bool is_number, Origin origin);

}  // namespace rocmforge::text::jinja
