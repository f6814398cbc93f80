#include "text/tokenizer.h"

#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/byte_pair.h"
#include "text/detokenizer.h"
#include "text/escaped_space.h"
#include "text/pretokenizers.h"
#include "text/rwkv.h"
#include "text/sentence_piece.h"
#include "text/special_finder.h"
#include "text/text_table.h"
#include "text/unigram.h"
#include "text/word_encoder.h"
#include "text/word_piece.h"

namespace rocmforge::text {
namespace {

// The special tokens that are added around a text.
struct Surroundings {
  bool bos = false;
  bool eos = false;
  bool separator = false;
  bool space_prefix = false;
};

Surroundings default_surroundings(VocabularyKind kind, const PreTokenizer* rules) {
  switch (kind) {
    case VocabularyKind::kBytePair: return {.bos = rules->add_bos, .separator = rules->add_separator};
    case VocabularyKind::kSentencePiece: return {.bos = true, .space_prefix = true};
    case VocabularyKind::kUnigram: return {.eos = true};
    case VocabularyKind::kWordPiece: return {.bos = true, .separator = true};
    case VocabularyKind::kRwkv: return {};
  }
  return {};
}

Surroundings read_surroundings(const gguf::Metadata& metadata, VocabularyKind kind, Surroundings defaults) {
  // The other kinds never add a space, whatever their file says.
  const bool has_prefix = kind == VocabularyKind::kSentencePiece || kind == VocabularyKind::kUnigram;
  return {
      .bos = metadata.get_or<bool>("tokenizer.ggml.add_bos_token", defaults.bos),
      .eos = metadata.get_or<bool>("tokenizer.ggml.add_eos_token", defaults.eos),
      .separator = metadata.get_or<bool>("tokenizer.ggml.add_sep_token", defaults.separator),
      .space_prefix = has_prefix && metadata.get_or<bool>("tokenizer.ggml.add_space_prefix", defaults.space_prefix)};
}

// Returns the pre-tokenizer of a byte-pair vocabulary, or nullptr for the other kinds, which have none.
const PreTokenizer* rules_for(const Vocabulary& vocabulary, const gguf::Metadata& metadata,
                              const TokenizerOptions& options) {
  if (vocabulary.kind() != VocabularyKind::kBytePair) return nullptr;
  std::string name = metadata.get_or<std::string>("tokenizer.ggml.pre", "default");
  if (vocabulary.model() == "gemma4" || vocabulary.model() == "whitespace") name = vocabulary.model();
  const bool told = !options.pre_tokenizer.empty();
  if (told) name = options.pre_tokenizer;
  if (const PreTokenizer* rules = find_pre_tokenizer(name)) return rules;

  std::vector<std::string_view> names;
  for (const PreTokenizer& known : pre_tokenizers()) names.push_back(known.name);
  const auto near = closest(name, names);
  throw Error(ErrorCode::kUnsupported,
              fmt::format("{} '{}' is not a pre-tokenizer that is known here{}",
                          told ? "--pre-tokenizer" : metadata.file() + ": 'tokenizer.ggml.pre'", printable(name),
                          near ? fmt::format(" (did you mean '{}'?)", *near) : ""),
              "`--pre-tokenizer NAME` forces one; known are " + fmt::format("{}", fmt::join(names, ", ")));
}

// Returns the bytes that each token adds to a text.
TextTable token_bytes(const Vocabulary& vocabulary, const PreTokenizer* rules) {
  std::size_t stored = 0;
  for (const std::string_view text : vocabulary.texts()) stored += text.size();
  TextTable bytes(vocabulary.size(), stored + vocabulary.size());
  const bool byte_alphabet = rules != nullptr && rules->split->byte_alphabet;
  const bool escapes_user_defined = vocabulary.kind() == VocabularyKind::kSentencePiece;
  std::string piece;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view text = vocabulary.text(id);
    const TokenType type = vocabulary.type(id);
    piece.clear();
    const auto byte = type == TokenType::kByte || !byte_alphabet ? hexadecimal_byte(text) : std::nullopt;
    if (vocabulary.is_control(id) || (type == TokenType::kUserDefined && !escapes_user_defined)) {
      piece = text;
    } else if (vocabulary.kind() == VocabularyKind::kRwkv) {
      piece = unescape_rwkv_token(text);
    } else if (byte && vocabulary.kind() != VocabularyKind::kWordPiece) {
      piece = static_cast<char>(*byte);
    } else if (!byte_alphabet) {
      append_unescaped(text, piece);
    } else if (!append_alphabet_bytes(text, piece)) {
      piece = text;
    }
    bytes.add(piece);
  }
  return bytes;
}

}  // namespace

struct Tokenizer::State {
  State(const gguf::Metadata& metadata, const TokenizerOptions& options)
      : vocabulary(metadata),
        rules(rules_for(vocabulary, metadata, options)),
        around(read_surroundings(metadata, vocabulary.kind(), default_surroundings(vocabulary.kind(), rules))),
        bytes(token_bytes(vocabulary, rules)),
        specials(vocabulary, metadata) {
    if (vocabulary.model() == "gemma4") around.bos = true;
    if (rules != nullptr && !rules->has_default_bos && !metadata.contains("tokenizer.ggml.bos_token_id")) {
      vocabulary.set_bos(kNoToken);
    }
    encoder = make_encoder(metadata);
  }

  std::unique_ptr<WordEncoder> make_encoder(const gguf::Metadata& metadata) const {
    switch (vocabulary.kind()) {
      case VocabularyKind::kBytePair: return std::make_unique<BytePairEncoder>(vocabulary, *rules, metadata);
      case VocabularyKind::kSentencePiece:
        return std::make_unique<SentencePieceEncoder>(vocabulary, around.space_prefix, metadata);
      case VocabularyKind::kUnigram: return std::make_unique<UnigramEncoder>(vocabulary, around.space_prefix, metadata);
      case VocabularyKind::kWordPiece: return std::make_unique<WordPieceEncoder>(vocabulary, metadata);
      case VocabularyKind::kRwkv: return std::make_unique<RwkvEncoder>(vocabulary);
    }
    return nullptr;
  }

  std::unique_ptr<EncodingSpace> take_space() {
    const std::lock_guard lock(mutex);
    if (spaces.empty()) return std::make_unique<EncodingSpace>();
    auto space = std::move(spaces.back());
    spaces.pop_back();
    return space;
  }

  void give_back(std::unique_ptr<EncodingSpace> space) {
    // Buffers that a text of many mebibytes needed are not kept, because such texts are rare.
    constexpr std::size_t kWorthKeeping = std::size_t{1} << 20;
    const std::lock_guard lock(mutex);
    use.words += space->words_seen;
    use.found += space->words_found;
    space->words_seen = space->words_found = 0;
    const std::size_t held = space->parts.capacity() * sizeof(Part) + space->normalized.capacity();
    if (held <= kWorthKeeping) spaces.push_back(std::move(space));
  }

  void encode_all(std::string_view text, const EncodeOptions& options, EncodingSpace& space,
                  std::vector<TokenId>& tokens) const;
  void encode_words(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const;
  void add_surroundings(AddSpecial add, std::vector<TokenId>& tokens) const;

  Vocabulary vocabulary;
  const PreTokenizer* rules;
  Surroundings around;
  TextTable bytes;
  SpecialFinder specials;
  std::unique_ptr<WordEncoder> encoder;

  mutable std::mutex mutex;  // guards the members below
  std::vector<std::unique_ptr<EncodingSpace>> spaces;
  CacheUse use;
};

Tokenizer::Tokenizer(const gguf::Metadata& metadata, const TokenizerOptions& options)
    : state_(std::make_unique<State>(metadata, options)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<TokenId> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kMostBytes) {
    throw error(ErrorCode::kTooLarge, "a text of {} is too long to tokenize at once, at most {} are taken",
                format_bytes(text.size()), format_bytes(kMostBytes));
  }
  std::vector<TokenId> tokens;
  auto space = state_->take_space();
  state_->encode_all(text, options, *space, tokens);
  state_->give_back(std::move(space));
  state_->add_surroundings(options.add_special, tokens);
  return tokens;
}

void Tokenizer::State::encode_all(std::string_view text, const EncodeOptions& options, EncodingSpace& space,
                                  std::vector<TokenId>& tokens) const {
  SpecialFinder::Walk walk(specials, text, options.parse_special, options.data);
  std::size_t at = 0;
  while (at < text.size()) {
    const auto found = walk.next(at);
    const std::size_t end = found ? found->range.begin : text.size();
    if (end > at) encode_words(text.substr(at, end - at), space, tokens);
    if (!found) break;
    tokens.push_back(found->token);
    at = found->range.end;
  }
}

void Tokenizer::State::encode_words(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const {
  if (is_valid_utf8(text)) {
    encoder->encode(text, space, tokens);
  } else {
    encoder->encode(replace_invalid_utf8(text), space, tokens);
  }
}

void Tokenizer::State::add_surroundings(AddSpecial add, std::vector<TokenId>& tokens) const {
  if (add == AddSpecial::kNo) return;
  const SpecialIds& special = vocabulary.special();
  const bool has_bos = add == AddSpecial::kPrompt && !tokens.empty() && tokens.front() == special.bos;
  if (around.bos && special.bos != kNoToken && !has_bos) tokens.insert(tokens.begin(), special.bos);
  if (add == AddSpecial::kPrompt) return;
  // In byte-pair vocabularies the separator is meant only for pairs of texts.
  const bool separates = around.separator && vocabulary.kind() == VocabularyKind::kWordPiece;
  if (separates && special.separator != kNoToken) tokens.push_back(special.separator);
  if (around.eos && special.eos != kNoToken) tokens.push_back(special.eos);
}

std::string Tokenizer::decode(std::span<const TokenId> tokens, bool special) const {
  Detokenizer detokenizer(*this, {.special = special});
  std::string text;
  for (const TokenId token : tokens) detokenizer.feed(token, text);
  detokenizer.finish(text);
  return text;
}

std::string_view Tokenizer::bytes(TokenId token) const { return state_->bytes[static_cast<std::size_t>(token)]; }
const Vocabulary& Tokenizer::vocabulary() const { return state_->vocabulary; }
bool Tokenizer::adds_space_prefix() const { return state_->around.space_prefix; }

Tokenizer::CacheUse Tokenizer::cache_use() const {
  const std::lock_guard lock(state_->mutex);
  return state_->use;
}

}  // namespace rocmforge::text
