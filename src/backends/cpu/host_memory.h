// Zeroed host memory for large buffers, on pages of its own; huge ones where the system gives them.
#pragma once

#include <cstddef>

#include "ops/backend.h"

namespace rocmforge::cpu {

// Throws Error(kOutOfMemory) that names the size.
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
