#include "text/detokenizer.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/utf8.h"

namespace rocmforge::text {
namespace {

struct Cleaning {
  std::string_view written;
  std::string_view meant;
};

// WordPiece separates every punctuation mark by a space; these replacements restore English spacing.
constexpr std::array kCleanings = std::to_array<Cleaning>({
    {" .", "."},
    {" ?", "?"},
    {" !", "!"},
    {" ,", ","},
    {" ' ", "'"},
    {" n't", "n't"},
    {" 'm", "'m"},
    {" 's", "'s"},
    {" 've", "'ve"},
    {" 're", "'re"},
});

}  // namespace

Detokenizer::Detokenizer(const Tokenizer& tokenizer, const DetokenizerOptions& options)
    : tokenizer_(tokenizer),
      options_(options),
      cleans_spaces_(tokenizer.vocabulary().kind() == VocabularyKind::kWordPiece) {
  begin();
}

void Detokenizer::begin() {
  strips_space_ = options_.at_beginning && (cleans_spaces_ || tokenizer_.adds_space_prefix());
}

void Detokenizer::feed(TokenId token, std::string& text) {
  const Vocabulary& vocabulary = tokenizer_.vocabulary();
  if (!vocabulary.contains(token)) {
    throw error(ErrorCode::kMalformed, "token {} is none of the vocabulary's {}", token, vocabulary.size());
  }
  const bool control = vocabulary.is_control(token);
  const bool special = control || vocabulary.type(token) == TokenType::kUserDefined;
  const bool printed = !control || options_.special || std::ranges::binary_search(options_.printed, token);
  if (printed) {
    std::string_view bytes = tokenizer_.bytes(token);
    if (strips_space_ && !special && bytes.starts_with(' ')) bytes.remove_prefix(1);
    add(bytes, text);
  }
  if (cleans_spaces_) {
    strips_space_ = strips_space_ && !printed;
  } else {
    strips_space_ = special && tokenizer_.adds_space_prefix();
  }
}

void Detokenizer::add(std::string_view bytes, std::string& text) {
  pending_ += bytes;
  if (!cleans_spaces_) {
    take_utf8(pending_, text);
    return;
  }
  take_utf8(pending_, held_);
  clean(text, false);
}

// Moves the part of held_ that can no longer change to the text.
void Detokenizer::clean(std::string& text, bool at_end) {
  std::string_view rest = held_;
  while (!rest.empty()) {
    const auto fits = [&](const Cleaning& cleaning) { return rest.starts_with(cleaning.written); };
    const auto may_fit = [&](const Cleaning& cleaning) { return cleaning.written.starts_with(rest); };
    const auto cleaning = std::find_if(kCleanings.begin(), kCleanings.end(), fits);
    if (cleaning != kCleanings.end()) {
      text += cleaning->meant;
      rest.remove_prefix(cleaning->written.size());
      continue;
    }
    if (!at_end && std::any_of(kCleanings.begin(), kCleanings.end(), may_fit)) break;
    text += rest.front();
    rest.remove_prefix(1);
  }
  held_.erase(0, held_.size() - rest.size());
}

void Detokenizer::finish(std::string& text) {
  const std::string rest = replace_invalid_utf8(pending_);
  pending_.clear();
  if (cleans_spaces_) {
    held_ += rest;
    clean(text, true);
  } else {
    text += rest;
  }
  begin();
}

}  // namespace rocmforge::text
