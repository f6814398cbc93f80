#include "text/byte_pair.h"

#include <deque>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/escaped_space.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";
constexpr Symbol kNoSymbol = UINT32_MAX;

// Numbers texts: first those of the vocabulary, then those that only merges and single bytes have.
class SymbolTable {
 public:
  SymbolTable(const Vocabulary& vocabulary, std::size_t most_more) : vocabulary_(vocabulary), more_index_(most_more) {
    more_.reserve(most_more);
  }

  // Returns the symbol of `text`, or kNoSymbol if it is a control token, which no text may become. `text` is copied if
  // it is new.
  Symbol of(std::string_view text) {
    const TokenId id = vocabulary_.find(text);
    if (id != kNoToken) return vocabulary_.is_control(id) ? kNoSymbol : static_cast<Symbol>(id);
    if (const auto found = more_index_.find(more_, text)) return offset() + *found;
    more_.push_back(kept_.emplace_back(text));
    more_index_.add(more_, static_cast<std::uint32_t>(more_.size() - 1));
    return offset() + static_cast<Symbol>(more_.size() - 1);
  }

 private:
  Symbol offset() const { return static_cast<Symbol>(vocabulary_.size()); }

  const Vocabulary& vocabulary_;
  std::deque<std::string> kept_;
  std::vector<std::string_view> more_;
  StringIndex more_index_;
};

}  // namespace

BytePairEncoder::BytePairEncoder(const Vocabulary& vocabulary, const PreTokenizer& rules,
                                 const gguf::Metadata& metadata)
    : vocabulary_(vocabulary), rules_(rules), splitter_(*rules.split) {
  read_merges(metadata);
  if (rules_.ignore_merges) index_whole_words();
}

void BytePairEncoder::read_merges(const gguf::Metadata& metadata) {
  const auto merges =
      metadata.find<std::vector<std::string_view>>(kMergesKey).value_or(std::vector<std::string_view>());
  merges_ = PairTable(merges.size());
  SymbolTable symbols(vocabulary_, 3 * merges.size() + 256);
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<unsigned char>(byte);
    byte_symbols_[byte] = symbols.of(alphabet_character(value));
    const TokenId token =
        rules_.split->byte_alphabet ? vocabulary_.find(alphabet_character(value)) : vocabulary_.byte_token(value);
    const bool is_usable = token != kNoToken && !vocabulary_.is_control(token);
    byte_tokens_[byte] = is_usable ? token : unknown_token();
  }
  std::string joined;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    // A space separates the two parts. It is searched from position 1 because the first part may itself begin with a
    // space.
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      throw error(ErrorCode::kMalformed, "{}: '{}': entry {} is '{}', expected two parts separated by a space",
                  metadata.file(), kMergesKey, rank, printable(merge));
    }
    const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
    joined.assign(left).append(right);
    const Symbol left_symbol = symbols.of(left), right_symbol = symbols.of(right);
    const Symbol result_symbol = symbols.of(joined);
    if (left_symbol == kNoSymbol || right_symbol == kNoSymbol || result_symbol == kNoSymbol) continue;
    merges_.add(left_symbol, right_symbol, {static_cast<std::uint32_t>(rank), result_symbol});
  }
}

// Returns the token for bytes that the vocabulary lacks; some vocabularies lack bytes that do not occur in valid UTF-8.
// Some files name an ordinary control token here, which no text may become.
TokenId BytePairEncoder::unknown_token() const {
  const TokenId unknown = vocabulary_.special().unknown;
  return unknown != kNoToken && vocabulary_.type(unknown) == TokenType::kUnknown ? unknown : kNoToken;
}

void BytePairEncoder::index_whole_words() {
  std::size_t bytes = 0;
  for (const std::string_view text : vocabulary_.texts()) bytes += text.size();
  words_ = TextTable(vocabulary_.size(), bytes);
  word_index_ = StringIndex(vocabulary_.size());
  std::string decoded;
  for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    decoded.clear();
    const bool decodable = !rules_.split->byte_alphabet || append_alphabet_bytes(vocabulary_.text(id), decoded);
    if (vocabulary_.is_control(id) || !decodable) continue;
    words_.add(rules_.split->byte_alphabet ? std::string_view(decoded) : vocabulary_.text(id));
    word_tokens_.push_back(id);
    word_index_.add(words_.texts(), static_cast<std::uint32_t>(words_.size() - 1));
  }
}

void BytePairEncoder::encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const {
  if (rules_.escape_whitespaces) {
    space.normalized.clear();
    append_escaped(text, space.normalized);
    text = space.normalized;
  }
  splitter_.split(text, space.matching, [&](std::string_view piece) { encode_piece(piece, space, tokens); });
}

void BytePairEncoder::encode_piece(std::string_view piece, EncodingSpace& space, std::vector<TokenId>& tokens) const {
  space.encode_cached(piece, tokens, [&] {
    const auto whole = rules_.ignore_merges ? word_index_.find(words_.texts(), piece) : std::optional<std::uint32_t>();
    if (whole) {
      tokens.push_back(word_tokens_[*whole]);
    } else {
      merge_piece(piece, space, tokens);
    }
  });
}

Symbol BytePairEncoder::character_symbol(std::string_view character) const {
  const TokenId id = vocabulary_.find(character);
  return id == kNoToken || vocabulary_.is_control(id) ? kNoSymbol : static_cast<Symbol>(id);
}

void BytePairEncoder::merge_piece(std::string_view piece, EncodingSpace& space, std::vector<TokenId>& tokens) const {
  // Positions fit 32 bits because of Tokenizer::kMostBytes.
  space.parts.clear();
  for (std::uint32_t at = 0; at < piece.size();) {
    const bool bytes = rules_.split->byte_alphabet;
    const auto size = bytes ? 1u : static_cast<std::uint32_t>(first_code_point(piece.substr(at)).length);
    const Symbol symbol =
        bytes ? byte_symbols_[static_cast<unsigned char>(piece[at])] : character_symbol(piece.substr(at, size));
    space.parts.push_back({symbol, at, size});
    at += size;
  }
  space.merger.merge(space.parts,
                     [this](const Part& left, const Part& right) { return merges_.find(left.symbol, right.symbol); });
  for (const Part& part : space.parts) append_symbol(part.symbol, piece.substr(part.begin, part.size), tokens);
}

void BytePairEncoder::append_symbol(Symbol symbol, std::string_view text, std::vector<TokenId>& tokens) const {
  if (is_token(symbol)) {
    tokens.push_back(static_cast<TokenId>(symbol));
    return;
  }
  for (const char c : text) {
    const TokenId token = byte_tokens_[static_cast<unsigned char>(c)];
    if (token != kNoToken) tokens.push_back(token);
  }
}

}  // namespace rocmforge::text
