// Records, during parsing, which variables each scope of a template declares.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rocmforge::text::jinja {

// The place of a variable: the number of frames outwards, and the slot in that frame.
struct VariablePlace {
  std::uint32_t frames_out;
  std::uint32_t slot;
};

// The scope of the body of a loop, a macro or another scoped block. `if` has no scope of its own.
struct Scope {
  Scope* outer = nullptr;
  bool is_macro = false;
  // Whether something made in this scope can refer to its frame later, in which case each pass of a loop needs its own
  // frame.
  bool is_captured = false;
  std::unordered_map<std::string, std::uint32_t> slots;

  // Declares a name in this scope and returns its slot.
  std::uint32_t declare(std::string_view name);
  // Returns the slot of a name, or -1 if the scope does not declare it.
  std::int64_t find(std::string_view name) const;
  std::uint32_t size() const { return static_cast<std::uint32_t>(slots.size()); }
};

}  // namespace rocmforge::text::jinja
