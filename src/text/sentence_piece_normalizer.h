// Normalizes text as SentencePiece does before it looks for tokens: replaces characters by the model's table, puts a
// space in front, removes superfluous spaces if the model asks for it, and writes each space as U+2581.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "gguf/metadata.h"
#include "text/charsmap.h"

namespace rocmforge::text {

class SentencePieceNormalizer {
 public:
  SentencePieceNormalizer(bool add_space_prefix, const gguf::Metadata& metadata);

  // Overwrites `normalized` with the normalized text.
  void normalize(std::string_view text, std::string& normalized) const;

 private:
  std::pair<std::string_view, std::size_t> normalize_prefix(std::string_view text) const;

  bool add_space_prefix_;
  bool remove_extra_whitespaces_;
  Charsmap charsmap_;
};

}  // namespace rocmforge::text
