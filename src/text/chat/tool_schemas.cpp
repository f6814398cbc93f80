#include "text/chat/tool_schemas.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "text/chat/byte_stream.h"
#include "text/chat/json_scanner.h"
#include "text/chat/python_literal.h"

namespace rocmforge::text {
namespace {

using nlohmann::json;

constexpr int kAlternativesDepth = 8;  // of nested anyOf

ValueKinds kind_named(const json& type) {
  if (!type.is_string()) return kAnyKind;
  const std::string& name = type.get_ref<const std::string&>();
  if (name == "string") return kStringKind;
  if (name == "number" || name == "integer") return kNumberKind;
  if (name == "boolean") return kBooleanKind;
  if (name == "null") return kNullKind;
  if (name == "object") return kObjectKind;
  return name == "array" ? kArrayKind : kAnyKind;
}

ValueKinds kind_of_value(const json& value) {
  if (value.is_string()) return kStringKind;
  if (value.is_number()) return kNumberKind;
  if (value.is_boolean()) return kBooleanKind;
  if (value.is_object()) return kObjectKind;
  return value.is_array() ? kArrayKind : kNullKind;
}

ValueKinds kinds_within(const json& schema, int depth) {
  if (!schema.is_object() || depth == 0) return kAnyKind;
  ValueKinds kinds = 0;
  if (const auto type = schema.find("type"); type != schema.end()) {
    if (!type->is_array()) {
      kinds = kind_named(*type);
    } else {
      for (const json& one : *type) kinds |= kind_named(one);
    }
    if (schema.contains("nullable") && schema["nullable"] == true) kinds |= kNullKind;
    return kinds;
  }
  if (const auto constant = schema.find("const"); constant != schema.end()) return kind_of_value(*constant);
  if (const auto values = schema.find("enum"); values != schema.end() && values->is_array()) {
    for (const json& value : *values) kinds |= kind_of_value(value);
  }
  for (const char* keyword : {"anyOf", "oneOf"}) {
    const auto alternatives = schema.find(keyword);
    if (alternatives == schema.end() || !alternatives->is_array()) continue;
    for (const json& alternative : *alternatives) kinds |= kinds_within(alternative, depth - 1);
  }
  return kinds == 0 ? kAnyKind : kinds;
}

// Returns the kind of a JSON value, which its first byte determines.
ValueKinds kind_of_json(std::string_view value) {
  switch (value.front()) {
    case '"': return kStringKind;
    case '{': return kObjectKind;
    case '[': return kArrayKind;
    case 't':
    case 'f': return kBooleanKind;
    case 'n': return kNullKind;
    default: return kNumberKind;
  }
}

}  // namespace

struct ToolSchemas::Tool {
  std::string name;
  json parameters;
};

ToolSchemas::ToolSchemas(const std::vector<ToolDeclaration>& tools) {
  for (const ToolDeclaration& tool : tools) {
    const std::string what = "parameters of the tool '" + tool.name + "'";
    tools_.push_back({tool.name, tool.parameters.empty() ? json() : parse_json(tool.parameters, what)});
  }
}

ToolSchemas::~ToolSchemas() = default;

bool ToolSchemas::declares(std::string_view tool) const {
  return std::ranges::find(tools_, tool, &Tool::name) != tools_.end();
}

SchemaView ToolSchemas::parameters(std::string_view tool) const {
  const auto found = std::ranges::find(tools_, tool, &Tool::name);
  return found == tools_.end() ? nullptr : &found->parameters;
}

ValueKinds kinds_of(SchemaView schema) {
  return schema == nullptr ? kAnyKind : kinds_within(*schema, kAlternativesDepth);
}

SchemaView property_of(SchemaView schema, std::string_view name) {
  if (schema == nullptr || !schema->is_object()) return nullptr;
  if (const auto properties = schema->find("properties"); properties != schema->end() && properties->is_object()) {
    if (const auto found = properties->find(name); found != properties->end()) return &*found;
  }
  const auto additional = schema->find("additionalProperties");
  return additional == schema->end() ? nullptr : &*additional;
}

SchemaView items_of(SchemaView schema) {
  if (schema == nullptr || !schema->is_object()) return nullptr;
  const auto items = schema->find("items");
  return items == schema->end() ? nullptr : &*items;
}

std::string argument_json(std::string_view text, ValueKinds allowed, int levels) {
  if (allowed == kStringKind) return json_string_literal(text);
  const std::string_view value = trimmed(text);
  std::optional<std::string> json = read_json(value, levels);
  const bool is_json = json.has_value();
  if (!json) json = python_literal_as_json(value, levels);
  if (!json) return json_string_literal(text);
  const ValueKinds kind = kind_of_json(*json);
  // The forms write strings without quotes, so a text in quotes is a string that contains quotes.
  if (kind != kStringKind && (kind & allowed) != 0) return *json;
  return is_json && (allowed & kStringKind) == 0 ? *json : json_string_literal(text);
}

}  // namespace rocmforge::text
