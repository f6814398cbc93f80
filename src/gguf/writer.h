// Writes a GGUF file, version 3, or a model split over several: metadata and tensors are declared first, the tensors'
// bytes come in any order and from any thread, and the files appear under their names when all is there. Nothing is
// held in memory.
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
  // When to begin another file; 0 for never. A tensor larger than max_bytes has a file of its own.
  std::uint64_t max_tensors = 0;
  std::uint64_t max_bytes = 0;  // of tensors

  // Reserves no space on the disk; tensors that are not written are holes, which read as zeros.
  bool sparse = false;
};

class Writer {
 public:
  // Files that would be split are named after `path`: out.gguf becomes out-00001-of-00003.gguf and so on; what fits one
  // file is one file, called `path`. The split keys of the metadata are the writer's own. Errors: what a GGUF file
  // cannot hold (a name twice, rows that the format's blocks do not divide), a full disk, a folder that is not there.
  Writer(const std::string& path, const MetadataBuilder& metadata, std::span<const TensorSpec> tensors,
         WriterOptions options = {});

  // Bytes of the tensor's data.
  std::uint64_t size_of(std::size_t tensor) const { return places_[tensor].size; }

  // Of all files together.
  std::uint64_t total_bytes() const { return total_bytes_; }

  // The files that finish() makes.
  std::vector<std::string> paths() const;

  // Bytes of the tensor with that number, in the order of the declarations. Any number of threads at once.
  void write_at(std::size_t tensor, std::uint64_t offset, std::span<const std::byte> bytes);

  // Every byte of every tensor must have been written, once, unless the file is sparse.
  void finish();

 private:
  struct Place {
    std::size_t part = 0;
    std::uint64_t offset = 0;  // from the data's start, and from open_part() on from the file's
    std::uint64_t size = 0;
    std::uint64_t padded_size = 0;
  };
  // Tensors first to last-1, in one file.
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
  std::vector<Place> places_;
  std::vector<std::unique_ptr<AtomicFile>> files_;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t tensor_bytes_ = 0;
  std::atomic<std::uint64_t> written_ = 0;
};

}  // namespace rocmforge::gguf
