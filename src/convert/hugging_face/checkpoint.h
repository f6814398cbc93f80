// Opens a folder as Hugging Face's libraries write it: the tensors of all its safetensors files, and its small files.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "convert/hugging_face/safetensors.h"

namespace rocmforge::convert {

class Checkpoint {
 public:
  // Throws Error, which names the folder and the file, if a shard is missing, if the index and the shards disagree, or
  // if a shard's name leads out of the folder.
  explicit Checkpoint(const std::string& folder);

  const std::string& folder() const { return folder_; }
  std::string path_of(std::string_view file) const;

  // Returns all tensors by name.
  const std::map<std::string, const StoredTensor*, std::less<>>& tensors() const { return tensors_; }
  // Returns nullptr if there is no such tensor.
  const StoredTensor* find(std::string_view name) const;

  // Returns the text of one of the folder's files, or nothing if it does not exist. Throws Error if it is too large.
  std::optional<std::string> read(std::string_view file) const;

  // Throws Error if a file has become shorter since it was opened.
  void check_intact() const;

  // Releases the memory of bytes that have been read; they can be read again.
  void release(const StoredTensor& tensor) const noexcept;

  // Throws Error if `output` is one of the folder's files.
  void refuse_to_overwrite(const std::string& output) const;

 private:
  void open_indexed(const std::string& text);
  void open_unindexed();
  SafetensorsFile& open(const std::string& file);
  void add_all(const SafetensorsFile& file);

  std::string folder_;
  std::deque<SafetensorsFile> files_;
  std::map<std::string, const StoredTensor*, std::less<>> tensors_;
};

}  // namespace rocmforge::convert
