// RWKV vocabularies, with any escapes.
#include "tokenizer_fuzzing.h"

using namespace rocmforge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  testing::TinyVocabulary vocabulary("rwkv");
  if (data.ConsumeBool()) vocabulary.bytes();
  fuzz::add_tokens(vocabulary, data);
  fuzz::add_keys(vocabulary, data);
  return fuzz::check_vocabulary(vocabulary, data);
}
