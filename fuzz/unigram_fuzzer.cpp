// Fuzzes unigram vocabularies with arbitrary tables of replacements.
#include "tokenizer_fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace rocmforge;
  return fuzz::check_kind("t5", bytes, size, [](testing::TinyVocabulary& vocabulary, FuzzedDataProvider& data) {
    if (!data.ConsumeBool()) return;
    const std::string table = data.ConsumeRandomLengthString(400);
    vocabulary.file().array("tokenizer.ggml.precompiled_charsmap", 0, table.size(), table);
  });
}
