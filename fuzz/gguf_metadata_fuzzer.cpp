// Fuzzes the metadata of a GGUF file: reads arbitrary bytes as every type, and again after some of them have changed,
// as if the file were overwritten while in use.
//
// Input: the number of keys (1 byte), a place and a value to change (3 bytes), the keys with their values.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gguf/reader.h"

namespace rocmforge {
namespace {

using gguf::Metadata;
using gguf::Value;
using gguf::ValueType;

// Ignores Errors; any other exception is a finding.
template <typename Action>
void attempt(Action action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) std::abort();
  }
}

template <typename... Types>
void read_as(const Metadata& metadata, std::string_view key) {
  (attempt([&] { metadata.find<Types>(key); }), ...);
  (attempt([&] { metadata.find<std::vector<Types>>(key); }), ...);
  (attempt([&] { metadata.per_layer<Types>(key, 3); }), ...);
}

std::size_t walk(const Value& value) {
  if (value.type() == ValueType::kString) return value.string().size();
  if (value.type() != ValueType::kArray) return 1;
  std::size_t seen = 0;
  for (const Value element : value.array()) seen += walk(element);
  return seen;
}

void read_everything(const Metadata& metadata) {
  for (const Metadata::Entry& entry : metadata.entries()) {
    attempt([&] { walk(entry.value); });
    attempt([&] { entry.value.encoded(); });
    read_as<bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
            std::uint64_t, float, double, std::string, std::string_view>(metadata, entry.key);
  }
}

}  // namespace
}  // namespace rocmforge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rocmforge;
  if (size < 4) return 0;
  std::string bytes("GGUF\3\0\0\0\0\0\0\0\0\0\0\0", 16);
  bytes.append({static_cast<char>(data[0]), 0, 0, 0, 0, 0, 0, 0});
  bytes.append(reinterpret_cast<const char*>(data) + 4, size - 4);
  attempt([&] {
    const gguf::File file = gguf::File::from_memory(std::as_bytes(std::span(bytes)), "input");
    read_everything(file.metadata());
    bytes[(data[1] + 256u * data[2]) % bytes.size()] = static_cast<char>(data[3]);
    read_everything(file.metadata());
  });
  return 0;
}
