// A folder as Hugging Face's libraries write it: the tensors of all its safetensors files, and its small files.
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
  // Errors name the folder, the file and what is wrong with it: a shard that is missing, an index that says what the
  // shards do not have, a shard's name that leads out of the folder.
  explicit Checkpoint(const std::string& folder);

  const std::string& folder() const { return folder_; }
  std::string path_of(std::string_view file) const;

  // By name.
  const std::map<std::string, const StoredTensor*, std::less<>>& tensors() const { return tensors_; }
  // nullptr when there is none.
  const StoredTensor* find(std::string_view name) const;

  // The text of one of the folder's files; nothing when it is not there. One that is too large is an Error.
  std::optional<std::string> read(std::string_view file) const;

  // Throws when a file has lost bytes since it was opened.
  void check_intact() const;

  // Lets go of the memory of bytes that have been read; they can be read again.
  void release(const StoredTensor& tensor) const noexcept;

  // Throws when `output` is one of the folder's files.
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
