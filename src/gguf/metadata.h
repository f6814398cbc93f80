// The metadata of a model, by key and type.
//
// T of the typed access is bool, an integer of 8 to 64 bits, float, double, std::string, std::string_view (a view of
// the file), or a std::vector of one of them. Integers are taken from any integer type that holds them, float and
// double from either. What is there with another type or out of range is an Error that names the file, the key, what
// was found and what was expected. All const members may be used from several threads.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gguf/name_index.h"
#include "gguf/value.h"

namespace rocmforge::gguf {

class Metadata {
 public:
  struct Entry {
    std::string_view key;
    Value value;
  };

  Metadata() = default;

  // `file` names the file in messages. A key that is there twice is an Error.
  Metadata(std::string file, std::vector<Entry> entries);

  // The file's name, for messages.
  const std::string& file() const { return file_; }

  // In the file's order.
  std::span<const Entry> entries() const { return entries_; }

  // nullptr when there is no such key.
  const Value* value(std::string_view key) const;
  bool contains(std::string_view key) const { return value(key) != nullptr; }

  // Empty when there is no such key.
  template <typename T>
  std::optional<T> find(std::string_view key) const;

  // An Error when there is no such key.
  template <typename T>
  T get(std::string_view key) const {
    std::optional<T> value = find<T>(key);
    if (!value) throw missing(key);
    return *std::move(value);
  }

  template <typename T>
  T get_or(std::string_view key, T fallback) const {
    std::optional<T> value = find<T>(key);
    return value ? *std::move(value) : std::move(fallback);
  }

  // One value for each layer: the file has either an array of that length or one value for all. Empty when there is no
  // such key.
  template <typename T>
  std::vector<T> per_layer(std::string_view key, std::size_t layers) const;

 private:
  Error missing(std::string_view key) const;

  std::string file_;
  std::vector<Entry> entries_;
  NameIndex index_;
};

}  // namespace rocmforge::gguf
