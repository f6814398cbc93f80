// Texts with places to fill in: '%s' % x, and '{}'.format(x).
#pragma once

#include "text/jinja/call.h"
#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

// format % values: a tuple fills several places, a dictionary the named ones.
Object printf_formatted(Workspace& work, const Object& format, const Object& values);
Object printf_formatted_arguments(Workspace& work, const Object& format, const Arguments& arguments);

// format.format(...)
Object brace_formatted(Workspace& work, const Object& format, const Arguments& arguments);

// How a value is written into a place: what stands behind the colon in {:>8.2f}, or the like in %-8.2f.
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';  // < > ^ =, or what is usual for the value
  char sign = '-';    // + - or a space
  bool alternate = false;
  bool zero = false;
  std::size_t width = 0;
  char grouping = '\0';  // , or _
  int precision = -1;    // none
  char type = '\0';
};

// A number in that way, without its width. A Failure where the type does not fit.
std::string formatted_integer(std::int64_t number, const FormatSpec& spec);
std::string formatted_float(double number, const FormatSpec& spec);

// Appends to the width. Zeros go between the sign and the digits.
void append_padded(TextBuilder& out, const Object& text, const FormatSpec& spec, bool is_number, Origin origin);

}  // namespace rocmforge::text::jinja
