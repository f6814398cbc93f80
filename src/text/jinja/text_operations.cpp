#include "text/jinja/text_operations.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/jinja/failure.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

// Returns the last code point. Requires: the text is not empty.
CodePoint last_code_point(std::string_view text) {
  std::size_t start = text.size() - 1;
  while (start != 0 && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
  return first_code_point(text.substr(start));
}

template <typename IsStripped>
Object stripped_while(const Object& string, Ends ends, IsStripped is_stripped) {
  const std::string_view text = view(string);
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (ends != Ends::kRight && begin < end) {
    const CodePoint c = first_code_point(text.substr(begin, end - begin));
    if (!is_stripped(c.value)) break;
    begin += c.length;
  }
  while (ends != Ends::kLeft && begin < end) {
    const CodePoint c = last_code_point(text.substr(begin, end - begin));
    if (!is_stripped(c.value)) break;
    end -= c.length;
  }
  return substring(string, begin, end);
}

void reverse_list(List& list) { std::reverse(list.items, list.items + list.count); }

Object insert_everywhere(TemplateMemory& memory, const Object& string, const Object& with, std::int64_t count) {
  TextBuilder out(memory);
  std::size_t at = 0;
  for (std::int64_t done = 0; count < 0 || done < count; ++done) {
    out.append(with);
    if (at == string.size) return out.text();
    const std::size_t length = first_code_point(view(string).substr(at)).length;
    out.append(substring(string, at, at + length));
    at += length;
  }
  out.append(substring(string, at, string.size));
  return out.text();
}

}  // namespace

Object transformed(TemplateMemory& memory, const Object& string,
                   const std::function<std::string(std::string_view)>& change) {
  memory.charge_bytes(4 * std::size_t{string.size});
  const std::string whole = change(view(string));
  std::size_t data_bytes = 0;
  for_each_data_range(string, [&](ByteRange range) { data_bytes += range.end - range.begin; });
  if (data_bytes == 0 || data_bytes == string.size) {
    Object text = make_text(memory, whole, origin_of(string));
    text.is_markup = string.is_markup;
    return text;
  }
  TextBuilder parts(memory);
  std::size_t at = 0;
  const auto add = [&](std::size_t begin, std::size_t end, Origin origin) {
    if (begin < end) parts.append(change(view(string).substr(begin, end - begin)), origin);
  };
  for_each_data_range(string, [&](ByteRange range) {
    add(at, range.begin, Origin::kTemplate);
    add(range.begin, range.end, Origin::kContext);
    at = range.end;
  });
  add(at, string.size, Origin::kTemplate);
  Object text = view(parts.text()) == whole ? parts.text() : make_text(memory, whole, origin_of(string));
  text.is_markup = string.is_markup;
  return text;
}

Object stripped(TemplateMemory& memory, const Object& string, Ends ends) {
  memory.charge_bytes(string.size);
  return stripped_while(string, ends, is_space);
}

Object stripped_of(TemplateMemory& memory, const Object& string, std::string_view characters, Ends ends) {
  memory.charge_bytes(string.size + characters.size());
  std::u32string set;
  for (std::string_view rest = characters; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    if (set.find(c.value) == std::u32string::npos) set += c.value;
    rest.remove_prefix(c.length);
    memory.charge_items(set.size());
  }
  return stripped_while(string, ends, [&](char32_t c) {
    memory.charge_items(set.size());
    return set.find(c) != std::u32string::npos;
  });
}

Object replaced(TemplateMemory& memory, const Object& string, const Object& old, const Object& with,
                std::int64_t count) {
  memory.charge_bytes(string.size);
  if (old.size == 0) return insert_everywhere(memory, string, with, count);
  const std::string_view text = view(string);
  const std::string_view pattern = view(old);
  std::size_t found = count == 0 ? std::string_view::npos : find_first(memory, text, pattern);
  if (found == std::string_view::npos) return string;
  TextBuilder out(memory);
  std::size_t at = 0;
  for (std::int64_t done = 0; found != std::string_view::npos && (count < 0 || done < count); ++done) {
    out.append(substring(string, at, found));
    out.append(with);
    at = found + pattern.size();
    found = find_first(memory, view(string), pattern, at);
  }
  out.append(substring(string, at, string.size));
  Object result = out.text();
  result.is_markup = string.is_markup;
  return result;
}

List* split_at_space(TemplateMemory& memory, const Object& string, std::int64_t count) {
  List* const parts = make_list(memory);
  Object rest = stripped(memory, string, Ends::kLeft);
  while (rest.size != 0) {
    const std::string_view text = view(rest);
    std::size_t end = 0;
    while (end < text.size()) {
      const CodePoint c = first_code_point(text.substr(end));
      if (is_space(c.value)) break;
      end += c.length;
    }
    if (count >= 0 && static_cast<std::int64_t>(parts->count) == count) {
      append(memory, *parts, stripped(memory, rest, Ends::kRight));
      break;
    }
    append(memory, *parts, substring(rest, 0, end));
    rest = stripped_while(substring(rest, end, rest.size), Ends::kLeft, is_space);
  }
  return parts;
}

List* split_at_space_from_right(TemplateMemory& memory, const Object& string, std::int64_t count) {
  List* const parts = make_list(memory);
  Object rest = stripped(memory, string, Ends::kRight);
  while (rest.size != 0) {
    const std::string_view text = view(rest);
    std::size_t begin = text.size();
    while (begin > 0) {
      const CodePoint c = last_code_point(text.substr(0, begin));
      if (is_space(c.value)) break;
      begin -= c.length;
    }
    if (count >= 0 && static_cast<std::int64_t>(parts->count) == count) {
      append(memory, *parts, stripped(memory, rest, Ends::kLeft));
      break;
    }
    append(memory, *parts, substring(rest, begin, rest.size));
    rest = stripped_while(substring(rest, 0, begin), Ends::kRight, is_space);
  }
  reverse_list(*parts);
  return parts;
}

List* split_at(TemplateMemory& memory, const Object& string, std::string_view separator, std::int64_t count) {
  if (separator.empty()) throw failure("the separator of split() or rsplit() is empty");
  memory.charge_bytes(string.size);
  List* const parts = make_list(memory);
  const std::string_view text = view(string);
  std::size_t at = 0;
  for (std::size_t found = 0; count < 0 || static_cast<std::int64_t>(parts->count) < count;) {
    found = find_first(memory, text, separator, at);
    if (found == std::string_view::npos) break;
    append(memory, *parts, substring(string, at, found));
    at = found + separator.size();
  }
  append(memory, *parts, substring(string, at, string.size));
  return parts;
}

List* split_at_from_right(TemplateMemory& memory, const Object& string, std::string_view separator,
                          std::int64_t count) {
  if (separator.empty()) throw failure("the separator of split() or rsplit() is empty");
  memory.charge_bytes(string.size);
  List* const parts = make_list(memory);
  const std::string_view text = view(string);
  std::size_t end = text.size();
  while (count < 0 || static_cast<std::int64_t>(parts->count) < count) {
    const std::size_t found = find_last(memory, text.substr(0, end), separator);
    if (found == std::string_view::npos) break;
    append(memory, *parts, substring(string, found + separator.size(), end));
    end = found;
  }
  append(memory, *parts, substring(string, 0, end));
  reverse_list(*parts);
  return parts;
}

List* split_lines(TemplateMemory& memory, const Object& string, bool keep_ends) {
  memory.charge_bytes(string.size);
  List* const lines = make_list(memory);
  const std::string_view text = view(string);
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = first_code_point(text.substr(at));
    if (!is_line_end(c.value)) {
      at += c.length;
      continue;
    }
    const std::size_t next = at + (text.substr(at).starts_with("\r\n") ? 2 : c.length);
    append(memory, *lines, substring(string, start, keep_ends ? next : at));
    start = at = next;
  }
  if (start < text.size()) append(memory, *lines, substring(string, start, text.size()));
  return lines;
}

std::size_t missing_to(TemplateMemory& memory, const Object& string, std::int64_t width) {
  memory.charge_bytes(string.size);
  const auto length = static_cast<std::int64_t>(length_of(string));
  return width > length ? static_cast<std::size_t>(width - length) : 0;
}

Object padded(TemplateMemory& memory, const Object& string, std::size_t left, std::size_t right, const Object& fill) {
  if (left + right == 0) return string;
  if (left > memory.limits().text_bytes || right > memory.limits().text_bytes) memory.refuse_text();
  TextBuilder out(memory);
  out.append_repeated(view(fill), left, origin_of(fill));
  out.append(string);
  out.append_repeated(view(fill), right, origin_of(fill));
  return out.text();
}

Object capitalized(TemplateMemory& memory, const Object& string) {
  const std::size_t first = string.size == 0 ? 0 : first_code_point(view(string)).length;
  const Object head = transformed(memory, substring(string, 0, first), [](std::string_view text) {
    std::string out;
    if (!text.empty()) append_title(out, first_code_point(text).value);
    return out;
  });
  return concatenated(memory, head, transformed(memory, substring(string, first, string.size), lower_text));
}

}  // namespace rocmforge::text::jinja
