// An index that finds names by their text, and finds duplicates.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace rocmforge::gguf {

// Numbers names in the order in which they are added. The names' characters must outlive the index.
class NameIndex {
 public:
  void add(std::string_view name);

  // Must be called after the last add() and before the first find(). Returns a name that was added twice, if any.
  std::optional<std::string_view> sort();

  std::optional<std::size_t> find(std::string_view name) const;

 private:
  struct Entry {
    std::size_t hash;
    std::string_view name;
    std::uint32_t number;
  };
  static bool comes_before(const Entry& a, const Entry& b);

  std::vector<Entry> entries_;
};

}  // namespace rocmforge::gguf
