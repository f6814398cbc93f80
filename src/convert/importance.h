// Reads importance matrices: for every weight matrix, the mean square of each input column over a calibration text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rocmforge::convert {

class ImportanceMatrix {
 public:
  // Reads llama.cpp's GGUF format, or its old binary format if the file does not begin with the GGUF magic.
  static ImportanceMatrix load(const std::string& path);

  // Parses the old format in memory; `name` is used as the path in messages.
  static ImportanceMatrix from_old_form(std::span<const std::byte> bytes, const std::string& name);

  // Returns one importance per column, matrix after matrix for stacked experts; empty if the tensor has no entry.
  std::span<const float> find(std::string_view tensor) const;

  std::size_t entries() const { return values_.size(); }
  const std::string& path() const { return path_; }
  const std::string& dataset() const { return dataset_; }  // the first data set; may be empty
  std::uint32_t chunks() const { return chunks_; }         // of the calibration text; 0 if unknown

 private:
  static ImportanceMatrix load_gguf(const std::string& path);
  void add(std::string name, std::vector<float> values);

  std::string path_;
  std::string dataset_;
  std::uint32_t chunks_ = 0;
  std::unordered_map<std::string, std::vector<float>> values_;
};

}  // namespace rocmforge::convert
