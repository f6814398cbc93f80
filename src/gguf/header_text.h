// Builds the bytes of a file's header, which the writer puts before the tensors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gguf/limits.h"
#include "gguf/metadata_builder.h"
#include "gguf/tensor.h"
#include "gguf/writer.h"

namespace rocmforge::gguf {

inline std::uint64_t padded(std::uint64_t size, std::uint64_t alignment) {
  const std::uint64_t rest = size % alignment;
  return rest == 0 ? size : size + (alignment - rest);
}

// Returns the alignment of the tensors' data. Throws Error if the metadata states an invalid one.
std::uint64_t alignment_of(const MetadataBuilder& metadata);

class HeaderText {
 public:
  // Begins the header of a file with these keys and `tensors` tensors, which must be added in order.
  HeaderText(const MetadataBuilder& metadata, std::uint64_t tensors) {
    number(kNewestVersion);
    number(tensors);
    number(std::uint64_t{metadata.entries().size()});
    for (const MetadataBuilder::Entry& entry : metadata.entries()) this->entry(entry);
  }

  void tensor(const TensorSpec& tensor, std::uint64_t offset) {
    string(tensor.name);
    number(static_cast<std::uint32_t>(tensor.shape.rank()));
    for (const std::uint64_t dimension : tensor.shape.dimensions()) number(dimension);
    number(static_cast<std::uint32_t>(tensor.format->id));
    number(offset);
  }
  void pad(std::uint64_t alignment) { text_.resize(padded(text_.size(), alignment)); }

  const std::string& text() const { return text_; }

 private:
  template <typename T>
  void number(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void string(std::string_view value) {
    number(std::uint64_t{value.size()});
    text_ += value;
  }
  void entry(const MetadataBuilder::Entry& entry) {
    string(entry.key);
    number(static_cast<std::uint32_t>(entry.type));
    text_ += entry.encoded;
  }

  std::string text_ = "GGUF";
};

}  // namespace rocmforge::gguf
