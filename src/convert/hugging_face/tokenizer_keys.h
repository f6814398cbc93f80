// `tokenizer.*`: the vocabulary of a folder, in whatever of the usual files it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/config.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

// `rows`: how many embeddings the model has. What had to be assumed, in sentences for people. Without tokenizer files
// the model is stored without a tokenizer.
std::vector<std::string> set_tokenizer_keys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint,
                                            const Config& config, std::uint64_t rows);

}  // namespace rocmforge::convert
