// Reads a header from front to back and never beyond its end: every length is compared with the remaining bytes before
// it is used.
//
// Errors say which key or tensor was being read. The caller sets it with begin() and known_as().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"
#include "gguf/limits.h"
#include "gguf/value.h"

namespace rocmforge::gguf {

// The hint for a file that is shorter than its header says.
inline constexpr const char* kIncompleteFile = "the download may be incomplete, or the file damaged";

class HeaderCursor {
 public:
  // `file` is the file's name in messages. With a mapping, pages that have been read are released, so that even the
  // largest header keeps little memory in use.
  HeaderCursor(std::span<const std::byte> bytes, std::string_view file, const MappedFile* mapping = nullptr)
      : bytes_(bytes), file_(file), mapping_(mapping) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return bytes_.size() - position_; }
  std::string_view file() const { return file_; }

  // States that what is read next belongs to number `number` (from 1) of `count` things of a kind ("key", "tensor"),
  // until known_as() sets its name.
  void begin(std::string_view kind, std::uint64_t number, std::uint64_t count);
  void known_as(std::string_view name) { name_ = name; }

  // `part` describes what is read, for the message "ends within PART of key 'general.name'".
  template <typename T>
  T read(std::string_view part) {
    const std::span<const std::byte> raw = take(sizeof(T), part);
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  // Takes `count` bytes without interpreting them.
  std::span<const std::byte> take(std::uint64_t count, std::string_view part);

  // Takes a string: a length of 8 bytes, at most `limit`, and as many characters.
  std::span<const std::byte> take_string(std::uint64_t limit, std::string_view part);

  // Returns the bytes from `position` to the current position.
  std::span<const std::byte> taken_since(std::uint64_t position) const {
    return bytes_.subspan(position, position_ - position);
  }

  // Counts a string or array within an array. Throws Error if there are more than kMaxArrayItems.
  void count_array_item();

  // Returns the error "FILE: key 'x' MESSAGE", or "FILE: MESSAGE" outside of keys and tensors.
  Error fault(ErrorCode code, std::string_view message, std::string hint = {}) const;

 private:
  std::string subject() const;
  Error too_short(std::string_view part) const;
  void release_behind();

  std::span<const std::byte> bytes_;
  std::string_view file_;
  const MappedFile* mapping_;
  std::uint64_t position_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t array_items_ = 0;

  std::string_view kind_;
  std::string_view name_;
  std::uint64_t number_ = 0;
  std::uint64_t count_ = 0;
};

// Reads and checks a value of the type: lengths, the types of array elements, the depth of nested arrays.
Value read_value(HeaderCursor& cursor, ValueType type);

// Reads the number of a type.
ValueType read_value_type(HeaderCursor& cursor);

}  // namespace rocmforge::gguf
