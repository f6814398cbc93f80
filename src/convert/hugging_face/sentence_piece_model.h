// Parses tokenizer.model, SentencePiece's protocol buffer, as far as a tokenizer needs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::convert {

struct SentencePieceModel {
  struct Piece {
    std::string text;
    float score = 0;
    std::int32_t type = 1;  // numbered as in GGUF files
  };
  std::vector<Piece> pieces;
  bool is_unigram = true;
  bool adds_space_prefix = true;
  bool removes_extra_spaces = true;
  std::string charsmap;
};

// Throws Error, which names the file and the place, if the message is truncated or malformed.
SentencePieceModel parse_sentence_piece_model(std::string_view bytes, std::string_view path);

}  // namespace rocmforge::convert
