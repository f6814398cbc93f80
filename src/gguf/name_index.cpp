#include "gguf/name_index.h"

#include <algorithm>
#include <functional>

namespace rocmforge::gguf {

// Compares hashes first, so that sorting rarely reads the names, then names, so that names made to collide cost no more
// than sorting them.
bool NameIndex::comes_before(const Entry& a, const Entry& b) {
  return a.hash != b.hash ? a.hash < b.hash : a.name < b.name;
}

void NameIndex::add(std::string_view name) {
  entries_.push_back({std::hash<std::string_view>()(name), name, static_cast<std::uint32_t>(entries_.size())});
}

std::optional<std::string_view> NameIndex::sort() {
  std::sort(entries_.begin(), entries_.end(), comes_before);
  const auto same = [](const Entry& a, const Entry& b) { return a.hash == b.hash && a.name == b.name; };
  const auto twice = std::adjacent_find(entries_.begin(), entries_.end(), same);
  if (twice == entries_.end()) return std::nullopt;
  return twice->name;
}

std::optional<std::size_t> NameIndex::find(std::string_view name) const {
  const Entry wanted{std::hash<std::string_view>()(name), name, 0};
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), wanted, comes_before);
  if (at == entries_.end() || at->hash != wanted.hash || at->name != name) return std::nullopt;
  return at->number;
}

}  // namespace rocmforge::gguf
