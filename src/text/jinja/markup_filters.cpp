// Implements filters that make or parse HTML and URLs.
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/call.h"
#include "text/jinja/dict.h"
#include "text/jinja/iteration.h"
#include "text/jinja/markup.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

std::string_view entity_of(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&#34;";
    case '\'': return "&#39;";
    default: return {};
  }
}

std::string with_entities(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const std::string_view entity = entity_of(c);
    if (entity.empty()) {
      out += c;
    } else {
      out += entity;
    }
  }
  return out;
}

Object as_markup(Object text) {
  text.is_markup = true;
  return text;
}

Object safe(Call& call) { return as_markup(to_text(call.memory, call.self)); }

Object escape(Call& call) { return escaped(call.memory, to_text(call.memory, call.self)); }

Object force_escape(Call& call) {
  Object text = to_text(call.memory, call.self);
  text.is_markup = false;
  return escaped(call.memory, text);
}

// ---- Tags ----

// Returns the end of a tag or comment that begins at `at`, or npos if it is not closed.
std::size_t tag_end(std::string_view text, std::size_t at) {
  const bool is_comment = text.substr(at).starts_with("<!--");
  const std::size_t found = text.find(is_comment ? "-->" : ">", at);
  return found == std::string_view::npos ? found : found + (is_comment ? 3 : 1);
}

Object without_tags(TemplateMemory& memory, const Object& text) {
  TextBuilder out(memory);
  std::size_t at = 0;
  while (true) {
    const std::size_t open = view(text).find('<', at);
    const std::size_t end = open == std::string_view::npos ? open : tag_end(view(text), open);
    if (end == std::string_view::npos) break;
    out.append(substring(text, at, open));
    at = end;
  }
  out.append(substring(text, at, text.size));
  return out.text();
}

Object strip_tags(Call& call) {
  const Object text = without_tags(call.memory, to_text(call.memory, call.self));
  const List* const words = split_at_space(call.memory, text, -1);
  TextBuilder out(call.memory);
  for (std::size_t i = 0; i < words->count; ++i) {
    if (i != 0) out.append_template(" ");
    out.append(words->items[i]);
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kEntities = {{{"&lt;", "<"},
                                                                                              {"&gt;", ">"},
                                                                                              {"&quot;", "\""},
                                                                                              {"&#34;", "\""},
                                                                                              {"&#39;", "'"},
                                                                                              {"&apos;", "'"},
                                                                                              {"&nbsp;", "\xc2\xa0"},
                                                                                              {"&amp;", "&"}}};
  // The character of an entity keeps the origin of the entity.
  Object result = out.text();
  for (const auto& [entity, meaning] : kEntities) {
    result = replaced(call.memory, result, make_text(call.memory, entity),
                      make_text(call.memory, meaning, origin_of(result)), -1);
  }
  return result;
}

// ---- Addresses ----

bool is_plain_in_address(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-' || c == '~';
}

std::string percent_encoded(std::string_view text, bool in_query) {
  std::string out;
  for (const char c : text) {
    if (is_plain_in_address(c) || (c == '/' && !in_query)) {
      out += c;
    } else if (c == ' ' && in_query) {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Object encoded(TemplateMemory& memory, const Object& object, bool in_query) {
  return transformed(memory, to_text(memory, object),
                     [in_query](std::string_view text) { return percent_encoded(text, in_query); });
}

Object url_encode(Call& call) {
  if (call.self.is_string() || !is_iterable(call.self)) return encoded(call.memory, call.self, false);
  TextBuilder out(call.memory);
  const auto add = [&](const Object& key, const Object& value) {
    if (out.size() != 0) out.append_template("&");
    out.append(encoded(call.memory, key, true));
    out.append_template("=");
    out.append(encoded(call.memory, value, true));
  };
  if (call.self.is_mapping()) {
    for (const DictEntry& entry : call.self.dict->span()) add(entry.key, entry.value);
    return out.text();
  }
  Iteration pairs(call.memory, call.self);
  for (Object pair; pairs.next(pair);) {
    const List* const parts = items_of(call.memory, pair);
    if (parts->count != 2) throw failure("urlencode needs pairs of a key and a value");
    add(parts->items[0], parts->items[1]);
  }
  return out.text();
}

Object xml_attributes(Call& call) {
  if (!call.self.is_mapping()) throw failure("xmlattr needs a dictionary, not {}", type_name(call.self));
  TextBuilder out(call.memory);
  for (const DictEntry& entry : call.self.dict->span()) {
    if (entry.value.is(Kind::kNone) || entry.value.is_undefined()) continue;
    const Object key = to_text(call.memory, entry.key);
    if (view(key).find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      throw failure("the attribute name '{}' holds a character that XML does not allow in it",
                    printable(view(key), 40));
    }
    if (out.size() != 0 || call.flag(0, true)) out.append_template(" ");
    out.append(escaped(call.memory, key));
    out.append_template("=\"");
    out.append(escaped(call.memory, to_text(call.memory, entry.value)));
    out.append_template("\"");
  }
  return out.text();
}

Object urlize(Call&) { throw Failure{ErrorCode::kUnsupported, "the filter 'urlize' is not supported"}; }

constexpr auto kMarkupFilters = std::to_array<Builtin>({
    {"e", escape},
    {"escape", escape},
    {"forceescape", force_escape},
    {"safe", safe},
    {"striptags", strip_tags},
    {"urlencode", url_encode},
    {"urlize", urlize, any_arguments()},
    {"xmlattr", xml_attributes, {0, "autospace"}},
});

}  // namespace

Object escaped(TemplateMemory& memory, const Object& string) {
  return string.is_markup ? string : as_markup(transformed(memory, string, with_entities));
}

std::span<const Builtin> markup_filters() { return kMarkupFilters; }

}  // namespace rocmforge::text::jinja
