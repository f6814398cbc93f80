// Writes the keys `tokenizer.*`: the vocabulary of a folder, from whichever of the usual files it has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/config.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

// `rows`: number of the model's embeddings. Returns the assumptions that were made, as sentences for the user. Without
// tokenizer files the model is stored without a tokenizer.
std::vector<std::string> set_tokenizer_keys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint,
                                            const Config& config, std::uint64_t rows);

}  // namespace rocmforge::convert
