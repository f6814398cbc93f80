// A safetensors file: a JSON header that says where each tensor lies, then the tensors' bytes.
//
// The file is as little to be trusted as a GGUF file: sizes are checked before they are used, and nothing is allocated
// because a header says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"

namespace rocmforge::convert {

// The types that the format names, as far as weights are stored in them.
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
  std::vector<std::uint64_t> shape;  // the contiguous dimension last
  std::span<const std::byte> bytes;
  std::string_view file;  // its path, for messages
};

// "[64, 32]".
std::string to_string(std::span<const std::uint64_t> shape);

// The tensors of a file's content, in the order of their bytes. `path` must outlive them. What the format forbids is an
// Error that names the file and the tensor: offsets outside the file, overlaps, gaps, a size that is not the shape's.
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
