// Writes a GGUF file, version 3, or a model split over several files. Metadata and tensors are declared first; the
// tensors' bytes may come in any order and from any thread; the files appear under their names when all is written. No
// tensor data is held in memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "gguf/metadata_builder.h"
#include "gguf/tensor.h"

namespace rocmforge::gguf {

struct TensorSpec {
  std::string name;
  const quant::Format* format = nullptr;
  Shape shape;
};

struct WriterOptions {
  // The limits at which another file begins; 0 means no limit. A tensor larger than max_bytes gets a file of its own.
  std::uint64_t max_tensors = 0;
  std::uint64_t max_bytes = 0;  // of tensors

  // Reserves no disk space. Tensors that are not written become holes, which read as zeros.
  bool sparse = false;
};

class Writer {
 public:
  // If the model is split, the files are named after `path`: out.gguf becomes out-00001-of-00003.gguf and so on. If it
  // fits into one file, that is `path`. The writer sets the split keys of the metadata. Throws Error if a GGUF file
  // cannot hold the input (a duplicate name, rows that are not a multiple of the format's blocks), if the disk is full,
  // or if the folder does not exist.
  Writer(const std::string& path, const MetadataBuilder& metadata, std::span<const TensorSpec> tensors,
         WriterOptions options = {});

  // Returns the bytes of the tensor's data.
  std::uint64_t size_of(std::size_t tensor) const { return locations_[tensor].size; }

  // Returns the size of all files together.
  std::uint64_t total_bytes() const { return total_bytes_; }

  // Returns the paths of the files that finish() creates.
  std::vector<std::string> paths() const;

  // Writes bytes of a tensor, given by its index in the order of declaration. Several threads may call it at the same
  // time.
  void write_at(std::size_t tensor, std::uint64_t offset, std::span<const std::byte> bytes);

  // Completes the files. Requires: every byte of every tensor has been written exactly once, unless the file is sparse.
  void finish();

 private:
  struct TensorLocation {
    std::size_t part = 0;
    std::uint64_t offset = 0;  // from the data's start; after open_part(), from the file's start
    std::uint64_t size = 0;
    std::uint64_t padded_size = 0;
  };
  // One file, with the tensors [first, last).
  struct Part {
    std::size_t first = 0;
    std::size_t last = 0;
    std::uint64_t data_bytes = 0;
    std::uint64_t alignment = 0;
  };

  void check(std::span<const TensorSpec> tensors) const;
  std::vector<Part> place_tensors(std::span<const TensorSpec> tensors, std::uint64_t alignment);
  void open_part(const std::string& path, const Part& part, const std::string& header);

  WriterOptions options_;
  std::vector<TensorLocation> locations_;
  std::vector<std::unique_ptr<AtomicFile>> files_;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t tensor_bytes_ = 0;
  std::atomic<std::uint64_t> written_ = 0;
};

}  // namespace rocmforge::gguf
