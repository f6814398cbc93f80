// Describes how byte-pair vocabularies cut text into pieces before merging: the values that `tokenizer.ggml.pre` may
// have, with their patterns and defaults.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rocmforge::text {

// One splitting step. It is applied to every piece that the previous steps produced; each match becomes a piece, and so
// does the text between matches.
struct SplitStep {
  std::string_view pattern;

  // A hand-written equivalent of the pattern, for the patterns that most models share. Returns the end of the piece
  // that begins at `at`. Text that the pattern does not match is a piece here too.
  std::size_t (*scan)(std::string_view text, std::size_t at) = nullptr;

  // Used instead of a pattern: splits runs of digits into groups of three counted from the right, so that a shorter
  // group comes first.
  bool triplets_from_the_right = false;
};

// A sequence of splitting steps. Several pre-tokenizer names may share one.
struct SplitKind {
  std::span<const SplitStep> steps;

  // Whether the bytes of a piece are written in GPT-2's alphabet. If not, merges work on characters, and unknown
  // characters become <0xXX> tokens.
  bool byte_alphabet = true;
};

// A pre-tokenizer by name, with the defaults that hold if the file has no key for them.
struct PreTokenizer {
  std::string_view name;
  const SplitKind* split;

  bool add_bos = false;
  bool add_separator = false;
  bool escape_whitespaces = false;  // spaces become U+2581 before merging
  bool ignore_merges = false;       // a piece that is a token as a whole becomes that token without merging
  bool has_default_bos = true;
};

// Returns all pre-tokenizers, sorted by name.
std::span<const PreTokenizer> pre_tokenizers();

// Returns nullptr if there is no pre-tokenizer of that name.
const PreTokenizer* find_pre_tokenizer(std::string_view name);

}  // namespace rocmforge::text
