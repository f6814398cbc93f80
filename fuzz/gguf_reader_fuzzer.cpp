// Fuzzes opening a GGUF file: the result is an Error that can be printed, or a file whose tensors lie within it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "gguf/reader.h"

namespace rocmforge {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// Checks that a hostile file cannot send unescaped bytes to the terminal.
void check_printable(const std::string& text) {
  require(printable(text, std::numeric_limits<std::size_t>::max()) == text);
}

void check(const gguf::File& file, std::span<const std::byte> bytes) {
  std::vector<bool> taken(bytes.size());
  for (const gguf::Tensor& tensor : file.tensors()) {
    require(is_valid_utf8(tensor.name) && !tensor.name.empty());
    require(file.find_tensor(tensor.name) == &tensor);
    require(tensor.bytes.size() == tensor.shape.rows() * gguf::row_bytes(*tensor.format, tensor.shape.row_length()));
    const std::uint64_t offset = file.offset_in_part(tensor);
    require(offset >= file.parts()[0].data_offset && offset + tensor.bytes.size() <= bytes.size());
    for (std::uint64_t at = offset; at < offset + tensor.bytes.size(); ++at) {
      require(!taken[at]);
      taken[at] = true;
    }
  }
  for (const gguf::Metadata::Entry& entry : file.metadata().entries()) {
    require(file.metadata().value(entry.key) == &entry.value);
  }
}

}  // namespace
}  // namespace rocmforge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rocmforge;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    check(gguf::File::from_memory(bytes, "input"), bytes);
  } catch (const Error& error) {
    require(error.code() != ErrorCode::kInternal);
    check_printable(error.message());
    check_printable(error.hint());
  }
  return 0;
}
