#include "convert/hugging_face/tokenizer_config.h"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace rocmforge::convert {
namespace {

using nlohmann::json;

struct TokenRole {
  const char* field;     // of tokenizer_config.json
  const char* id_field;  // of config.json
  std::string_view key;  // of the GGUF file
};
constexpr auto kTokenRoles = std::to_array<TokenRole>({
    {"bos_token", "bos_token_id", "tokenizer.ggml.bos_token_id"},
    {"eos_token", "eos_token_id", "tokenizer.ggml.eos_token_id"},
    {"unk_token", "unk_token_id", "tokenizer.ggml.unknown_token_id"},
    {"sep_token", "sep_token_id", "tokenizer.ggml.seperator_token_id"},
    {"pad_token", "pad_token_id", "tokenizer.ggml.padding_token_id"},
    {"mask_token", "mask_token_id", "tokenizer.ggml.mask_token_id"},
});

// Returns the text of "<s>" or of {"content": "<s>", ...}.
std::optional<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string())
    return value["content"].get<std::string>();
  return std::nullopt;
}

// Whether the post-processor's template for a single text begins and ends with a special token.
struct Around {
  bool begins = false;
  bool ends = false;
};
std::optional<Around> template_of(const json& processor) {
  if (!processor.is_object() || !processor.contains("type")) return std::nullopt;
  if (processor["type"] == "Sequence" && processor.contains("processors") && processor["processors"].is_array()) {
    for (const json& inner : processor["processors"]) {
      if (const auto found = template_of(inner)) return found;
    }
  }
  if (processor["type"] != "TemplateProcessing" || !processor.contains("single") || !processor["single"].is_array())
    return std::nullopt;
  const json& single = processor["single"];
  if (single.empty()) return Around{};
  const auto is_special = [](const json& piece) { return piece.is_object() && piece.contains("SpecialToken"); };
  return Around{is_special(single.front()), is_special(single.back())};
}

}  // namespace

TokenizerConfig::TokenizerConfig(const Checkpoint& checkpoint)
    : checkpoint_(checkpoint),
      path_(checkpoint.path_of("tokenizer_config.json")),
      json_(std::make_unique<json>(json::object())) {
  if (const auto text = checkpoint.read("tokenizer_config.json")) *json_ = parse_json(*text, path_);
  if (!json_->is_object()) throw error(ErrorCode::kMalformed, "{}: expected an object", path_);
}

TokenizerConfig::~TokenizerConfig() = default;

std::vector<TokenizerConfig::AddedToken> TokenizerConfig::added_tokens() const {
  std::vector<AddedToken> tokens;
  if (const auto text = checkpoint_.read("added_tokens.json")) {
    const std::string path = checkpoint_.path_of("added_tokens.json");
    const json added = parse_json(*text, path);
    if (!added.is_object()) throw error(ErrorCode::kMalformed, "{}: expected an object", path);
    for (const auto& [content, id] : added.items()) {
      if (!id.is_number_unsigned())
        throw error(ErrorCode::kMalformed, "{}: the id of '{}' is not a number", path, printable(content, 40));
      tokens.push_back({id.get<std::uint64_t>(), content, false});
    }
  }
  if (!json_->contains("added_tokens_decoder") || !(*json_)["added_tokens_decoder"].is_object()) return tokens;
  for (const auto& [number, token] : (*json_)["added_tokens_decoder"].items()) {
    std::uint64_t id = 0;
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), id);
    const auto content = text_of(token);
    if (failure != std::errc() || end != number.data() + number.size() || !content) {
      throw error(ErrorCode::kMalformed, "{}: 'added_tokens_decoder' has '{}', expected an id and its 'content'", path_,
                  printable(number, 40));
    }
    tokens.push_back({id, *content, token.is_object() && token.contains("special") && token["special"] == true});
  }
  return tokens;
}

void TokenizerConfig::set_role_ids(gguf::MetadataBuilder& keys, const TokenTable& tokens, const Config& config) const {
  for (const TokenRole& role : kTokenRoles) {
    if (json_->contains(role.field)) {
      const auto text = text_of((*json_)[role.field]);
      const std::uint64_t id = text ? tokens.find(*text) : tokens.size();
      if (id < tokens.size()) {
        keys.set(role.key, static_cast<std::uint32_t>(id));
        continue;
      }
    }
    // Several end-of-generation ids form a list; the first one is the token that ends a text.
    const json* stated = config.find({role.id_field});
    if (stated != nullptr && stated->is_array() && !stated->empty()) stated = &stated->front();
    if (stated == nullptr || !stated->is_number_unsigned() || stated->get<std::uint64_t>() >= tokens.size()) continue;
    keys.set(role.key, static_cast<std::uint32_t>(stated->get<std::uint64_t>()));
  }
}

void TokenizerConfig::set_flags(gguf::MetadataBuilder& keys, const TokenizerJson* tokenizer) const {
  const auto around = tokenizer == nullptr ? std::nullopt : template_of((*tokenizer->rest)["post_processor"]);
  const auto set = [&](const char* field, std::string_view key, std::optional<bool> otherwise) {
    if (json_->contains(field) && (*json_)[field].is_boolean()) {
      keys.set(key, (*json_)[field].get<bool>());
    } else if (otherwise) {
      keys.set(key, *otherwise);
    }
  };
  set("add_bos_token", "tokenizer.ggml.add_bos_token", around ? std::optional(around->begins) : std::nullopt);
  set("add_eos_token", "tokenizer.ggml.add_eos_token", around ? std::optional(around->ends) : std::nullopt);
}

void TokenizerConfig::set_named_templates(gguf::MetadataBuilder& keys, const json& templates) const {
  std::vector<std::string> names;
  for (const json& entry : templates) {
    const bool is_whole = entry.is_object() && entry.contains("name") && entry["name"].is_string() &&
                          entry.contains("template") && entry["template"].is_string();
    if (!is_whole) throw error(ErrorCode::kMalformed, "{}: a chat template has no name or no text", path_);
    std::string name;
    for (const char c : entry["name"].get<std::string>())
      name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    if (name == "default") {
      keys.set("tokenizer.chat_template", entry["template"].get<std::string>());
    } else {
      names.push_back(name);
      keys.set("tokenizer.chat_template." + name, entry["template"].get<std::string>());
    }
  }
  if (!names.empty()) keys.set_array("tokenizer.chat_templates", std::span<const std::string>(names));
}

void TokenizerConfig::set_chat_templates(gguf::MetadataBuilder& keys) const {
  json found = json_->contains("chat_template") ? (*json_)["chat_template"] : json();
  if (const auto text = checkpoint_.read("chat_template.json")) {
    const json file = parse_json(*text, checkpoint_.path_of("chat_template.json"));
    if (file.is_object() && file.contains("chat_template")) found = file["chat_template"];
  }
  if (found.is_array()) set_named_templates(keys, found);
  if (found.is_string()) keys.set("tokenizer.chat_template", found.get<std::string>());
  // The newest place, a separate file, takes precedence.
  if (const auto text = checkpoint_.read("chat_template.jinja")) keys.set("tokenizer.chat_template", *text);
}

}  // namespace rocmforge::convert
