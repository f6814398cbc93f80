#include "text/jinja/scope.h"

namespace rocmforge::text::jinja {

std::uint32_t Scope::declare(std::string_view name) {
  return slots.try_emplace(std::string(name), size()).first->second;
}

std::int64_t Scope::find(std::string_view name) const {
  const auto found = slots.find(std::string(name));
  return found == slots.end() ? -1 : std::int64_t{found->second};
}

}  // namespace rocmforge::text::jinja
