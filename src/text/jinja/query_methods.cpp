// Implements the methods that examine strings, lists and dictionaries: searching, counting, classifying and looking up.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/call.h"
#include "text/jinja/comparison.h"
#include "text/jinja/dict.h"
#include "text/jinja/iteration.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

// ---- Strings ----

// The part of the text selected by start and stop, the second and third arguments.
struct Searched {
  Object part;
  std::size_t first;  // number of code points before it
  bool is_valid;      // start is not after the end
};

Searched searched_part(Call& call) {
  call.memory.charge_bytes(call.self.size);
  const auto count = static_cast<std::int64_t>(length_of(call.self));
  const auto bound = [&](std::size_t i, std::int64_t fallback) {
    if (!call.has(i) || call[i].is(Kind::kNone)) return fallback;
    const std::int64_t number = call.integer(i, 0);
    return number < 0 ? std::max<std::int64_t>(0, number < -count ? 0 : number + count) : number;
  };
  const std::int64_t start = bound(1, 0);
  const std::int64_t stop = std::min(bound(2, count), count);
  if (start > count || start > stop) return {substring(call.self, 0, 0), 0, false};
  const std::size_t begin = byte_offset(call.self, static_cast<std::size_t>(start));
  const std::size_t end = byte_offset(call.self, static_cast<std::size_t>(stop));
  return {substring(call.self, begin, end), static_cast<std::size_t>(start), true};
}

Object position(Call& call, bool from_right, bool must_be_there) {
  const Object pattern = call.text(0);
  const Searched searched = searched_part(call);
  const std::string_view text = view(searched.part);
  const std::size_t found = !searched.is_valid ? std::string_view::npos
                            : from_right       ? find_last(call.memory, text, view(pattern))
                                               : find_first(call.memory, text, view(pattern));
  if (found == std::string_view::npos) {
    if (must_be_there) throw failure("{}() does not find '{}'", call.builtin.name, printable(view(pattern), 40));
    return Object::of_integer(-1);
  }
  return Object::of_integer(static_cast<std::int64_t>(searched.first + code_point_at(searched.part, found)),
                            origin_of(call.self));
}

Object find_text(Call& call) { return position(call, false, false); }
Object find_from_right(Call& call) { return position(call, true, false); }
Object index_text(Call& call) { return position(call, false, true); }
Object index_from_right(Call& call) { return position(call, true, true); }

Object count_text(Call& call) {
  const Object pattern = call.text(0);
  const Searched searched = searched_part(call);
  std::int64_t count = 0;
  if (pattern.size == 0) {
    count = searched.is_valid ? static_cast<std::int64_t>(length_of(searched.part)) + 1 : 0;
  } else {
    const std::string_view text = view(searched.part);
    for (std::size_t at = 0; (at = find_first(call.memory, text, view(pattern), at)) != std::string_view::npos;
         at += pattern.size)
      ++count;
  }
  return Object::of_integer(count, origin_of(call.self));
}

template <bool kAtEnd>
Object has_at_end(Call& call) {
  const Searched searched = searched_part(call);
  const auto matches = [&](const Object& wanted) {
    if (!wanted.is_string()) {
      if (wanted.is_undefined()) throw undefined_failure(wanted);
      throw failure("{}() needs a string or a tuple of strings, not {}", call.builtin.name, type_name(wanted));
    }
    const std::string_view text = view(searched.part);
    return searched.is_valid && (kAtEnd ? text.ends_with(view(wanted)) : text.starts_with(view(wanted)));
  };
  if (!call[0].is(Kind::kTuple)) return Object::boolean(matches(call[0]));
  return Object::boolean(std::ranges::any_of(call[0].list->span(), matches));
}

template <typename Holds>
Object all_characters(Call& call, bool when_empty, Holds holds) {
  call.memory.charge_bytes(call.self.size);
  for (std::string_view rest = view(call.self); !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    if (!holds(c.value)) return Object::boolean(false);
    rest.remove_prefix(c.length);
  }
  return Object::boolean(call.self.size != 0 || when_empty);
}

template <bool (*kHolds)(char32_t), bool kWhenEmpty = false>
Object all_are(Call& call) {
  return all_characters(call, kWhenEmpty, kHolds);
}

bool is_letter_or_number(char32_t c) { return is_letter(c) || is_numeric(c); }
bool is_ascii_character(char32_t c) { return c < 0x80; }

Object is_identifier(Call& call) {
  bool is_first = true;
  return all_characters(call, false, [&](char32_t c) {
    return std::exchange(is_first, false) ? is_identifier_start(c) : is_identifier_part(c);
  });
}

template <bool (*kWanted)(char32_t), bool (*kRefused)(char32_t)>
Object has_case(Call& call) {
  bool found = false;
  const Object all = all_characters(call, false, [&](char32_t c) {
    found = found || kWanted(c);
    return !kRefused(c) && !is_title(c);
  });
  return Object::boolean(all.truth && found);
}

// Returns whether capitals stand at the beginnings of words and nowhere else.
Object is_titled(Call& call) {
  bool in_word = false;
  bool found = false;
  const Object all = all_characters(call, false, [&](char32_t c) {
    const bool starts = is_upper(c) || is_title(c);
    const bool fits = starts ? !in_word : !is_lower(c) || in_word;
    found = found || starts;
    in_word = starts || is_lower(c);
    return fits;
  });
  return Object::boolean(all.truth && found);
}

constexpr Parameters kSearch = {1, "sub", "start", "end"};

constexpr auto kTextMethods = std::to_array<Builtin>({
    {"count", count_text, kSearch},
    {"endswith", has_at_end<true>, {1, "suffix", "start", "end"}},
    {"find", find_text, kSearch},
    {"index", index_text, kSearch},
    {"isalnum", all_are<is_letter_or_number>},
    {"isalpha", all_are<is_letter>},
    {"isascii", all_are<is_ascii_character, true>},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"isidentifier", is_identifier},
    {"islower", has_case<is_lower, is_upper>},
    {"isnumeric", all_are<is_numeric>},
    {"isprintable", all_are<is_printable, true>},
    {"isspace", all_are<is_space>},
    {"istitle", is_titled},
    {"isupper", has_case<is_upper, is_lower>},
    {"rfind", find_from_right, kSearch},
    {"rindex", index_from_right, kSearch},
    {"startswith", has_at_end<false>, {1, "prefix", "start", "end"}},
});

// ---- Lists ----

Object count_item(Call& call) {
  std::int64_t count = 0;
  Iteration items(call.memory, call.self);
  for (Object item; items.next(item);) count += equal(call.memory, item, call[0]) ? 1 : 0;
  return Object::of_integer(count, call.self.origin);
}

Object index_item(Call& call) {
  Iteration items(call.memory, call.self);
  std::int64_t index = 0;
  for (Object item; items.next(item); ++index) {
    if (equal(call.memory, item, call[0])) return Object::of_integer(index, call.self.origin);
  }
  throw failure("index() does not find the value in the {}", type_name(call.self));
}

Object copy_list(Call& call) {
  return Object::of_list(copied_items(call.memory, call.self), Kind::kList, call.self.origin);
}

// Jinja2's sandbox forbids this, but some published templates use it.
Object append_item(Call& call) {
  if (!call.self.is(Kind::kList) || !call.self.list->is_changeable) {
    throw failure("templates may use 'append' only of a list that they made themselves, not of this {}",
                  type_name(call.self));
  }
  append_seen(call.memory, *call.self.list, call[0]);
  return Object::none();
}

constexpr auto kListMethods = std::to_array<Builtin>({
    {"append", append_item, {1, "object"}},
    {"copy", copy_list},
    {"count", count_item, {1, "value"}},
    {"index", index_item, {1, "value"}},
});

// ---- Dictionaries ----

Object get(Call& call) {
  const Object* const value = find(call.memory, *call.self.dict, call[0]);
  if (value != nullptr) return *value;
  return call.has(1) ? call[1] : Object::none();
}

template <typename Part>
Object view_of(Call& call, std::string_view label, Part part) {
  List* const list = make_list(call.memory, call.self.dict->count);
  call.memory.charge_items(call.self.dict->count);
  for (const DictEntry& entry : call.self.dict->span()) append(call.memory, *list, part(entry));
  list->label = label;
  return Object::of_list(list, Kind::kView, call.self.origin);
}

Object keys(Call& call) {
  return view_of(call, "dict_keys", [](const DictEntry& entry) { return entry.key; });
}

Object values(Call& call) {
  return view_of(call, "dict_values", [](const DictEntry& entry) { return entry.value; });
}

Object items_method(Call& call) {
  return view_of(call, "dict_items", [&](const DictEntry& entry) {
    const std::array<Object, 2> pair = {entry.key, entry.value};
    return tuple_of(call.memory, pair, call.self.origin);
  });
}

Object copy_dict(Call& call) {
  Dict* const dict = make_dict(call.memory, call.self.dict->count);
  for (const DictEntry& entry : call.self.dict->span()) insert(call.memory, *dict, entry.key, entry.value);
  return Object::of_dict(dict, call.self.origin);
}

constexpr auto kDictMethods = std::to_array<Builtin>({
    {"copy", copy_dict},
    {"get", get, {1, "key", "default"}},
    {"items", items_method},
    {"keys", keys},
    {"values", values},
});

}  // namespace

std::span<const Builtin> text_query_methods() { return kTextMethods; }

const Builtin* find_text_method(std::string_view name) {
  const Builtin* const method = find_builtin(text_methods(), name);
  return method != nullptr ? method : find_builtin(kTextMethods, name);
}

const Builtin* find_list_method(std::string_view name) { return find_builtin(kListMethods, name); }
const Builtin* find_dict_method(std::string_view name) { return find_builtin(kDictMethods, name); }

}  // namespace rocmforge::text::jinja
