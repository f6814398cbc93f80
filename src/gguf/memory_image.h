// A model's file that is made in memory and never written: its header, and room for the tensors' bytes.
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
  // The tensors' bytes are whatever they are until they are set. An Error when there is no memory for them.
  MemoryImage(const MetadataBuilder& metadata, std::span<const TensorSpec> tensors);

  std::span<std::byte> tensor(std::size_t number) {
    return {bytes_.get() + places_[number].offset, places_[number].size};
  }

  // To be opened by File::from_memory(), which keeps views of it.
  std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }

 private:
  struct Place {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  std::vector<Place> places_;
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace rocmforge::gguf
