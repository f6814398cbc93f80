// Builds GGUF files byte by byte, including malformed ones that the writer would never write.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gguf/value.h"

namespace rocmforge::testing {

// Returns the bytes of a number as the file stores them.
template <typename T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Returns a length of 8 bytes and the text.
inline std::string raw_string(std::string_view text) { return raw(std::uint64_t{text.size()}).append(text); }

class GgufBytes {
 public:
  GgufBytes& magic(std::string_view magic) { return magic_ = magic, *this; }
  GgufBytes& version(std::uint32_t version) { return version_ = version, *this; }
  GgufBytes& alignment(std::uint64_t alignment) {
    return alignment_ = alignment, *this;
  }  // aligns the data, does not write the key

  // Sets the counts that the header claims instead of the true ones.
  GgufBytes& claim_keys(std::uint64_t count) { return claimed_keys_ = count, *this; }
  GgufBytes& claim_tensors(std::uint64_t count) { return claimed_tensors_ = count, *this; }

  GgufBytes& key(std::string_view key, std::uint32_t type, std::string_view encoded) {
    keys_.append(raw_string(key)).append(raw(type)).append(encoded);
    ++key_count_;
    return *this;
  }
  template <gguf::FileNumber T>
  GgufBytes& number(std::string_view name, T value) {
    return key(name, static_cast<std::uint32_t>(gguf::number_type<T>()), raw(value));
  }
  GgufBytes& boolean(std::string_view name, std::uint8_t value) { return key(name, 7, raw(value)); }
  GgufBytes& string(std::string_view name, std::string_view value) { return key(name, 8, raw_string(value)); }
  GgufBytes& array(std::string_view name, std::uint32_t type, std::uint64_t count, std::string_view elements) {
    return key(name, 9, (raw(type) + raw(count)).append(elements));
  }
  template <gguf::FileNumber T>
  GgufBytes& numbers(std::string_view name, std::initializer_list<T> values) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
    return array(name, static_cast<std::uint32_t>(gguf::number_type<T>()), values.size(), bytes);
  }
  GgufBytes& strings(std::string_view name, std::initializer_list<std::string_view> values) {
    std::string elements;
    for (const std::string_view value : values) elements += raw_string(value);
    return array(name, 8, values.size(), elements);
  }

  GgufBytes& tensor_at(std::string_view name, std::uint32_t type, std::initializer_list<std::uint64_t> shape,
                       std::uint64_t offset) {
    tensors_.append(raw_string(name)).append(raw(static_cast<std::uint32_t>(shape.size())));
    for (const std::uint64_t dimension : shape) tensors_ += raw(dimension);
    tensors_.append(raw(type)).append(raw(offset));
    ++tensor_count_;
    return *this;
  }
  // Adds the next tensor with its data.
  GgufBytes& tensor(std::string_view name, std::uint32_t type, std::initializer_list<std::uint64_t> shape,
                    std::string_view data) {
    tensor_at(name, type, shape, data_.size());
    data_.append(data).append(padding(data_.size()));
    return *this;
  }
  GgufBytes& data(std::string_view bytes) { return data_.append(bytes), *this; }

  std::string header() const {
    return magic_ + raw(version_) + raw(claimed_tensors_.value_or(tensor_count_)) +
           raw(claimed_keys_.value_or(key_count_)) + keys_ + tensors_;
  }
  std::string bytes() const {
    const std::string front = header();
    return front + padding(front.size()) + data_;
  }

 private:
  std::string padding(std::size_t size) const {
    return std::string((alignment_ - size % alignment_) % alignment_, '\0');
  }

  std::string magic_ = "GGUF";
  std::uint32_t version_ = 3;
  std::uint64_t alignment_ = 32;
  std::optional<std::uint64_t> claimed_keys_, claimed_tensors_;
  std::uint64_t key_count_ = 0, tensor_count_ = 0;
  std::string keys_, tensors_, data_;
};

// Returns a valid file with every kind of value and two tensors, as a base for malformed ones.
inline GgufBytes small_gguf() {
  GgufBytes file;
  file.string("general.architecture", "llama")
      .string("general.name", "Tiny")
      .number<std::uint32_t>("llama.block_count", 2)
      .number<float>("llama.rope.freq_base", 10000.0f)
      .boolean("tokenizer.ggml.add_bos_token", 1)
      .strings("tokenizer.ggml.tokens", {"<s>", "", "caf\xc3\xa9"})
      .numbers<float>("tokenizer.ggml.scores", {0.0f, -1.0f, -2.5f})
      .numbers<std::int32_t>("tokenizer.ggml.token_type", {3, 1, 1});
  file.tensor("token_embd.weight", 0, {4, 3}, std::string(48, 'e'));
  file.tensor("output.weight", 2, {32, 3}, std::string(54, 'o'));
  return file;
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace rocmforge::testing
