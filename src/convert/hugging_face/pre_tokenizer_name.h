// Finds the name that `tokenizer.ggml.pre` has for a byte-pair tokenizer: first by the token ids that it gives for a
// probe text (pre_tokenizer_hashes.h), otherwise by its own description of how it cuts text.
#pragma once

#include <string>

#include "convert/hugging_face/tokenizer_json.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

struct PreTokenizerName {
  std::string name;
  bool is_known = false;  // false: no description matched, and the name is "default"
};

// Requires: `keys` already contains the vocabulary with its merges and special ids.
PreTokenizerName find_pre_tokenizer_name(const TokenizerJson& tokenizer, const gguf::MetadataBuilder& keys);

}  // namespace rocmforge::convert
