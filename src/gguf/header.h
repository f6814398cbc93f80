// Reads and checks the whole header of one GGUF file.
//
//   "GGUF", u32 version, u64 tensors, u64 keys
//   keys:    string key, u32 type, value
//   tensors: string name, u32 dimensions, u64 dimension[], u32 type, u64 offset from the data's start
//   zeros up to the alignment, data
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "gguf/metadata.h"
#include "gguf/tensor.h"

namespace rocmforge::gguf {

struct Header {
  std::uint32_t version = 0;
  std::uint64_t alignment = 0;
  std::uint64_t data_offset = 0;
  Metadata metadata;
  std::vector<Tensor> tensors;  // in the file's order; their bytes are within the file and do not overlap
};

// `file` is the file's name in messages. `bytes` is a view of `mapping`, if that is not nullptr.
Header read_header(std::span<const std::byte> bytes, const std::string& file, const MappedFile* mapping = nullptr);

}  // namespace rocmforge::gguf
