// Tests that metadata and tensors of any kind are read as they were written, in one file or several.
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "gguf/reader.h"
#include "gguf/writer.h"
#include "support/gguf_bytes.h"
#include "support/temp_folder.h"

namespace rocmforge::gguf {
namespace {

using testing::TempFolder;

using AnyValue =
    std::variant<bool, std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t,
                 std::uint64_t, std::int64_t, std::string, std::vector<std::int32_t>, std::vector<std::uint64_t>,
                 std::vector<std::uint8_t>, std::vector<std::string>, std::vector<bool>>;

template <std::size_t kKind>
rc::Gen<AnyValue> value_of_kind() {
  return rc::gen::map(rc::gen::arbitrary<std::variant_alternative_t<kKind, AnyValue>>(),
                      [](auto value) { return AnyValue(std::in_place_index<kKind>, std::move(value)); });
}

template <std::size_t... kKinds>
rc::Gen<AnyValue> any_value(std::index_sequence<kKinds...>) {
  return rc::gen::oneOf(value_of_kind<kKinds>()...);
}

// Generates metadata with keys of ASCII letters.
rc::Gen<std::map<std::string, AnyValue>> any_metadata() {
  const auto key = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  return rc::gen::container<std::map<std::string, AnyValue>>(
      key, any_value(std::make_index_sequence<std::variant_size_v<AnyValue>>()));
}

void set(MetadataBuilder& keys, const std::string& key, const AnyValue& value) {
  std::visit(
      [&]<typename T>(const T& v) {
        if constexpr (std::is_same_v<T, std::string> || std::is_arithmetic_v<T>) {
          keys.set(key, v);
        } else {
          keys.set_array(key, v);
        }
      },
      value);
}

bool equals(const Metadata& metadata, const std::string& key, const AnyValue& value) {
  return std::visit([&]<typename T>(const T& v) { return metadata.get<T>(key) == v; }, value);
}

struct AnyTensor {
  const quant::Format* format;
  Shape shape;
  std::uint8_t seed;
};

rc::Gen<AnyTensor> any_tensor() {
  const auto formats = quant::formats();
  return rc::gen::exec([formats] {
    const quant::Format& format = formats[*rc::gen::inRange<std::size_t>(0, formats.size())];
    std::vector<std::uint64_t> dimensions = {*rc::gen::inRange<std::uint64_t>(1, 4) * format.block_values};
    const int more = *rc::gen::inRange(0, kMaxDimensions);
    for (int i = 0; i < more; ++i) dimensions.push_back(*rc::gen::inRange<std::uint64_t>(1, 4));
    return AnyTensor{&format, Shape(std::span<const std::uint64_t>(dimensions)), *rc::gen::arbitrary<std::uint8_t>()};
  });
}

std::vector<std::byte> content_of(const AnyTensor& tensor, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((tensor.seed + i) % 251);
  return bytes;
}

std::vector<TensorSpec> specs_of(const std::vector<AnyTensor>& tensors) {
  std::vector<TensorSpec> specs;
  for (const AnyTensor& tensor : tensors) {
    specs.push_back({"tensor." + std::to_string(specs.size()), tensor.format, tensor.shape});
  }
  return specs;
}

// Writes each tensor in two pieces, the last tensor first.
void write(Writer& writer, const std::vector<AnyTensor>& tensors) {
  for (std::size_t t = tensors.size(); t-- > 0;) {
    const std::vector<std::byte> content = content_of(tensors[t], writer.size_of(t));
    const std::size_t half = content.size() / 2;
    writer.write_at(t, half, std::span(content).subspan(half));
    writer.write_at(t, 0, std::span(content).first(half));
  }
  writer.finish();
}

void check(const File& file, const std::map<std::string, AnyValue>& metadata, const std::vector<AnyTensor>& tensors) {
  for (const auto& [key, value] : metadata) RC_ASSERT(equals(file.metadata(), key, value));
  RC_ASSERT(file.tensors().size() == tensors.size());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const Tensor& tensor = file.tensors()[t];
    RC_ASSERT(tensor.name == "tensor." + std::to_string(t));
    RC_ASSERT(tensor.format == tensors[t].format);
    RC_ASSERT(tensor.shape == tensors[t].shape);
    const std::vector<std::byte> content = content_of(tensors[t], tensor.bytes.size());
    RC_ASSERT(std::equal(content.begin(), content.end(), tensor.bytes.begin()));
  }
}

MetadataBuilder builder_of(const std::map<std::string, AnyValue>& metadata, std::uint32_t alignment) {
  MetadataBuilder keys;
  keys.set("general.alignment", alignment);
  for (const auto& [key, value] : metadata) set(keys, key, value);
  return keys;
}

RC_GTEST_PROP(GgufRoundTrip, OneFile, ()) {
  const auto metadata = *any_metadata();
  const auto tensors = *rc::gen::container<std::vector<AnyTensor>>(any_tensor());
  const TempFolder folder(testing::memory_disk());
  Writer writer(folder / "m.gguf", builder_of(metadata, *rc::gen::element(8u, 32u, 4096u)), specs_of(tensors));
  write(writer, tensors);
  check(File::open(folder / "m.gguf"), metadata, tensors);
}

RC_GTEST_PROP(GgufRoundTrip, SeveralFiles, ()) {
  const auto metadata = *any_metadata();
  const auto tensors = *rc::gen::container<std::vector<AnyTensor>>(any_tensor());
  const WriterOptions limits = {.max_tensors = *rc::gen::inRange<std::uint64_t>(1, 5),
                                .max_bytes = *rc::gen::inRange<std::uint64_t>(1, 100000)};
  const TempFolder folder(testing::memory_disk());
  Writer writer(folder / "m.gguf", builder_of(metadata, *rc::gen::element(8u, 32u, 4096u)), specs_of(tensors), limits);
  write(writer, tensors);
  const std::vector<std::string> paths = writer.paths();
  const File file = File::open(paths[*rc::gen::inRange<std::size_t>(0, paths.size())]);
  RC_ASSERT(file.parts().size() == paths.size());
  check(file, metadata, tensors);
}

}  // namespace
}  // namespace rocmforge::gguf
