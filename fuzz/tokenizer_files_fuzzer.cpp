// Fuzzes the file formats of tokenizers: JSON if the first byte selects it, otherwise SentencePiece's protocol buffer.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "convert/hugging_face/sentence_piece_model.h"
#include "convert/hugging_face/tokenizer_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    if (text.starts_with('{')) {
      (void)rocmforge::convert::parse_tokenizer_json(text, "fuzzed").model_type();
    } else {
      (void)rocmforge::convert::parse_sentence_piece_model(text, "fuzzed");
    }
  } catch (const rocmforge::Error&) {
    // This is the expected result for a malformed file.
  }
  return 0;
}
