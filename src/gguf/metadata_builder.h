// Builds the metadata of a file to be written: keys in order, each with its encoded value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gguf/metadata.h"
#include "gguf/value.h"

namespace rocmforge::gguf {

// Setting an existing key replaces its value and keeps its position. Numbers are stored with exactly the type with
// which they are given; other programs refuse a key whose type is not the one that they expect.
class MetadataBuilder {
 public:
  struct Entry {
    std::string key;
    ValueType type;
    std::string encoded;  // the bytes that follow the type in the file
  };

  std::span<const Entry> entries() const { return entries_; }
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  template <FileNumber T>
  void set(std::string_view key, T value) {
    put(key, number_type<T>(), {reinterpret_cast<const char*>(&value), sizeof value});
  }
  template <std::same_as<bool> T>
  void set(std::string_view key, T value) {
    put(key, ValueType::kBool, std::string(1, value ? '\1' : '\0'));
  }
  void set(std::string_view key, std::string_view value);

  template <FileNumber T>
  void set_array(std::string_view key, std::span<const T> values) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    put_array(key, number_type<T>(), values.size(), bytes);
  }
  template <FileNumber T>
  void set_array(std::string_view key, const std::vector<T>& values) {
    set_array(key, std::span<const T>(values));
  }
  void set_array(std::string_view key, const std::vector<bool>& values);
  void set_array(std::string_view key, std::span<const std::string_view> values);
  void set_array(std::string_view key, std::span<const std::string> values);

  // Copies a value of a file that was read, unchanged.
  void copy(std::string_view key, const Value& value) { put(key, value.type(), value.encoded()); }
  void copy(const Metadata& metadata);
  void copy(const Entry& entry) { put(entry.key, entry.type, entry.encoded); }

  void erase(std::string_view key);

  // Returns the value of a key that was set to an integer of any type.
  std::optional<std::uint64_t> unsigned_value(std::string_view key) const;

 private:
  const Entry* find(std::string_view key) const;
  void put(std::string_view key, ValueType type, std::string encoded);
  void put_array(std::string_view key, ValueType type, std::uint64_t count, std::string_view elements);

  std::vector<Entry> entries_;
};

}  // namespace rocmforge::gguf
