// What a host hands to a template: a value, where it comes from, and the memory that holds it.
//
// Immutable and cheap to copy; any number of renders may read one at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace rocmforge::text::jinja {

// Whose text something is. What a template's author wrote may hold special tokens; what a user wrote may only look
// like them.
enum class Origin : std::uint8_t { kTemplate, kContext };

class Workspace;
struct Object;

class Value {
 public:
  Value();  // an empty dictionary
  static Value list(std::span<const Value> items);
  static Value truth(bool truth);
  Value(std::shared_ptr<const Workspace> memory, const Object& object);

  // Puts an entry into a dictionary, or another in its place. Copies of this value from before do not see it. An Error
  // where this is no dictionary.
  void set(std::string_view name, const Value& value);

  const Object& object() const { return *object_; }

 private:
  std::shared_ptr<const Workspace> memory_;
  std::shared_ptr<const Object> object_;
};

}  // namespace rocmforge::text::jinja
