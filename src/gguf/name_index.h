// Finds names by their text, and names that come twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace rocmforge::gguf {

// Numbers names in the order in which they are added. The names' characters must outlive it.
class NameIndex {
 public:
  void add(std::string_view name);

  // After the last add(), before the first find(). Answers a name that was added twice, if there is one.
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
