// Opens a model's GGUF file, or all files of a split model, for reading.
//
// Opening reads the headers once and checks everything in them. Nothing is copied: names, values and tensors are views
// of the mapped files. Whatever a file contains, opening it gives either a valid model or an Error that names the file
// and the key, tensor or byte, in bounded time and memory (limits.h). Several threads may use an open file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "gguf/header.h"
#include "gguf/metadata.h"
#include "gguf/name_index.h"
#include "gguf/tensor.h"

namespace rocmforge::gguf {

class File {
 public:
  // One of a model's files.
  struct Part {
    std::string path;
    std::uint64_t size = 0;
    std::uint32_t version = 0;
    std::uint64_t alignment = 0;
    std::uint64_t data_offset = 0;
  };

  // For a split model, `path` may be any part; the others are expected in the same folder.
  static File open(const std::string& path);

  // Opens a file that is in memory. Requires: `bytes` outlive the File. `name` is used as its path in messages. Never
  // looks for other parts.
  static File from_memory(std::span<const std::byte> bytes, const std::string& name);

  // Returns the path of the first (or only) part.
  const std::string& path() const { return parts_.front().path; }
  std::span<const Part> parts() const { return parts_; }

  // Returns the metadata of the first part, which has all keys.
  const Metadata& metadata() const { return metadata_; }

  // Returns the tensors in the files' order, part after part.
  std::span<const Tensor> tensors() const { return tensors_; }

  // Returns nullptr if there is no such tensor.
  const Tensor* find_tensor(std::string_view name) const;

  // Throws Error, with the nearest name as a hint, if there is no such tensor.
  const Tensor& tensor(std::string_view name) const;

  // Returns the offset of the tensor's first byte in its part.
  std::uint64_t offset_in_part(const Tensor& tensor) const;

  // Advise the system that a range of the tensor's bytes will be read soon, or that its memory may be released. Bytes
  // can still be read after release(); they are then read from the disk again.
  void will_need(const Tensor& tensor, std::uint64_t offset = 0, std::uint64_t length = kToTheEnd) const noexcept;
  void release(const Tensor& tensor, std::uint64_t offset = 0, std::uint64_t length = kToTheEnd) const noexcept;

  // Throws Error if `output` is one of the model's files, under any name or link. Call it before a command writes to
  // `output`.
  void refuse_to_overwrite(const std::string& output) const;

  // Throws Error if a file has lost bytes since it was opened. Call it before trusting results that were read from it.
  void check_intact() const;

 private:
  static constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

  File() = default;
  void add_part(const std::string& path, std::span<const std::byte> bytes, Header header);
  void open_parts(const std::string& path, const Metadata& metadata);
  void index_tensors();

  std::vector<MappedFile> mappings_;               // one per part, or none for a file in memory
  std::vector<std::span<const std::byte>> bytes_;  // of each part
  std::vector<Part> parts_;
  Metadata metadata_;
  std::vector<Tensor> tensors_;
  NameIndex index_;
};

}  // namespace rocmforge::gguf
