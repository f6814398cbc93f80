// Reads a header from front to back and never beyond its end: every length is held against what is left before it is
// used.
//
// Errors say which key or tensor was being read; the caller tells the cursor by begin() and known_as().
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

// The hint where a file holds less than it says.
inline constexpr const char* kIncompleteFile = "the download may be incomplete, or the file damaged";

class HeaderCursor {
 public:
  // `file` names the file in messages. With a mapping, pages that lie behind are released on the way, so that reading
  // even the largest header keeps little of it in memory.
  HeaderCursor(std::span<const std::byte> bytes, std::string_view file, const MappedFile* mapping = nullptr)
      : bytes_(bytes), file_(file), mapping_(mapping) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return bytes_.size() - position_; }
  std::string_view file() const { return file_; }

  // What is read next belongs to `kind` ("key", "tensor") number `number` of `count`, from 1 on, until its name is
  // known.
  void begin(std::string_view kind, std::uint64_t number, std::uint64_t count);
  void known_as(std::string_view name) { name_ = name; }

  // `part` names what is read, for "ends within PART of key 'general.name'".
  template <typename T>
  T read(std::string_view part) {
    const std::span<const std::byte> raw = take(sizeof(T), part);
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  // `count` bytes, not looked at.
  std::span<const std::byte> take(std::uint64_t count, std::string_view part);

  // A length of 8 bytes and as many characters, at most `limit`.
  std::span<const std::byte> take_string(std::uint64_t limit, std::string_view part);

  // What was read from `position` to here.
  std::span<const std::byte> taken_since(std::uint64_t position) const {
    return bytes_.subspan(position, position_ - position);
  }

  // One more string or array within an array, of which a file may have only so many.
  void count_array_item();

  // "FILE: key 'x' MESSAGE", or "FILE: MESSAGE" outside of keys and tensors.
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

// The value of the type, checked to its end: lengths, the types of array elements, the depth of nested arrays.
Value read_value(HeaderCursor& cursor, ValueType type);

// A number that stands for a type.
ValueType read_value_type(HeaderCursor& cursor);

}  // namespace rocmforge::gguf
