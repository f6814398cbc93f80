#include "gguf/memory_image.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"
#include "base/text.h"
#include "gguf/header_text.h"

namespace rocmforge::gguf {

MemoryImage::MemoryImage(const MetadataBuilder& metadata, std::span<const TensorSpec> tensors) {
  const std::uint64_t alignment = alignment_of(metadata);
  HeaderText header(metadata, tensors.size());
  for (const TensorSpec& tensor : tensors) {
    const StoredSize stored = stored_size(*tensor.format, tensor.shape);
    if (!stored.fault.empty()) throw error(ErrorCode::kUsage, "tensor '{}' {}", printable(tensor.name), stored.fault);
    header.tensor(tensor, size_);
    locations_.push_back({size_, stored.bytes});
    size_ += padded(stored.bytes, alignment);
  }
  header.pad(alignment);
  for (TensorLocation& location : locations_) location.offset += header.text().size();
  size_ += header.text().size();
  try {
    bytes_.reset(new std::byte[size_]);
  } catch (const std::bad_alloc&) {
    throw error(ErrorCode::kOutOfMemory, "no memory for a model of {}", format_bytes(size_));
  }
  std::ranges::copy(std::as_bytes(std::span(header.text())), bytes_.get());
}

}  // namespace rocmforge::gguf
