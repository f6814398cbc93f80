// A value that the host passes to a template, with its origin and the memory that holds it.
//
// Cheap to copy. Any number of renders may read one at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace rocmforge::text::jinja {

// Who wrote a text. A template's author may write special tokens; a user's text may only look like them.
enum class Origin : std::uint8_t { kTemplate, kContext };

class TemplateMemory;
struct Object;

class Value {
 public:
  Value();  // an empty dictionary
  static Value list(std::span<const Value> items);
  static Value truth(bool truth);
  Value(std::shared_ptr<const TemplateMemory> memory, const Object& object);

  // Adds an entry to a dictionary, or replaces it. Earlier copies of this value do not see the change. Throws Error if
  // this is not a dictionary.
  void set(std::string_view name, const Value& value);

  const Object& object() const { return *object_; }

 private:
  std::shared_ptr<const TemplateMemory> memory_;
  std::shared_ptr<const Object> object_;
};

}  // namespace rocmforge::text::jinja
