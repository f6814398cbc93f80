// Text that remembers which of its bytes came from the context.
//
// A string object is a window on a buffer; the buffer knows the ranges that are data. Slicing, trimming and splitting
// make other windows on the same buffer, so they copy nothing and keep the ranges exactly. Appending to a string that
// ends where its buffer ends, in a buffer of this render, extends the buffer: nobody sees bytes beyond their window.
// All text is valid UTF-8.
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
  bool is_growable = false;  // made by this render, so that it may extend it
  bool is_ascii = true;
  ByteRange* data = nullptr;  // sorted, disjoint, with gaps between: what came from the context
  std::uint32_t data_count = 0;
  std::uint32_t data_capacity = 0;
};

std::string_view view(const Object& string);

// The bytes [begin, end) of a string, counted from its own start.
Object substring(const Object& string, std::size_t begin, std::size_t end);

// The data ranges of the string, counted from its own start, are visited in order.
template <typename Visit>
void for_each_data_range(const Object& string, Visit visit);

bool has_data(const Object& string);
Origin origin_of(const Object& object);  // of a string kContext if any byte is data

// A string of one origin.
Object make_text(Workspace& work, std::string_view text, Origin origin = Origin::kTemplate);

Object concatenated(Workspace& work, const Object& left, const Object& right);

bool is_ascii(std::string_view text);

// The first place of the pattern from `at` on, and the last before `end`; npos when there is none. Neither takes long
// for texts that are made to.
std::size_t find_first(Workspace& work, std::string_view text, std::string_view pattern, std::size_t at = 0);
std::size_t find_last(Workspace& work, std::string_view text, std::string_view pattern);

// By code points, as Python counts.
std::size_t length_of(const Object& string);
std::size_t byte_offset(const Object& string, std::size_t code_point);
std::size_t code_point_at(const Object& string, std::size_t byte_offset);

// Grows a text piece by piece.
class TextBuilder {
 public:
  explicit TextBuilder(Workspace& work);

  void append(const Object& string);
  void append(std::string_view text, Origin origin);
  void append_template(std::string_view text) { append(text, Origin::kTemplate); }
  void append_repeated(std::string_view text, std::size_t count, Origin origin);

  std::size_t size() const { return buffer_->used; }
  Workspace& work() const { return work_; }
  Object text() const;

 private:
  Workspace& work_;
  TextBuffer* buffer_;
};

// ---- Implementation ----

// The first range of a buffer that ends behind `position`.
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
