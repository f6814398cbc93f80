#include "text/jinja/from_json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/dict.h"
#include "text/jinja/template_memory.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
namespace {

using Json = nlohmann::ordered_json;

class Reader {
 public:
  Reader(TemplateMemory& memory, Origin origin) : memory_(memory), origin_(origin) {}

  Object read(const Json& json, int depth) {
    if (depth > kJsonMaxDepth) {
      throw error(ErrorCode::kTooLarge, "JSON nested deeper than {} levels", kJsonMaxDepth);
    }
    switch (json.type()) {
      case Json::value_t::boolean: return Object::boolean(json.get<bool>(), origin_);
      case Json::value_t::number_integer: return Object::of_integer(json.get<std::int64_t>(), origin_);
      case Json::value_t::number_unsigned: return unsigned_number(json.get<std::uint64_t>());
      case Json::value_t::number_float: return Object::of_float(json.get<double>(), origin_);
      case Json::value_t::string: return text(json.get_ref<const std::string&>());
      case Json::value_t::array: return list(json, depth);
      case Json::value_t::object: return dict(json, depth);
      default: return Object::none(origin_);
    }
  }

 private:
  Object text(const std::string& text) {
    if (text.size() > memory_.limits().text_bytes)
      throw error(ErrorCode::kTooLarge, "the JSON holds a text of {} bytes, expected at most {}", text.size(),
                  memory_.limits().text_bytes);
    return make_text(memory_, is_valid_utf8(text) ? text : replace_invalid_utf8(text), origin_);
  }

  Object unsigned_number(std::uint64_t number) {
    if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return Object::of_integer(static_cast<std::int64_t>(number), origin_);
    }
    Object digits = make_text(memory_, std::to_string(number), origin_);
    digits.kind = Kind::kBigInteger;
    digits.origin = origin_;
    return digits;
  }

  Object list(const Json& json, int depth) {
    List* const list = make_list(memory_, json.size());
    for (const Json& item : json) append(memory_, *list, read(item, depth + 1));
    return Object::of_list(list, Kind::kList, origin_);
  }

  Object dict(const Json& json, int depth) {
    Dict* const dict = make_dict(memory_, json.size());
    for (const auto& [key, value] : json.items()) insert(memory_, *dict, text(key), read(value, depth + 1));
    return Object::of_dict(dict, origin_);
  }

  TemplateMemory& memory_;
  Origin origin_;
};

}  // namespace

Value from_json(const nlohmann::ordered_json& json, Origin origin) {
  const auto memory = std::make_shared<TemplateMemory>(TemplateMemory::unlimited());
  const Object object = Reader(*memory, origin).read(json, 0);
  return {memory, object};
}

}  // namespace rocmforge::text::jinja
