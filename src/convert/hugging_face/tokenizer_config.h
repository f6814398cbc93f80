// Reads tokenizer_config.json and the small files around it: roles of tokens, and the chat template in any of its
// places.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/config.h"
#include "convert/hugging_face/token_table.h"
#include "convert/hugging_face/tokenizer_json.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

class TokenizerConfig {
 public:
  explicit TokenizerConfig(const Checkpoint& checkpoint);
  ~TokenizerConfig();

  // Calls add(id, text, is special) for `added_tokens_decoder` and added_tokens.json.
  template <typename Add>
  void for_added_tokens(Add add) const;

  // Sets the ids of BOS, EOS and other roles, by their texts in tokenizer_config.json or else by their ids in
  // config.json.
  void set_role_ids(gguf::MetadataBuilder& keys, const TokenTable& tokens, const Config& config) const;

  // Sets whether BOS and EOS are added around a text, according to tokenizer_config.json or else to the post-processor.
  void set_flags(gguf::MetadataBuilder& keys, const TokenizerJson* tokenizer) const;

  void set_chat_templates(gguf::MetadataBuilder& keys) const;

 private:
  struct AddedToken {
    std::uint64_t id;
    std::string text;
    bool is_special;
  };
  std::vector<AddedToken> added_tokens() const;
  void set_named_templates(gguf::MetadataBuilder& keys, const nlohmann::json& templates) const;

  const Checkpoint& checkpoint_;
  std::string path_;
  std::unique_ptr<nlohmann::json> json_;
};

template <typename Add>
void TokenizerConfig::for_added_tokens(Add add) const {
  for (const AddedToken& token : added_tokens()) add(token.id, token.text, token.is_special);
}

}  // namespace rocmforge::convert
