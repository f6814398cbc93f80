// Importance matrices: for every weight matrix the mean square of each input column over a calibration text.
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
  // Reads llama.cpp's GGUF form, or its old binary form, which a file without the GGUF magic is taken for.
  static ImportanceMatrix load(const std::string& path);

  // The old form, in memory; `name` stands for its path in messages.
  static ImportanceMatrix from_old_form(std::span<const std::byte> bytes, const std::string& name);

  // One importance a column, matrix after matrix for stacked experts; empty where the tensor has no entry.
  std::span<const float> find(std::string_view tensor) const;

  std::size_t entries() const { return values_.size(); }
  const std::string& path() const { return path_; }
  const std::string& dataset() const { return dataset_; }  // the first one; may be empty
  std::uint32_t chunks() const { return chunks_; }         // of the calibration text; 0 when unknown

 private:
  static ImportanceMatrix load_gguf(const std::string& path);
  void add(std::string name, std::vector<float> values);

  std::string path_;
  std::string dataset_;
  std::uint32_t chunks_ = 0;
  std::unordered_map<std::string, std::vector<float>> values_;
};

}  // namespace rocmforge::convert
