// Stores many short texts in one block of memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

// Memory is reserved once, by the constructor. Views of the texts stay valid unless more texts or bytes are added than
// were reserved.
class TextTable {
 public:
  TextTable() = default;
  TextTable(std::size_t count, std::size_t bytes) {
    texts_.reserve(count);
    bytes_.reserve(bytes);
  }
  TextTable(const TextTable&) = delete;
  TextTable& operator=(const TextTable&) = delete;
  TextTable(TextTable&&) = default;
  TextTable& operator=(TextTable&&) = default;

  void add(std::string_view text) {
    const std::size_t at = bytes_.size();
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    texts_.emplace_back(bytes_.data() + at, text.size());
  }

  std::size_t size() const { return texts_.size(); }
  std::string_view operator[](std::size_t number) const { return texts_[number]; }
  std::span<const std::string_view> texts() const { return texts_; }

 private:
  std::vector<char> bytes_;
  std::vector<std::string_view> texts_;
};

}  // namespace rocmforge::text
