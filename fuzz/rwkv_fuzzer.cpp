// Fuzzes RWKV vocabularies with arbitrary escapes.
#include "tokenizer_fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return rocmforge::fuzz::check_kind("rwkv", bytes, size);
}
