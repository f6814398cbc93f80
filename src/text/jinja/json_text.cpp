#include "text/jinja/json_text.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.h"
#include "text/jinja/comparison.h"
#include "text/jinja/dict.h"
#include "text/jinja/failure.h"
#include "text/jinja/iteration.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/printing.h"

namespace rocmforge::text::jinja {
namespace {

void append_json_character(std::string& out, char32_t c, bool escape_non_ascii) {
  const auto number = static_cast<std::uint32_t>(c);
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\f': out += "\\f"; return;
    case '\b': out += "\\b"; return;
    default: break;
  }
  if (c < 0x20 || (escape_non_ascii && c >= 0x80 && c < 0x10000)) {
    out += fmt::format("\\u{:04x}", number);
  } else if (escape_non_ascii && c == 0x7f) {
    out += '\x7f';
  } else if (escape_non_ascii && c >= 0x10000) {
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((number - 0x10000) >> 10), 0xdc00 + (number & 0x3ff));
  } else {
    append_utf8(out, c);
  }
}

std::string json_string(std::string_view text, bool escape_non_ascii) {
  std::string out;
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    append_json_character(out, c.value, escape_non_ascii);
    text.remove_prefix(c.length);
  }
  return out;
}

std::string json_float(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return float_text(number);
}

class JsonWriter {
 public:
  JsonWriter(TextBuilder& out, const JsonLayout& layout) : out_(out), layout_(layout) {}

  void write(const Object& object) {
    const TemplateMemory::DepthGuard deeper(out_.memory());
    out_.memory().charge(1);
    switch (object.kind) {
      case Kind::kString: write_string(object, Origin::kTemplate); return;
      case Kind::kNone: out_.append("null", object.origin); return;
      case Kind::kBool: out_.append(object.truth ? "true" : "false", object.origin); return;
      case Kind::kInteger:
      case Kind::kBigInteger: print(out_, object); return;
      case Kind::kFloat: out_.append(json_float(object.number), object.origin); return;
      case Kind::kList:
      case Kind::kTuple: write_list(object); return;
      case Kind::kDict: write_dict(object); return;
      // Jinja2 cannot write these as JSON, but published templates expect a list.
      case Kind::kGenerator:
      case Kind::kView:
      case Kind::kRange: {
        List* const list = copied_items(out_.memory(), object);
        return write_list(Object::of_list(list, Kind::kList, object.origin));
      }
      default: throw failure("a value of type '{}' cannot be written as JSON", type_name(object));
    }
  }

 private:
  void write_string(const Object& string, Origin quotes) {
    const Origin origin = either(quotes, origin_of(string));
    out_.append("\"", origin);
    std::size_t at = 0;
    const auto add = [&](std::size_t begin, std::size_t end, Origin part) {
      if (begin < end) {
        out_.append(json_string(view(string).substr(begin, end - begin), layout_.escape_non_ascii), part);
      }
    };
    for_each_data_range(string, [&](ByteRange range) {
      add(at, range.begin, Origin::kTemplate);
      add(range.begin, range.end, Origin::kContext);
      at = range.end;
    });
    add(at, string.size, Origin::kTemplate);
    out_.append("\"", origin);
  }

  void start_line(Origin origin) {
    if (!layout_.has_indent) return;
    out_.append("\n", origin);
    for (int i = 0; i < level_; ++i) out_.append(view(layout_.indent), either(origin, origin_of(layout_.indent)));
  }

  void separate(const Object& separator, Origin origin) {
    out_.append(view(separator), either(origin, origin_of(separator)));
  }

  void write_list(const Object& list) {
    if (list.list->count == 0) return out_.append("[]", list.origin);
    out_.append("[", list.origin);
    ++level_;
    for (std::size_t i = 0; i < list.list->count; ++i) {
      if (i != 0) separate(layout_.item_separator, list.origin);
      start_line(list.origin);
      write(list.list->items[i]);
    }
    --level_;
    start_line(list.origin);
    out_.append("]", list.origin);
  }

  void write_dict(const Object& dict) {
    if (dict.dict->count == 0) return out_.append("{}", dict.origin);
    std::vector<const DictEntry*> entries;
    for (const DictEntry& entry : dict.dict->span()) entries.push_back(&entry);
    if (layout_.sort_keys) {
      TemplateMemory& memory = out_.memory();
      merge_sort(entries, [&](const DictEntry* a, const DictEntry* b) { return less(memory, a->key, b->key); });
    }
    out_.append("{", dict.origin);
    ++level_;
    bool first = true;
    for (const DictEntry* entry : entries) {
      if (!first) separate(layout_.item_separator, dict.origin);
      first = false;
      start_line(dict.origin);
      write_key(entry->key, dict.origin);
      separate(layout_.key_separator, dict.origin);
      write(entry->value);
    }
    --level_;
    start_line(dict.origin);
    out_.append("}", dict.origin);
  }

  // Keys that are not strings are written as strings.
  void write_key(const Object& key, Origin origin) {
    if (key.is_string()) return write_string(key, origin);
    if (!key.is_number() && !key.is(Kind::kBigInteger) && !key.is(Kind::kNone)) {
      throw failure("a key of type '{}' cannot be written as JSON", type_name(key));
    }
    out_.append("\"", either(origin, key.origin));
    write(key);
    out_.append("\"", either(origin, key.origin));
  }

  TextBuilder& out_;
  const JsonLayout& layout_;
  int level_ = 0;
};

}  // namespace

void write_json(TextBuilder& out, const Object& object, const JsonLayout& layout) {
  JsonWriter(out, layout).write(object);
}

}  // namespace rocmforge::text::jinja
