// Zeroed host memory for large buffers, in pages of its own; in huge pages if the system provides them.
#pragma once

#include <cstddef>

#include "ops/backend.h"

namespace rocmforge::cpu {

// The constructor throws Error(kOutOfMemory) with the size if there is not enough memory.
class HostMemory final : public ops::Buffer {
 public:
  explicit HostMemory(std::size_t bytes);
  ~HostMemory() override;

  std::byte* data() const override { return data_; }
  std::size_t size() const override { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rocmforge::cpu
