// Reads a safetensors file: a JSON header that gives the place of each tensor, and the tensors' bytes.
//
// The file is not trusted: sizes are checked before they are used, and no memory is allocated only because a header
// claims a size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"

namespace rocmforge::convert {

// The element types of the format in which weights may be stored.
enum class Element {
  kF64,
  kF32,
  kF16,
  kBF16,
  kF8E4M3,
  kF8E5M2,
  kF8E8M0,
  kI64,
  kI32,
  kI16,
  kI8,
  kU64,
  kU32,
  kU16,
  kU8,
  kBool
};

std::string_view name_of(Element element);
std::size_t size_of(Element element);

struct StoredTensor {
  std::string name;
  Element element = Element::kF32;
  std::vector<std::uint64_t> shape;  // the contiguous dimension is last
  std::span<const std::byte> bytes;
  std::string_view file;  // the file's path, for messages
};

// Returns a shape as "[64, 32]".
std::string to_string(std::span<const std::uint64_t> shape);

// Returns the tensors of a file's content in the order of their bytes. `path` must outlive them. Throws Error, which
// names the file and the tensor, if the content violates the format: offsets outside the file, overlaps, gaps, or a
// size that does not match the shape.
std::vector<StoredTensor> parse_safetensors(std::span<const std::byte> file, std::string_view path);

class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);

  const MappedFile& mapping() const { return mapping_; }
  std::span<const StoredTensor> tensors() const { return tensors_; }

 private:
  MappedFile mapping_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace rocmforge::convert
