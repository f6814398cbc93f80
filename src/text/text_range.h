// A range of a text, in bytes.
#pragma once

#include <cstddef>

namespace rocmforge::text {

struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;  // one past the last byte

  std::size_t size() const { return end - begin; }
  bool operator==(const TextRange&) const = default;
};

}  // namespace rocmforge::text
