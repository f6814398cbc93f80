// Unigram vocabularies, with any table of replacements.
#include "tokenizer_fuzzing.h"

using namespace rocmforge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  testing::TinyVocabulary vocabulary("t5");
  if (data.ConsumeBool()) vocabulary.bytes();
  fuzz::add_tokens(vocabulary, data);
  fuzz::add_keys(vocabulary, data);
  if (data.ConsumeBool()) {
    const std::string table = data.ConsumeRandomLengthString(400);
    vocabulary.file().array("tokenizer.ggml.precompiled_charsmap", 0, table.size(), table);
  }
  return fuzz::check_vocabulary(vocabulary, data);
}
