// Reads and writes NumPy's .npy files (format 1.0 and 2.0) for float32 arrays in C order, the format of exported logits
// and dequantized tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"

namespace rocmforge {

struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<float> values;  // in C order: the last dimension is contiguous
};

// Reads an array; only tests do. Throws Error unless the file is a complete little-endian float32 array in C order.
NpyArray read_npy(const std::string& path);

// Writes an array of a known shape piece by piece, without holding all of it in memory. The file appears on commit().
class NpyWriter {
 public:
  NpyWriter(std::string path, std::span<const std::size_t> shape);

  void append(std::span<const float> values);

  // Requires: every value of the shape has been appended.
  void commit();

 private:
  AtomicFile file_;
  std::uint64_t missing_;
};

}  // namespace rocmforge
