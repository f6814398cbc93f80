// Filters that make or take apart HTML and addresses.
#include <array>

#include <fmt/format.h>

#include "base/utf8.h"
#include "text/jinja/call.h"
#include "text/jinja/dict.h"
#include "text/jinja/iteration.h"
#include "text/jinja/markup.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_work.h"
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

Object safe(Call& call) { return as_markup(to_text(call.work, call.self)); }

Object escape(Call& call) { return escaped(call.work, to_text(call.work, call.self)); }

Object force_escape(Call& call) {
  Object text = to_text(call.work, call.self);
  text.is_markup = false;
  return escaped(call.work, text);
}

// ---- Tags ----

// The end of a tag or comment that begins at `at`; npos when it has none.
std::size_t tag_end(std::string_view text, std::size_t at) {
  const bool is_comment = text.substr(at).starts_with("<!--");
  const std::size_t found = text.find(is_comment ? "-->" : ">", at);
  return found == std::string_view::npos ? found : found + (is_comment ? 3 : 1);
}

Object without_tags(Workspace& work, const Object& text) {
  TextBuilder out(work);
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
  const Object text = without_tags(call.work, to_text(call.work, call.self));
  const List* const words = split_at_space(call.work, text, -1);
  TextBuilder out(call.work);
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
  // Text that an entity stands for is as much of the context as its entity.
  Object result = out.text();
  for (const auto& [entity, meaning] : kEntities) {
    result =
        replaced(call.work, result, make_text(call.work, entity), make_text(call.work, meaning, origin_of(result)), -1);
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

Object encoded(Workspace& work, const Object& object, bool in_query) {
  return transformed(work, to_text(work, object),
                     [in_query](std::string_view text) { return percent_encoded(text, in_query); });
}

Object url_encode(Call& call) {
  if (call.self.is_string() || !is_iterable(call.self)) return encoded(call.work, call.self, false);
  TextBuilder out(call.work);
  const auto add = [&](const Object& key, const Object& value) {
    if (out.size() != 0) out.append_template("&");
    out.append(encoded(call.work, key, true));
    out.append_template("=");
    out.append(encoded(call.work, value, true));
  };
  if (call.self.is_mapping()) {
    for (const DictEntry& entry : call.self.dict->span()) add(entry.key, entry.value);
    return out.text();
  }
  Iteration pairs(call.work, call.self);
  for (Object pair; pairs.next(pair);) {
    const List* const parts = items_of(call.work, pair);
    if (parts->count != 2) throw failure("urlencode needs pairs of a key and a value");
    add(parts->items[0], parts->items[1]);
  }
  return out.text();
}

Object xml_attributes(Call& call) {
  if (!call.self.is_mapping()) throw failure("xmlattr needs a dictionary, not {}", type_name(call.self));
  TextBuilder out(call.work);
  for (const DictEntry& entry : call.self.dict->span()) {
    if (entry.value.is(Kind::kNone) || entry.value.is_undefined()) continue;
    const Object key = to_text(call.work, entry.key);
    if (view(key).find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      throw failure("a name of an attribute holds a character that it must not");
    }
    if (out.size() != 0 || call.flag(0, true)) out.append_template(" ");
    out.append(escaped(call.work, key));
    out.append_template("=\"");
    out.append(escaped(call.work, to_text(call.work, entry.value)));
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

Object escaped(Workspace& work, const Object& string) {
  return string.is_markup ? string : as_markup(transformed(work, string, with_entities));
}

std::span<const Builtin> markup_filters() { return kMarkupFilters; }

}  // namespace rocmforge::text::jinja
