#include "convert/hugging_face/tokenizer_json.h"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "convert/hugging_face/token_table.h"

namespace rocmforge::convert {
namespace {

using nlohmann::json;

constexpr std::size_t kMostMerges = 8u << 20;
constexpr std::size_t kMostValues = 8u << 20;  // maximum number of values in the rest

class Reader final : public nlohmann::json_sax<json> {
 public:
  Reader(TokenizerJson& into, std::string_view path) : into_(into), path_(path) {}

  bool start_object(std::size_t) override {
    if (mode_ == Mode::kRest && is_at("model", "vocab")) {
      mode_ = Mode::kVocabularyObject;
      return true;
    }
    if (mode_ != Mode::kRest) fail("an object");
    return open(json::object());
  }
  bool end_object() override {
    if (mode_ == Mode::kVocabularyObject) {
      mode_ = Mode::kRest;
      return true;
    }
    return close();
  }
  bool start_array(std::size_t) override {
    if (mode_ == Mode::kRest && is_at("model", "vocab")) {
      mode_ = Mode::kVocabularyList;
    } else if (mode_ == Mode::kRest && is_at("model", "merges")) {
      mode_ = Mode::kMerges;
    } else if (mode_ == Mode::kVocabularyList && inner_ == 0) {
      inner_ = 1;
      parts_ = 0;
    } else if (mode_ == Mode::kMerges && inner_ == 0) {
      inner_ = 1;
      parts_ = 0;
      merge_.clear();
    } else if (mode_ == Mode::kRest) {
      return open(json::array());
    } else {
      fail("a list");
    }
    return true;
  }
  bool end_array() override {
    if (mode_ == Mode::kRest) return close();
    if (inner_ == 0) {
      mode_ = Mode::kRest;
      return true;
    }
    inner_ = 0;
    if (parts_ != 2) fail(fmt::format("an entry of {} parts", parts_));
    if (mode_ == Mode::kMerges) add_merge(std::move(merge_));
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    return true;
  }
  bool string(string_t& text) override {
    if (mode_ == Mode::kMerges) {
      if (inner_ == 0) return add_merge(std::move(text));
      merge_ += parts_++ == 0 ? text : " " + text;
      return true;
    }
    if (mode_ == Mode::kVocabularyList && inner_ == 1 && parts_ == 0) {
      ++parts_;
      return add_token(std::move(text), static_cast<std::uint32_t>(into_.tokens.size()));
    }
    return value(std::move(text));
  }
  bool number_unsigned(number_unsigned_t number) override {
    if (mode_ == Mode::kVocabularyObject) {
      if (number >= kMostVocabularyTokens) fail(fmt::format("the id {}", number));
      return add_token(std::move(key_), static_cast<std::uint32_t>(number));
    }
    return score(static_cast<double>(number)) || value(number);
  }
  bool number_integer(number_integer_t number) override { return score(static_cast<double>(number)) || value(number); }
  bool number_float(number_float_t number, const string_t&) override { return score(number) || value(number); }
  bool boolean(bool flag) override { return value(flag); }
  bool null() override { return value(nullptr); }
  bool binary(binary_t&) override { return false; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw error(ErrorCode::kMalformed, "{}: the file is not valid JSON at byte {}", path_, position);
  }

 private:
  enum class Mode { kRest, kVocabularyObject, kVocabularyList, kMerges };

  [[noreturn]] void fail(std::string_view found) const {
    throw error(ErrorCode::kMalformed, "{}: the {} have {} in an unexpected place, after '{}'", path_,
                mode_ == Mode::kMerges ? "merges" : "tokens", found,
                printable(into_.tokens.empty() ? std::string_view() : into_.tokens.back().text, 40));
  }

  bool is_at(std::string_view parent, std::string_view name) const {
    return open_.size() == 2 && key_ == name && parent_key_ == parent;
  }

  bool open(json container) {
    if (open_.size() >= static_cast<std::size_t>(kJsonMaxDepth)) {
      throw error(ErrorCode::kTooLarge, "{}: JSON nested deeper than {} levels", path_, kJsonMaxDepth);
    }
    if (open_.size() == 1) parent_key_ = key_;
    open_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  json* place(json value) {
    if (++values_ > kMostValues) throw error(ErrorCode::kTooLarge, "{}: more than {} values", path_, kMostValues);
    if (open_.empty()) {
      *into_.rest = std::move(value);
      return into_.rest.get();
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }
  template <typename T>
  bool value(T content) {
    if (mode_ != Mode::kRest) fail("a value");
    place(json(std::move(content)));
    return true;
  }

  bool score(double number) {
    if (mode_ != Mode::kVocabularyList || inner_ != 1 || parts_ != 1) return false;
    ++parts_;
    into_.tokens.back().score = static_cast<float>(number);
    return true;
  }
  bool add_token(std::string text, std::uint32_t id) {
    if (into_.tokens.size() == kMostVocabularyTokens)
      throw error(ErrorCode::kTooLarge, "{}: more than {} tokens", path_, kMostVocabularyTokens);
    into_.tokens.push_back({std::move(text), id, 0});
    return true;
  }
  bool add_merge(std::string merge) {
    if (into_.merges.size() == kMostMerges)
      throw error(ErrorCode::kTooLarge, "{}: more than {} merges", path_, kMostMerges);
    into_.merges.push_back(std::move(merge));
    return true;
  }

  TokenizerJson& into_;
  std::string_view path_;
  Mode mode_ = Mode::kRest;
  int inner_ = 0;
  int parts_ = 0;
  std::string merge_;
  std::string key_, parent_key_;
  std::vector<json*> open_;
  std::size_t values_ = 0;
};

void take_added(TokenizerJson& tokenizer, std::string_view path) {
  const json& list = (*tokenizer.rest)["added_tokens"];
  if (list.is_null()) return;
  if (!list.is_array()) throw error(ErrorCode::kMalformed, "{}: 'added_tokens' is not a list", path);
  for (const json& entry : list) {
    const bool is_whole = entry.is_object() && entry.contains("id") && entry["id"].is_number_unsigned() &&
                          entry.contains("content") && entry["content"].is_string();
    if (!is_whole || entry["id"].get<std::uint64_t>() >= kMostVocabularyTokens) {
      throw error(ErrorCode::kMalformed, "{}: an added token is {}, expected its 'id' and 'content'", path,
                  printable(dump_json(entry), 80));
    }
    const bool is_special = entry.contains("special") && entry["special"] == true;
    tokenizer.added.push_back({entry["content"].get<std::string>(), entry["id"].get<std::uint32_t>(), is_special});
  }
}

}  // namespace

TokenizerJson::TokenizerJson() : rest(std::make_unique<json>()) {}
TokenizerJson::TokenizerJson(TokenizerJson&&) noexcept = default;
TokenizerJson::~TokenizerJson() = default;

std::string TokenizerJson::model_type() const {
  const json& model = (*rest)["model"];
  if (model.contains("type") && model["type"].is_string()) return model["type"].get<std::string>();
  return merges.empty() ? "WordPiece" : "BPE";  // old files do not name the type
}

bool TokenizerJson::model_flag(std::string_view name) const {
  const json& model = (*rest)["model"];
  return model.contains(name) && model[std::string(name)] == true;
}

TokenizerJson parse_tokenizer_json(std::string_view text, std::string_view path) {
  TokenizerJson tokenizer;
  Reader reader(tokenizer, path);
  json::sax_parse(text.begin(), text.end(), &reader);
  if (!tokenizer.rest->is_object() || !(*tokenizer.rest)["model"].is_object() || tokenizer.tokens.empty()) {
    throw error(ErrorCode::kMalformed, "{}: 'model' has no vocabulary", path);
  }
  take_added(tokenizer, path);
  return tokenizer;
}

}  // namespace rocmforge::convert
