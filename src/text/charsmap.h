// SentencePiece's precompiled table of replacements, by which it normalizes text: a uint32 with the byte length of a
// double array (of the Darts library's form), that array, then the replacements, each ended by a NUL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

class Charsmap {
 public:
  // No replacements.
  Charsmap() = default;

  // An Error, which names the file, when the lengths do not fit together.
  Charsmap(std::string_view blob, const std::string& file);

  struct Replacement {
    std::size_t length = 0;  // bytes of the text that it stands for; 0: the table has none
    std::string_view text;
  };

  // For the longest beginning of `text` that the table knows.
  Replacement find(std::string_view text) const;

 private:
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace rocmforge::text
