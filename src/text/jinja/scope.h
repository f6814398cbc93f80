// Which variables a part of a template has of its own, found out while it is parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rocmforge::text::jinja {

// A variable in a frame: so many frames outwards, in this slot.
struct VariablePlace {
  std::uint32_t frames_out;
  std::uint32_t slot;
};

// The body of a loop, a macro and so on; `if` has none of its own.
struct Scope {
  Scope* outer = nullptr;
  bool is_macro = false;
  // Whether something made in this scope may see its frame later, so that each pass of a loop needs a frame of its own.
  bool is_captured = false;
  std::unordered_map<std::string, std::uint32_t> slots;

  // The slot of a name, which the scope has from now on.
  std::uint32_t declare(std::string_view name);
  // -1: none.
  std::int64_t find(std::string_view name) const;
  std::uint32_t size() const { return static_cast<std::uint32_t>(slots.size()); }
};

}  // namespace rocmforge::text::jinja
