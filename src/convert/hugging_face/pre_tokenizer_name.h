// The name that `tokenizer.ggml.pre` has for a byte-pair tokenizer: found by what it makes of a text that is known of
// many, and otherwise by its own description of how it cuts.
#pragma once

#include <string>

#include "convert/hugging_face/tokenizer_json.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

struct PreTokenizerName {
  std::string name;
  bool is_known = false;  // otherwise "default" stands for a description that nothing fits
};

// `keys` has the vocabulary already, with its merges and special ids.
PreTokenizerName find_pre_tokenizer_name(const TokenizerJson& tokenizer, const gguf::MetadataBuilder& keys);

}  // namespace rocmforge::convert
