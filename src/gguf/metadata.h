// The metadata of a model, by key and type.
//
// T in the typed access functions is bool, an integer of 8 to 64 bits, float, double, std::string, std::string_view (a
// view of the file), or a std::vector of one of them. An integer may be read from any integer type that can hold it,
// and float and double from either. If a value has another type or is out of range, the functions throw an Error that
// names the file, the key, what was found and what was expected. All const members may be called from several threads.
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

  // `file` is the file's name in messages. Throws Error if a key occurs twice.
  Metadata(std::string file, std::vector<Entry> entries);

  // Returns the file's name for messages.
  const std::string& file() const { return file_; }

  // Returns the entries in the file's order.
  std::span<const Entry> entries() const { return entries_; }

  // Returns nullptr if there is no such key.
  const Value* value(std::string_view key) const;
  bool contains(std::string_view key) const { return value(key) != nullptr; }

  // Returns an empty optional if there is no such key.
  template <typename T>
  std::optional<T> find(std::string_view key) const;

  // Throws Error if there is no such key.
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

  // Returns one value per layer: the file has either an array of that length or one value for all layers. Returns an
  // empty vector if there is no such key.
  template <typename T>
  std::vector<T> per_layer(std::string_view key, std::size_t layers) const;

 private:
  Error missing(std::string_view key) const;

  std::string file_;
  std::vector<Entry> entries_;
  NameIndex index_;
};

}  // namespace rocmforge::gguf
