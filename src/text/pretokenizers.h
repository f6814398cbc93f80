// How a byte-pair vocabulary wants its text cut before it merges: the names that `tokenizer.ggml.pre` may have, with
// their patterns and defaults.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rocmforge::text {

// One cut of every piece that the steps before left: each match becomes a piece, and so does what lies between.
struct SplitStep {
  std::string_view pattern;

  // The same cut written by hand, for the patterns that most models share: the end of the piece that begins at `at`.
  // What the pattern leaves unmatched is a piece here too.
  std::size_t (*scan)(std::string_view text, std::size_t at) = nullptr;

  // In place of a pattern: runs of numbers in threes counted from their right end, so that a shorter piece comes first.
  bool triplets_from_the_right = false;
};

// A way of cutting; several names share one.
struct SplitKind {
  std::span<const SplitStep> steps;

  // Whether the bytes of a piece are written in GPT-2's alphabet. Otherwise merges work on characters, and what is
  // unknown becomes <0xXX> tokens.
  bool byte_alphabet = true;
};

struct PreTokenizer {
  std::string_view name;
  const SplitKind* split;

  // What holds where the file says nothing.
  bool add_bos = false;
  bool add_separator = false;
  bool escape_whitespaces = false;  // spaces become U+2581 first
  bool ignore_merges = false;       // a piece that is a token as a whole is that token
  bool has_default_bos = true;
};

// All there are, by name.
std::span<const PreTokenizer> pre_tokenizers();

// nullptr when there is none of that name.
const PreTokenizer* find_pre_tokenizer(std::string_view name);

}  // namespace rocmforge::text
