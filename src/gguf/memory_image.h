// A model file in memory that is never written: its header, and memory for the tensors' bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "gguf/metadata_builder.h"
#include "gguf/writer.h"

namespace rocmforge::gguf {

class MemoryImage {
 public:
  // The tensors' bytes are uninitialized. Throws Error if there is not enough memory.
  MemoryImage(const MetadataBuilder& metadata, std::span<const TensorSpec> tensors);

  std::span<std::byte> tensor(std::size_t number) {
    return {bytes_.get() + locations_[number].offset, locations_[number].size};
  }

  // The image for File::from_memory(), which keeps views of it.
  std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }

 private:
  struct TensorLocation {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  std::vector<TensorLocation> locations_;
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace rocmforge::gguf
