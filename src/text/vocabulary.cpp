#include "text/vocabulary.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace rocmforge::text {
namespace {

struct TokenizerKind {
  std::string_view name;
  VocabularyKind kind;
  SpecialIds defaults;
};

// The supported values of `tokenizer.ggml.model`, with the ids that hold if the file gives none.
constexpr std::array kTokenizerKinds = std::to_array<TokenizerKind>({
    {"gpt2", VocabularyKind::kBytePair, {.bos = 11, .eos = 11}},
    {"gemma4", VocabularyKind::kBytePair, {}},
    {"whitespace", VocabularyKind::kBytePair, {.bos = 11, .eos = 11}},
    {"llama", VocabularyKind::kSentencePiece, {.bos = 1, .eos = 2, .unknown = 0}},
    {"t5", VocabularyKind::kUnigram, {.eos = 1, .unknown = 2, .padding = 0}},
    {"bert", VocabularyKind::kWordPiece, {.bos = 101, .unknown = 100, .separator = 102, .padding = 0, .mask = 103}},
    {"rwkv", VocabularyKind::kRwkv, {}},
});

struct IdKey {
  std::string_view name;  // after "tokenizer.ggml."
  TokenId SpecialIds::* id;
};

// The older names of the fill-in-the-middle tokens come last, so that they win if a file has both.
constexpr std::array kIdKeys = std::to_array<IdKey>({
    {"bos_token_id", &SpecialIds::bos},
    {"eos_token_id", &SpecialIds::eos},
    {"eot_token_id", &SpecialIds::end_of_turn},
    {"eom_token_id", &SpecialIds::end_of_message},
    {"unknown_token_id", &SpecialIds::unknown},
    {"seperator_token_id", &SpecialIds::separator},  // the format spells the key this way
    {"padding_token_id", &SpecialIds::padding},
    {"mask_token_id", &SpecialIds::mask},
    {"fim_pre_token_id", &SpecialIds::fim_prefix},
    {"fim_suf_token_id", &SpecialIds::fim_suffix},
    {"fim_mid_token_id", &SpecialIds::fim_middle},
    {"fim_pad_token_id", &SpecialIds::fim_padding},
    {"fim_rep_token_id", &SpecialIds::fim_repository},
    {"fim_sep_token_id", &SpecialIds::fim_separator},
    {"prefix_token_id", &SpecialIds::fim_prefix},
    {"suffix_token_id", &SpecialIds::fim_suffix},
    {"middle_token_id", &SpecialIds::fim_middle},
});

struct RoleText {
  TokenId SpecialIds::* id;
  std::string_view text;
};

// Texts that identify a token if no key names it; the first one that the vocabulary contains is used.
constexpr std::array kRoleTexts = std::to_array<RoleText>({
    {&SpecialIds::end_of_turn, "<|eot_id|>"},
    {&SpecialIds::end_of_turn, "<|im_end|>"},
    {&SpecialIds::end_of_turn, "<|end|>"},
    {&SpecialIds::end_of_turn, "<end_of_turn>"},
    {&SpecialIds::end_of_turn, "<|endoftext|>"},
    {&SpecialIds::end_of_turn, "<|end_of_text|>"},
    {&SpecialIds::end_of_turn, "<EOT>"},
    {&SpecialIds::end_of_turn, "_<EOT>"},
    {&SpecialIds::end_of_turn, "[EOT]"},
    {&SpecialIds::end_of_turn, "<｜end▁of▁sentence｜>"},
    {&SpecialIds::end_of_turn, "<end_of_utterance>"},
    {&SpecialIds::end_of_message, "<|eom_id|>"},
    {&SpecialIds::fim_prefix, "<|fim_prefix|>"},
    {&SpecialIds::fim_prefix, "<fim-prefix>"},
    {&SpecialIds::fim_prefix, "<fim_prefix>"},
    {&SpecialIds::fim_prefix, "<｜fim▁begin｜>"},
    {&SpecialIds::fim_prefix, "<PRE>"},
    {&SpecialIds::fim_prefix, "▁<PRE>"},
    {&SpecialIds::fim_prefix, "<|code_prefix|>"},
    {&SpecialIds::fim_prefix, "<|prefix|>"},
    {&SpecialIds::fim_suffix, "<|fim_suffix|>"},
    {&SpecialIds::fim_suffix, "<fim-suffix>"},
    {&SpecialIds::fim_suffix, "<fim_suffix>"},
    {&SpecialIds::fim_suffix, "<｜fim▁hole｜>"},
    {&SpecialIds::fim_suffix, "<SUF>"},
    {&SpecialIds::fim_suffix, "▁<SUF>"},
    {&SpecialIds::fim_suffix, "<|code_suffix|>"},
    {&SpecialIds::fim_suffix, "<|suffix|>"},
    {&SpecialIds::fim_middle, "<|fim_middle|>"},
    {&SpecialIds::fim_middle, "<fim-middle>"},
    {&SpecialIds::fim_middle, "<fim_middle>"},
    {&SpecialIds::fim_middle, "<｜fim▁end｜>"},
    {&SpecialIds::fim_middle, "<MID>"},
    {&SpecialIds::fim_middle, "▁<MID>"},
    {&SpecialIds::fim_middle, "<|code_middle|>"},
    {&SpecialIds::fim_middle, "<|middle|>"},
    {&SpecialIds::fim_padding, "<|fim_pad|>"},
    {&SpecialIds::fim_padding, "<fim-pad>"},
    {&SpecialIds::fim_padding, "<fim_pad>"},
    {&SpecialIds::fim_padding, "<PAD>"},
    {&SpecialIds::fim_padding, "[PAD]"},
    {&SpecialIds::fim_repository, "<|fim_repo|>"},
    {&SpecialIds::fim_repository, "<|repo_name|>"},
    {&SpecialIds::fim_repository, "<fim-repo>"},
    {&SpecialIds::fim_repository, "<REPO>"},
    {&SpecialIds::fim_repository, "<reponame>"},
    {&SpecialIds::fim_separator, "<|file_sep|>"},
});

// Tokens that end a reply, besides those that a key names.
constexpr std::array<std::string_view, 22> kEndTexts = {
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
};

const TokenizerKind& tokenizer_kind_named(const std::string& name, const std::string& file) {
  const auto found = std::find_if(kTokenizerKinds.begin(), kTokenizerKinds.end(),
                                  [&](const TokenizerKind& m) { return m.name == name; });
  if (found != kTokenizerKinds.end()) return *found;
  std::string known;
  for (const TokenizerKind& model : kTokenizerKinds) known.append(known.empty() ? "" : ", ").append(model.name);
  throw Error(ErrorCode::kUnsupported,
              fmt::format("{}: 'tokenizer.ggml.model' is '{}', which is not supported", file, printable(name)),
              "supported are " + known);
}

}  // namespace

std::optional<unsigned char> hexadecimal_byte(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  const int high = hexadecimal_digit(text[3]), low = hexadecimal_digit(text[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(high * 16 + low);
}

Vocabulary::Vocabulary(const gguf::Metadata& metadata) {
  const auto name = metadata.find<std::string>("tokenizer.ggml.model");
  if (!name) {
    throw Error(ErrorCode::kNotFound,
                metadata.file() + ": the file has no tokenizer: the key 'tokenizer.ggml.model' is missing",
                "models without one take token ids (--tokens) only");
  }
  const TokenizerKind& model = tokenizer_kind_named(*name, metadata.file());
  model_ = *name;
  kind_ = model.kind;
  special_ = model.defaults;
  read_tokens(metadata);
  read_types(metadata);
  read_special_ids(metadata);
  find_by_text();
  find_ends_of_generation();
  index_bytes();
  list_controls();
}

void Vocabulary::read_tokens(const gguf::Metadata& metadata) {
  const auto tokens = metadata.get<std::vector<std::string_view>>(kTokensKey);
  if (tokens.empty()) throw error(ErrorCode::kMalformed, "{}: '{}' is empty", metadata.file(), kTokensKey);
  std::size_t bytes = 0;
  for (const std::string_view token : tokens) bytes += token.size();
  texts_ = TextTable(tokens.size(), bytes);
  index_ = StringIndex(tokens.size());
  for (const std::string_view token : tokens) {
    texts_.add(token);
    index_.add(texts_.texts(), static_cast<std::uint32_t>(texts_.size() - 1));
  }
}

void Vocabulary::read_types(const gguf::Metadata& metadata) {
  const auto check_length = [&](std::string_view key, std::size_t length) {
    if (length == size()) return;
    throw error(ErrorCode::kMalformed, "{}: '{}' has {} entries, expected {}, as '{}' has", metadata.file(), key,
                group_digits(length), group_digits(size()), kTokensKey);
  };
  types_.assign(size(), TokenType::kNormal);
  if (const auto types = metadata.find<std::vector<std::int64_t>>("tokenizer.ggml.token_type")) {
    check_length("tokenizer.ggml.token_type", types->size());
    std::transform(types->begin(), types->end(), types_.begin(), [](std::int64_t type) {
      return type >= 0 && type <= 6 ? static_cast<TokenType>(type) : TokenType::kUndefined;
    });
  }
  if (auto scores = metadata.find<std::vector<float>>("tokenizer.ggml.scores")) {
    check_length("tokenizer.ggml.scores", scores->size());
    // A NaN cannot be ordered; a token with such a score is never made from text.
    for (float& score : *scores) score = std::isnan(score) ? -INFINITY : score;
    scores_ = *std::move(scores);
  } else if (kind_ == VocabularyKind::kSentencePiece || kind_ == VocabularyKind::kUnigram) {
    throw error(ErrorCode::kMalformed,
                "{}: 'tokenizer.ggml.scores' is missing, which a vocabulary of the kind '{}' needs", metadata.file(),
                model_);
  }
}

void Vocabulary::read_special_ids(const gguf::Metadata& metadata) {
  for (const IdKey& key : kIdKeys) {
    const std::string name = "tokenizer.ggml." + std::string(key.name);
    const auto id = metadata.find<std::int64_t>(name);
    if (!id) continue;
    if (*id >= 0 && static_cast<std::uint64_t>(*id) < size()) {
      special_.*key.id = static_cast<TokenId>(*id);
    } else {
      log::warning("{}: '{}' is {}, but the vocabulary has {} tokens: ignored", metadata.file(), name, *id,
                   group_digits(size()));
    }
  }
  for (const IdKey& key : kIdKeys) {
    if (!contains(special_.*key.id)) special_.*key.id = kNoToken;  // a default that does not fit a smaller vocabulary
  }
}

void Vocabulary::find_by_text() {
  for (const RoleText& role : kRoleTexts) {
    if (special_.*role.id != kNoToken) continue;
    const TokenId id = find(role.text);
    if (id != kNoToken) special_.*role.id = id;
  }
  // These are control tokens, whatever type the file gives them.
  const auto make_control = [&](std::string_view text) {
    if (const TokenId id = find(text); id != kNoToken) types_[static_cast<std::size_t>(id)] = TokenType::kControl;
  };
  for (const RoleText& role : kRoleTexts) {
    if (const TokenId id = find(role.text); id != kNoToken && special_.*role.id == id) make_control(role.text);
  }
  for (const std::string_view text : kEndTexts) make_control(text);
}

void Vocabulary::find_ends_of_generation() {
  ends_generation_.assign(size(), false);
  const auto mark = [&](TokenId id, bool ends) {
    if (id != kNoToken) ends_generation_[static_cast<std::size_t>(id)] = ends;
  };
  for (const std::string_view text : kEndTexts) mark(find(text), true);
  mark(special_.fim_padding, true);
  mark(special_.fim_repository, true);
  mark(special_.fim_separator, true);
  for (const TokenId id : {special_.eos, special_.end_of_turn, special_.end_of_message}) mark(id, true);

  // In the Harmony format <|end|> closes a message and the reply continues; <|return|> and <|call|> end it.
  const bool has_end = find("<|end|>") != kNoToken;
  const bool harmony = (find("<|return|>") != kNoToken && find("<|call|>") != kNoToken) ||
                       (find("<|calls|>") != kNoToken && find("<|flush|>") != kNoToken);
  if (has_end && harmony) {
    mark(find("<|end|>"), false);
    if (special_.end_of_turn == find("<|end|>")) special_.end_of_turn = kNoToken;
  }
  // If <|tool_response> ends a reply, </s> is ordinary text.
  if (find("<|tool_response>") != kNoToken && find("</s>") != kNoToken) {
    mark(find("</s>"), false);
    types_[static_cast<std::size_t>(find("</s>"))] = TokenType::kNormal;
  }
}

void Vocabulary::index_bytes() {
  byte_tokens_.fill(kNoToken);
  for (std::size_t id = 0; id < size(); ++id) {
    const auto byte = hexadecimal_byte(texts_[id]);
    const bool is_usable = byte && byte_tokens_[*byte] == kNoToken && !is_control(static_cast<TokenId>(id));
    if (is_usable) byte_tokens_[*byte] = static_cast<TokenId>(id);
  }
}

void Vocabulary::list_controls() {
  for (std::size_t i = 0; i < size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (is_control(id)) controls_.push_back(id);
  }
}

TokenId Vocabulary::find(std::string_view text) const {
  const auto number = index_.find(texts_.texts(), text);
  return number ? static_cast<TokenId>(*number) : kNoToken;
}

}  // namespace rocmforge::text
