// Text that records which of its bytes came from the context.
//
// A string object is a window on a buffer, and the buffer records the ranges that are data. Slicing, trimming and
// splitting make other windows on the same buffer, so they copy nothing and keep the ranges exactly. Appending to a
// string that ends where its buffer ends, in a buffer of this render, extends the buffer: nobody sees bytes beyond
// their window. All text is valid UTF-8.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

struct ByteRange {
  std::uint32_t begin, end;
};

struct TextBuffer {
  char* bytes = nullptr;
  std::uint32_t used = 0;
  std::uint32_t capacity = 0;
  bool is_growable = false;  // made by this render, which may extend it
  bool is_ascii = true;
  ByteRange* data = nullptr;  // ranges that came from the context; sorted, with gaps between them
  std::uint32_t data_count = 0;
  std::uint32_t data_capacity = 0;
};

std::string_view view(const Object& string);

// Returns the bytes [begin, end) of a string, counted from its own start.
Object substring(const Object& string, std::size_t begin, std::size_t end);

// Calls visit() for each data range of the string in order, with offsets from the string's own start.
template <typename Visit>
void for_each_data_range(const Object& string, Visit visit);

bool has_data(const Object& string);
Origin origin_of(const Object& object);  // of a string: kContext if any byte is data

// Returns a new string of one origin.
Object make_text(TemplateMemory& memory, std::string_view text, Origin origin = Origin::kTemplate);

Object concatenated(TemplateMemory& memory, const Object& left, const Object& right);

bool is_ascii(std::string_view text);

// Return the position of the first occurrence of the pattern at or after `at`, and of the last occurrence; npos if
// there is none. find_first takes linear time; find_last charges steps for its comparisons, which may be as many as the
// product of both lengths.
std::size_t find_first(TemplateMemory& memory, std::string_view text, std::string_view pattern, std::size_t at = 0);
std::size_t find_last(TemplateMemory& memory, std::string_view text, std::string_view pattern);

// These count code points, as Python does.
std::size_t length_of(const Object& string);
std::size_t byte_offset(const Object& string, std::size_t code_point);
std::size_t code_point_at(const Object& string, std::size_t byte_offset);

// Builds a text piece by piece.
class TextBuilder {
 public:
  explicit TextBuilder(TemplateMemory& memory);

  void append(const Object& string);
  void append(std::string_view text, Origin origin);
  void append_template(std::string_view text) { append(text, Origin::kTemplate); }
  void append_repeated(std::string_view text, std::size_t count, Origin origin);

  std::size_t size() const { return buffer_->used; }
  TemplateMemory& memory() const { return memory_; }
  Object text() const;

 private:
  TemplateMemory& memory_;
  TextBuffer* buffer_;
};

// ---- Implementation ----

// Returns the buffer's data ranges from the first one that ends after `position`.
std::span<const ByteRange> data_from(const TextBuffer& buffer, std::uint32_t position);

template <typename Visit>
void for_each_data_range(const Object& string, Visit visit) {
  const std::uint32_t end = string.begin + string.size;
  for (const ByteRange& range : data_from(*string.buffer, string.begin)) {
    if (range.begin >= end) break;
    const std::uint32_t from = range.begin > string.begin ? range.begin - string.begin : 0;
    visit(ByteRange{from, (range.end < end ? range.end : end) - string.begin});
  }
}

inline std::string_view view(const Object& string) { return {string.buffer->bytes + string.begin, string.size}; }

}  // namespace rocmforge::text::jinja
