// Fuzzes the headers of safetensors files: only bytes within the file may be read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "convert/hugging_face/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span file = std::as_bytes(std::span(data, size));
  try {
    for (const auto& tensor : rocmforge::convert::parse_safetensors(file, "fuzzed")) {
      const bool is_inside = tensor.bytes.empty() || (tensor.bytes.data() >= file.data() &&
                                                      tensor.bytes.data() + tensor.bytes.size() <= file.data() + size);
      if (!is_inside) std::abort();
    }
  } catch (const rocmforge::Error&) {
    // This is the expected result for a malformed file.
  }
  return 0;
}
