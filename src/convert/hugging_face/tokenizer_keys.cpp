#include "convert/hugging_face/tokenizer_keys.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "convert/hugging_face/pre_tokenizer_name.h"
#include "convert/hugging_face/sentence_piece_model.h"
#include "convert/hugging_face/token_table.h"
#include "convert/hugging_face/tokenizer_config.h"
#include "convert/hugging_face/tokenizer_json.h"
#include "text/pretokenizers.h"
#include "text/vocabulary.h"

namespace rocmforge::convert {
namespace {

using nlohmann::json;
using text::TokenType;

constexpr std::string_view kJsonFile = "tokenizer.json";
constexpr std::string_view kSentencePieceFile = "tokenizer.model";
constexpr std::string_view kSpace = "\xe2\x96\x81";  // U+2581, which stands for a space

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string decoded_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 255);
  }
  return bytes;
}

class TokenizerKeys {
 public:
  TokenizerKeys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint, const Config& config, std::uint64_t rows)
      : keys_(keys), checkpoint_(checkpoint), config_(config), small_files_(checkpoint), rows_(rows) {}

  std::vector<std::string> write() {
    const auto pieces = checkpoint_.read(kSentencePieceFile);
    const auto text = checkpoint_.read(kJsonFile);
    if (text) json_.emplace(parse_tokenizer_json(*text, checkpoint_.path_of(kJsonFile)));
    const bool is_byte_level = json_ && json_->model_type() == "BPE" && !json_->model_flag("byte_fallback");
    if (pieces && !is_byte_level) {
      write_sentence_pieces(parse_sentence_piece_model(*pieces, checkpoint_.path_of(kSentencePieceFile)));
    } else if (json_) {
      write_json();
    } else {
      keys_.set("tokenizer.ggml.model", "none");
      return {checkpoint_.folder() + " has no tokenizer: the model will take token ids only"};
    }
    small_files_.set_chat_templates(keys_);
    return std::move(assumptions_);
  }

 private:
  std::string json_path() const { return checkpoint_.path_of(kJsonFile); }

  void write_json() {
    const std::string type = json_->model_type();
    if (type == "BPE") return json_->model_flag("byte_fallback") ? write_byte_fallback() : write_byte_pairs();
    if (type == "Unigram") return write_unigram();
    if (type == "WordPiece") return write_word_pieces();
    throw error(ErrorCode::kUnsupported, "{}: a tokenizer of the kind '{}' is not supported", json_path(),
                printable(type));
  }

  // Added tokens are stored with their plain text, with real spaces, unless they are control tokens.
  void set_added(TokenTable& tokens, std::uint64_t id, const std::string& text, bool is_special, float score) const {
    const bool is_control = is_special || looks_special(text);
    tokens.set(id, is_control ? text : replaced(text, kSpace, " "),
               is_control ? TokenType::kControl : TokenType::kUserDefined, score);
  }

  void store(TokenTable& tokens, bool with_scores) {
    tokens.store(keys_, with_scores);
    small_files_.set_role_ids(keys_, tokens, config_);
    small_files_.set_flags(keys_, json_ ? &*json_ : nullptr);
  }

  void write_byte_pairs() {
    keys_.set("tokenizer.ggml.model", "gpt2");
    TokenTable tokens(rows_, json_path());
    for (TokenizerJson::Token& token : json_->tokens) tokens.set(token.id, std::move(token.text), TokenType::kNormal);
    for (const TokenizerJson::Added& token : json_->added) set_added(tokens, token.id, token.text, token.is_special, 0);
    store(tokens, false);
    keys_.set_array("tokenizer.ggml.merges", std::span<const std::string>(json_->merges));
    const PreTokenizerName pre = find_pre_tokenizer_name(*json_, keys_);
    keys_.set("tokenizer.ggml.pre", pre.name);
    if (pre.is_known) return;
    assumptions_.push_back(
        fmt::format("{}: how it cuts text into words is not one of the known ways; 'default' was taken, and texts may "
                    "become other tokens than in training",
                    json_path()));
  }

  // Writes a vocabulary that merges characters and falls back to bytes as a SentencePiece vocabulary; its scores are
  // the ranks of the merges that produce the pieces.
  void write_byte_fallback() {
    keys_.set("tokenizer.ggml.model", "llama");
    std::map<std::string, float, std::less<>> ranks;
    for (std::size_t rank = 0; rank < json_->merges.size(); ++rank) {
      const std::string& merge = json_->merges[rank];
      const std::size_t space = merge.find(' ', 1);
      if (space == std::string::npos)
        throw error(ErrorCode::kMalformed, "{}: merge {} is '{}', expected two parts", json_path(), rank,
                    printable(merge, 40));
      ranks.emplace(merge.substr(0, space) + merge.substr(space + 1), -static_cast<float>(rank));
    }
    const json& model = (*json_->rest)["model"];
    const std::string unknown =
        model.contains("unk_token") && model["unk_token"].is_string() ? model["unk_token"].get<std::string>() : "<unk>";
    TokenTable tokens(rows_, json_path());
    for (const TokenizerJson::Token& token : json_->tokens) {
      const auto rank = ranks.find(token.text);
      const float score = rank == ranks.end() ? -static_cast<float>(json_->merges.size()) - 1 : rank->second;
      const TokenType type = token.text == unknown                            ? TokenType::kUnknown
                             : text::hexadecimal_byte(token.text).has_value() ? TokenType::kByte
                                                                              : TokenType::kNormal;
      tokens.set(token.id, token.text, type, score);
    }
    for (const TokenizerJson::Added& token : json_->added) {
      if (token.text != unknown) set_added(tokens, token.id, token.text, token.is_special, -1000);
    }
    store(tokens, true);
    keys_.set("tokenizer.ggml.pre", "default");
    keys_.set("tokenizer.ggml.add_space_prefix", prepends_space());
  }

  // Returns whether the tokenizer adds a space before a text.
  bool prepends_space() const {
    const std::string normalizer = (*json_->rest)["normalizer"].dump(), cutter = (*json_->rest)["pre_tokenizer"].dump();
    if (cutter.find("\"Metaspace\"") != std::string::npos) {
      return cutter.find("\"add_prefix_space\":false") == std::string::npos &&
             cutter.find("\"prepend_scheme\":\"never\"") == std::string::npos;
    }
    return normalizer.find("\"Prepend\"") != std::string::npos;
  }

  void write_unigram() {
    keys_.set("tokenizer.ggml.model", "t5");
    keys_.set("tokenizer.ggml.pre", "default");
    const json& model = (*json_->rest)["model"];
    const bool has_unknown = model.contains("unk_id") && model["unk_id"].is_number_unsigned();
    const std::uint64_t unknown = has_unknown ? model["unk_id"].get<std::uint64_t>() : json_->tokens.size();
    TokenTable tokens(rows_, json_path());
    for (TokenizerJson::Token& token : json_->tokens) {
      tokens.set(token.id, std::move(token.text), token.id == unknown ? TokenType::kUnknown : TokenType::kNormal,
                 token.score);
    }
    for (const TokenizerJson::Added& token : json_->added) {
      if (token.id != unknown) set_added(tokens, token.id, token.text, token.is_special, -1000);
    }
    store(tokens, true);
    if (has_unknown) keys_.set("tokenizer.ggml.unknown_token_id", static_cast<std::uint32_t>(unknown));
    keys_.set("tokenizer.ggml.add_space_prefix", prepends_space());
    keys_.set("tokenizer.ggml.remove_extra_whitespaces", true);
    set_charsmap(charsmap_in((*json_->rest)["normalizer"]));
  }

  static std::string charsmap_in(const json& normalizer) {
    if (!normalizer.is_object()) return {};
    if (normalizer.contains("precompiled_charsmap") && normalizer["precompiled_charsmap"].is_string()) {
      return decoded_base64(normalizer["precompiled_charsmap"].get_ref<const std::string&>());
    }
    if (!normalizer.contains("normalizers") || !normalizer["normalizers"].is_array()) return {};
    for (const json& inner : normalizer["normalizers"]) {
      if (std::string found = charsmap_in(inner); !found.empty()) return found;
    }
    return {};
  }
  void set_charsmap(const std::string& bytes) {
    if (bytes.empty()) return;
    const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    keys_.set_array("tokenizer.ggml.precompiled_charsmap", std::span<const std::uint8_t>(first, bytes.size()));
  }

  // In GGUF files the first piece of a word begins with U+2581, and continuations have no prefix.
  void write_word_pieces() {
    keys_.set("tokenizer.ggml.model", "bert");
    keys_.set("tokenizer.ggml.pre", "default");
    TokenTable tokens(rows_, json_path());
    for (const TokenizerJson::Token& token : json_->tokens) {
      const bool is_marked = token.text.starts_with('[') && token.text.ends_with(']');
      tokens.set(token.id,
                 is_marked                      ? token.text
                 : token.text.starts_with("##") ? token.text.substr(2)
                                                : std::string(kSpace) + token.text,
                 token.text == "[UNK]" ? TokenType::kUnknown : TokenType::kNormal);
    }
    for (const TokenizerJson::Added& token : json_->added) tokens.set(token.id, token.text, TokenType::kControl);
    store(tokens, false);
    for (const auto& [text, key] : {std::pair("[CLS]", "bos"),
                                    {"[UNK]", "unknown"},
                                    {"[SEP]", "seperator"},
                                    {"[PAD]", "padding"},
                                    {"[MASK]", "mask"}}) {
      const std::uint64_t id = tokens.find(text);
      if (id < tokens.size()) keys_.set(fmt::format("tokenizer.ggml.{}_token_id", key), static_cast<std::uint32_t>(id));
    }
    const json& normalizer = (*json_->rest)["normalizer"];
    for (const char* flag : {"lowercase", "strip_accents"}) {
      if (normalizer.is_object() && normalizer.contains(flag) && normalizer[flag].is_boolean()) {
        keys_.set(fmt::format("tokenizer.ggml.normalizer.{}", flag), normalizer[flag].get<bool>());
      }
    }
  }

  void write_sentence_pieces(SentencePieceModel model) {
    const std::string path = checkpoint_.path_of(kSentencePieceFile);
    keys_.set("tokenizer.ggml.model", model.is_unigram ? "t5" : "llama");
    keys_.set("tokenizer.ggml.pre", "default");
    TokenTable tokens(rows_, path);
    for (std::size_t id = 0; id < model.pieces.size(); ++id) {
      SentencePieceModel::Piece& piece = model.pieces[id];
      tokens.set(id, std::move(piece.text), static_cast<TokenType>(piece.type), piece.score);
    }
    // A normal piece that is declared special becomes a control token; a piece that already has a special type keeps
    // it.
    small_files_.for_added_tokens([&](std::uint64_t id, const std::string& text, bool is_special) {
      const bool is_ours = tokens.is_set(id) && tokens.type(id) != TokenType::kNormal &&
                           tokens.type(id) != TokenType::kUserDefined && tokens.text(id) == text;
      if (!is_ours) set_added(tokens, id, text, is_special, -1000);
    });
    if (json_) {
      for (const TokenizerJson::Added& token : json_->added) {
        if (!tokens.is_set(token.id)) set_added(tokens, token.id, token.text, token.is_special, -1000);
      }
    }
    store(tokens, true);
    keys_.set("tokenizer.ggml.add_space_prefix", model.adds_space_prefix);
    if (model.is_unigram) keys_.set("tokenizer.ggml.remove_extra_whitespaces", model.removes_extra_spaces);
    if (model.is_unigram) set_charsmap(model.charsmap);
  }

  gguf::MetadataBuilder& keys_;
  const Checkpoint& checkpoint_;
  const Config& config_;
  TokenizerConfig small_files_;
  std::uint64_t rows_;
  std::optional<TokenizerJson> json_;
  std::vector<std::string> assumptions_;
};

}  // namespace

std::vector<std::string> set_tokenizer_keys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint,
                                            const Config& config, std::uint64_t rows) {
  return TokenizerKeys(keys, checkpoint, config, rows).write();
}

}  // namespace rocmforge::convert
