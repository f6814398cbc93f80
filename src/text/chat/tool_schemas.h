// Answers questions about the parameter schemas of the declared tools, for forms whose arguments are not JSON: whether
// a text stands for a string or for another value.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/json.h"
#include "text/chat/reply.h"

namespace rocmforge::text {

// The set of kinds of JSON values that a schema allows, as bits.
using ValueKinds = unsigned;
inline constexpr ValueKinds kStringKind = 1;
inline constexpr ValueKinds kNumberKind = 2;
inline constexpr ValueKinds kBooleanKind = 4;
inline constexpr ValueKinds kNullKind = 8;
inline constexpr ValueKinds kObjectKind = 16;
inline constexpr ValueKinds kArrayKind = 32;
inline constexpr ValueKinds kAnyKind = 63;

// A schema, or nullptr if nothing is known.
using SchemaView = const nlohmann::json*;

ValueKinds kinds_of(SchemaView schema);
SchemaView property_of(SchemaView schema, std::string_view name);
SchemaView items_of(SchemaView schema);

class ToolSchemas {
 public:
  // Throws Error if a schema is not JSON.
  explicit ToolSchemas(const std::vector<ToolDeclaration>& tools);
  ~ToolSchemas();

  bool declares(std::string_view tool) const;
  SchemaView parameters(std::string_view tool) const;
  SchemaView parameter(std::string_view tool, std::string_view name) const {
    return property_of(parameters(tool), name);
  }

 private:
  struct Tool;
  std::vector<Tool> tools_;
};

// Returns a parameter's text as JSON. If only strings are allowed, the text is a string as it stands. Otherwise, if it
// parses as JSON or as a Python literal of an allowed kind and is nested no deeper than `levels`, it is that value;
// else it is a string.
std::string argument_json(std::string_view text, ValueKinds allowed, int levels = kJsonMaxDepth - 1);

}  // namespace rocmforge::text
