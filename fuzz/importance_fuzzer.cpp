// Fuzzes the old format of importance matrices, which has no magic: any file may be read as one.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "convert/importance.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rocmforge::convert::ImportanceMatrix;
  try {
    const ImportanceMatrix matrix = ImportanceMatrix::from_old_form(std::as_bytes(std::span(data, size)), "fuzzed");
    (void)matrix.find("blk.0.attn_q.weight");
  } catch (const rocmforge::Error&) {
    // This is the expected result for a malformed file.
  }
  return 0;
}
