// What the declared schemas say of the tools' parameters, for forms whose arguments are not JSON: which text stands for
// a string and which for something else.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/json.h"
#include "text/chat/reply.h"

namespace rocmforge::text {

// The kinds of JSON values that a schema allows, as a set of bits.
using ValueKinds = unsigned;
inline constexpr ValueKinds kStringKind = 1;
inline constexpr ValueKinds kNumberKind = 2;
inline constexpr ValueKinds kBooleanKind = 4;
inline constexpr ValueKinds kNullKind = 8;
inline constexpr ValueKinds kObjectKind = 16;
inline constexpr ValueKinds kArrayKind = 32;
inline constexpr ValueKinds kAnyKind = 63;

// A schema, or a null pointer where nothing is known.
using SchemaView = const nlohmann::json*;

ValueKinds kinds_of(SchemaView schema);
SchemaView property_of(SchemaView schema, std::string_view name);
SchemaView items_of(SchemaView schema);

class ToolSchemas {
 public:
  // A schema that is not JSON is an Error.
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

// The JSON for a parameter's text. Where only strings are allowed, the text is one as it stands. Elsewhere it is JSON
// if it reads as JSON, or as Python writes a value, of an allowed kind and no deeper than `levels`, and else a string.
std::string argument_json(std::string_view text, ValueKinds allowed, int levels = kJsonMaxDepth - 1);

}  // namespace rocmforge::text
