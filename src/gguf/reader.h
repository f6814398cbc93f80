// A model's GGUF file, or all files of a model that is split, open for reading.
//
// Opening reads the headers once and checks everything in them; nothing is copied, and names, values and tensors are
// views of the mapped files. Whatever a file holds, opening it ends in a model that is sound or in an Error that names
// the file and the key, tensor or byte, in bounded time and memory (limits.h). Threads may share an open file.
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

  // Of a split model any part may be named; the others are found beside it.
  static File open(const std::string& path);

  // A file that is in memory already and stays there; `name` stands for its path in messages. Never looks for other
  // parts.
  static File from_memory(std::span<const std::byte> bytes, const std::string& name);

  // The path of the only or the first part.
  const std::string& path() const { return parts_.front().path; }
  std::span<const Part> parts() const { return parts_; }

  // The first part's, which has all keys.
  const Metadata& metadata() const { return metadata_; }

  // In the files' order, part after part.
  std::span<const Tensor> tensors() const { return tensors_; }

  // nullptr when there is none.
  const Tensor* find_tensor(std::string_view name) const;

  // An Error, with the nearest name as a hint, when there is none.
  const Tensor& tensor(std::string_view name) const;

  // Where the tensor's bytes begin in its part.
  std::uint64_t offset_in_part(const Tensor& tensor) const;

  // Advice that a part of the tensor's bytes will be read soon, or that the memory it takes may be given back. It can
  // still be read after release(), from the disk again.
  void will_need(const Tensor& tensor, std::uint64_t offset = 0, std::uint64_t length = kToTheEnd) const noexcept;
  void release(const Tensor& tensor, std::uint64_t offset = 0, std::uint64_t length = kToTheEnd) const noexcept;

  // Throws when `output` is one of the model's files, by whatever name or link. To be called before a command writes
  // there.
  void refuse_to_overwrite(const std::string& output) const;

  // Throws when a file has lost bytes since it was opened. To be called before trusting results that were read from it.
  void check_intact() const;

 private:
  static constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

  File() = default;
  void add_part(const std::string& path, std::span<const std::byte> bytes, Header header);
  void open_parts(const std::string& path, const Metadata& metadata);
  void index_tensors();

  std::vector<MappedFile> mappings_;               // as many as parts, or none for a file in memory
  std::vector<std::span<const std::byte>> bytes_;  // of each part
  std::vector<Part> parts_;
  Metadata metadata_;
  std::vector<Tensor> tensors_;
  NameIndex index_;
};

}  // namespace rocmforge::gguf
