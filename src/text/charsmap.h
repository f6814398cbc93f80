// Reads SentencePiece's precompiled table of replacements, which it uses to normalize text. The format is a uint32 with
// the byte length of a double array (as in the Darts library), the array, and the replacements, each ended by a NUL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

class Charsmap {
 public:
  // Makes a table without replacements.
  Charsmap() = default;

  // Throws Error, which names the file, if the lengths do not fit together.
  Charsmap(std::string_view blob, const std::string& file);

  struct Replacement {
    std::size_t length = 0;  // bytes of the text that it replaces; 0 means that nothing matched
    std::string_view text;
  };

  // Returns the replacement of the longest prefix of `text` that the table holds.
  Replacement find(std::string_view text) const;

 private:
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace rocmforge::text
