// Implements filters on text.
#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "text/jinja/call.h"
#include "text/jinja/comparison.h"
#include "text/jinja/formatting.h"
#include "text/jinja/iteration.h"
#include "text/jinja/json_text.h"
#include "text/jinja/markup.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

Object self_text(Call& call) { return to_text(call.memory, call.self); }

Object capitalize(Call& call) { return capitalized(call.memory, self_text(call)); }
Object lower(Call& call) { return transformed(call.memory, self_text(call), lower_text); }
Object upper(Call& call) { return transformed(call.memory, self_text(call), upper_text); }
Object string(Call& call) { return self_text(call); }

// Words begin after white space, dashes and opening brackets; unlike in str.title, not after apostrophes or digits.
Object title(Call& call) {
  return transformed(call.memory, self_text(call), [](std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
      std::size_t end = at;
      const auto begins_word = [](char32_t c) {
        return is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
      };
      while (end < text.size() && !begins_word(first_code_point(text.substr(end)).value)) {
        end += first_code_point(text.substr(end)).length;
      }
      if (end > at) {
        const CodePoint first = first_code_point(text.substr(at));
        append_upper(out, first.value);
        out += lower_text(text.substr(at + first.length, end - at - first.length));
      }
      if (end < text.size()) {
        const std::size_t length = first_code_point(text.substr(end)).length;
        out += text.substr(end, length);
        end += length;
      }
      at = end;
    }
    return out;
  });
}

Object trim(Call& call) {
  const Object text = self_text(call);
  const bool all_space = !call.has(0) || call[0].is(Kind::kNone);
  return all_space ? stripped(call.memory, text, Ends::kBoth)
                   : stripped_of(call.memory, text, view(call.text(0)), Ends::kBoth);
}

Object center(Call& call) {
  const Object text = self_text(call);
  const std::int64_t width = call.integer(0, 80);
  const std::size_t missing = missing_to(call.memory, text, width);
  const std::size_t left = missing / 2 + (missing & static_cast<std::size_t>(width) & 1);
  return padded(call.memory, text, left, missing - left, make_text(call.memory, " "));
}

Object replace(Call& call) {
  const std::int64_t count = call.has(2) && !call[2].is(Kind::kNone) ? call.integer(2, -1) : -1;
  return replaced(call.memory, self_text(call), to_text(call.memory, call[0]), to_text(call.memory, call[1]), count);
}

// Indents the text after each newline. The first line and blank lines are indented only on request.
Object indent(Call& call) {
  const Object text = self_text(call);
  Object indentation = call.has(0) && call[0].is_string() ? call[0] : Object();
  if (!indentation.is_set()) {
    const std::int64_t width = std::max<std::int64_t>(0, call.integer(0, 4));
    indentation = padded(call.memory, make_text(call.memory, ""), static_cast<std::size_t>(width), 0,
                         make_text(call.memory, " "));
  }
  const bool first = call.flag(1, false);
  const bool blank = call.flag(2, false);
  List* const lines = split_lines(call.memory, text, true);
  if (lines->count == 0 || split_lines(call.memory, lines->items[lines->count - 1], false)->items[0].size !=
                               lines->items[lines->count - 1].size) {
    append(call.memory, *lines, substring(text, text.size, text.size));
  }
  TextBuilder out(call.memory);
  for (std::size_t i = 0; i < lines->count; ++i) {
    const Object& line = lines->items[i];
    const List* const content = split_lines(call.memory, line, false);
    const std::size_t length = content->count == 0 ? 0 : content->items[0].size;
    const bool wanted = i == 0 ? first : blank || length != 0;
    if (wanted) out.append(indentation);
    out.append(substring(line, 0, length));
    if (i + 1 == lines->count) break;
    const Object end = substring(line, length, line.size);
    if (view(end) == "\n") {
      out.append(end);
    } else {
      out.append("\n", origin_of(end));
    }
  }
  return out.text();
}

Object truncate(Call& call) {
  const Object text = self_text(call);
  const std::int64_t length = call.integer(0, 255);
  const Object end = call.text_or(2, "...");
  const auto end_length = static_cast<std::int64_t>(length_of(end));
  if (length < end_length) throw failure("truncate needs a length of at least {}", end_length);
  if (static_cast<std::int64_t>(length_of(text)) <= length + call.integer(3, 5)) return text;
  Object kept = substring(text, 0, byte_offset(text, static_cast<std::size_t>(length - end_length)));
  if (!call.flag(1, false)) {
    const std::size_t space = view(kept).rfind(' ');
    if (space != std::string_view::npos) kept = substring(kept, 0, space);
  }
  TextBuilder out(call.memory);
  out.append(kept);
  out.append(end);
  return out.text();
}

Object word_count(Call& call) {
  const Object text = self_text(call);
  call.memory.charge_bytes(text.size);
  std::int64_t count = 0;
  bool in_word = false;
  for (std::string_view rest = view(text); !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    const bool is_word = is_letter(c.value) || is_numeric(c.value) || c.value == '_';
    count += is_word && !in_word ? 1 : 0;
    in_word = is_word;
    rest.remove_prefix(c.length);
  }
  return Object::of_integer(count, origin_of(text));
}

// ---- Wrapping ----

// Splits a line into words and the blanks between them; words are also split after inner hyphens.
List* wrap_chunks(TemplateMemory& memory, const Object& line, bool break_on_hyphens) {
  List* const chunks = make_list(memory);
  const std::string_view text = view(line);
  std::size_t at = 0;
  while (at < text.size()) {
    const bool blank = is_space(first_code_point(text.substr(at)).value);
    std::size_t end = at;
    while (end < text.size()) {
      const CodePoint c = first_code_point(text.substr(end));
      if (is_space(c.value) != blank) break;
      end += c.length;
      const bool at_dash = break_on_hyphens && c.value == '-' && end > at + 2 && end < text.size() &&
                           is_letter(first_code_point(text.substr(end)).value);
      if (at_dash) break;
    }
    append(memory, *chunks, substring(line, at, end));
    at = end;
  }
  return chunks;
}

struct Wrapping {
  std::size_t width;
  bool break_long_words;
  bool break_on_hyphens;
  Object line_end;
};

void wrap_line(TextBuilder& out, const Object& line, const Wrapping& wrapping) {
  TemplateMemory& memory = out.memory();
  const List* const chunks = wrap_chunks(memory, line, wrapping.break_on_hyphens);
  Object current = substring(line, 0, 0);
  bool first = true;
  const auto flush = [&] {
    const Object kept = stripped(memory, current, Ends::kRight);
    if (kept.size == 0) return;
    if (!first) out.append(wrapping.line_end);
    out.append(kept);
    first = false;
  };
  std::size_t at = 0;
  const auto start_line = [&] { current = substring(line, at, at); };
  for (std::size_t i = 0; i < chunks->count; ++i) {
    Object chunk = chunks->items[i];
    while (chunk.size != 0) {
      const bool blank = is_space(first_code_point(view(chunk)).value);
      if (current.size == 0 && !first && blank) {  // skip blanks at the start of a new line
        at += chunk.size;
        start_line();
        break;
      }
      memory.charge_bytes(std::size_t{current.size} + chunk.size);
      const std::size_t room = wrapping.width - std::min(length_of(current), wrapping.width);
      std::size_t taken = chunk.size;
      if (length_of(chunk) > room) {
        const bool too_long = length_of(chunk) > wrapping.width && wrapping.break_long_words;
        taken = too_long ? byte_offset(chunk, room) : (current.size == 0 ? chunk.size : 0);
      }
      current.size += static_cast<std::uint32_t>(taken);
      at += taken;
      if (taken == chunk.size) break;
      chunk = substring(chunk, taken, chunk.size);
      flush();
      start_line();
    }
  }
  flush();
}

Object word_wrap(Call& call) {
  const std::int64_t width = call.integer(0, 79);
  if (width <= 0) throw failure("wordwrap needs a width of at least 1");
  const Object line_end = call.has(2) && !call[2].is(Kind::kNone) ? call.text(2) : make_text(call.memory, "\n");
  const Wrapping wrapping{static_cast<std::size_t>(width), call.flag(1, true), call.flag(3, true), line_end};
  const List* const lines = split_lines(call.memory, self_text(call), false);
  TextBuilder out(call.memory);
  for (std::size_t i = 0; i < lines->count; ++i) {
    if (i != 0) out.append(line_end);
    wrap_line(out, lines->items[i], wrapping);
  }
  return out.text();
}

// ---- Other formats ----

Object format(Call& call) {
  if (!call.raw.named.empty() && !call.raw.positional.empty()) {
    throw failure("format takes positional or named arguments, not both");
  }
  return printf_formatted_arguments(call.memory, self_text(call), call.raw);
}

Object to_json(Call& call) {
  JsonLayout layout;
  layout.escape_non_ascii = call.flag(0, false);
  if (call.has(1) && !call[1].is(Kind::kNone)) {
    const bool by_text = call[1].is_string();
    layout.indent = by_text ? call[1]
                            : padded(call.memory, make_text(call.memory, ""),
                                     static_cast<std::size_t>(std::max<std::int64_t>(0, call.integer(1, 0))), 0,
                                     make_text(call.memory, " "));
    layout.has_indent = true;
  }
  layout.item_separator = make_text(call.memory, layout.has_indent ? "," : ", ");
  layout.key_separator = make_text(call.memory, ": ");
  if (call.has(2) && !call[2].is(Kind::kNone)) {
    const List* const separators = items_of(call.memory, call[2]);
    if (separators->count != 2 || !separators->items[0].is_string() || !separators->items[1].is_string()) {
      throw failure("tojson needs two strings as 'separators'");
    }
    layout.item_separator = separators->items[0];
    layout.key_separator = separators->items[1];
  }
  layout.sort_keys = call.flag(3, false);
  TextBuilder out(call.memory);
  write_json(out, call.self, layout);
  return out.text();
}

Object pretty_print(Call& call) {
  TextBuilder out(call.memory);
  print_quoted(out, call.self);
  return out.text();
}

constexpr auto kTextFilters = std::to_array<Builtin>({
    {"capitalize", capitalize},
    {"center", center, {0, "width"}},
    {"format", format, any_arguments()},
    {"indent", indent, {0, "width", "first", "blank"}},
    {"lower", lower},
    {"pprint", pretty_print},
    {"replace", replace, {2, "old", "new", "count"}},
    {"string", string},
    {"title", title},
    {"tojson", to_json, {0, "ensure_ascii", "indent", "separators", "sort_keys"}},
    {"trim", trim, {0, "chars"}},
    {"truncate", truncate, {0, "length", "killwords", "end", "leeway"}},
    {"upper", upper},
    {"wordcount", word_count},
    {"wordwrap", word_wrap, {0, "width", "break_long_words", "wrapstring", "break_on_hyphens"}},
});

}  // namespace

std::span<const Builtin> text_filters() { return kTextFilters; }

}  // namespace rocmforge::text::jinja
