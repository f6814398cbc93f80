#include "text/jinja/text_object.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"

namespace rocmforge::text::jinja {
namespace {

TextBuffer* make_buffer(TemplateMemory& memory, std::size_t capacity) {
  TextBuffer buffer;
  buffer.is_growable = true;
  buffer.capacity = static_cast<std::uint32_t>(capacity);
  if (capacity != 0) buffer.bytes = static_cast<char*>(memory.allocate(capacity));
  return memory.make(buffer);
}

void reserve(TemplateMemory& memory, TextBuffer& buffer, std::size_t more) {
  const std::size_t limit = memory.limits().text_bytes;
  if (more > limit || buffer.used > limit - more) memory.refuse_text();
  const std::size_t needed = buffer.used + more;
  if (needed <= buffer.capacity) return;
  const std::size_t capacity = std::min(std::max<std::size_t>(needed, 64) + needed / 2, limit);
  buffer.bytes = static_cast<char*>(memory.grow(buffer.bytes, buffer.capacity, capacity));
  buffer.capacity = static_cast<std::uint32_t>(capacity);
}

void append_bytes(TemplateMemory& memory, TextBuffer& buffer, std::string_view text) {
  if (text.empty()) return;
  reserve(memory, buffer, text.size());
  std::memcpy(buffer.bytes + buffer.used, text.data(), text.size());
  buffer.used += static_cast<std::uint32_t>(text.size());
}

void mark_data(TemplateMemory& memory, TextBuffer& buffer, std::uint32_t begin, std::uint32_t end) {
  if (begin == end) return;
  if (buffer.data_count != 0 && buffer.data[buffer.data_count - 1].end == begin) {
    buffer.data[buffer.data_count - 1].end = end;
    return;
  }
  if (buffer.data_count == buffer.data_capacity) {
    const std::uint32_t capacity = std::max<std::uint32_t>(4, 2 * buffer.data_capacity);
    buffer.data = static_cast<ByteRange*>(
        memory.grow(buffer.data, buffer.data_capacity * sizeof(ByteRange), std::size_t{capacity} * sizeof(ByteRange)));
    buffer.data_capacity = capacity;
  }
  buffer.data[buffer.data_count++] = {begin, end};
}

// Appends a string, which may be a window on this very buffer.
void append_string(TemplateMemory& memory, TextBuffer& buffer, const Object& string) {
  if (string.size == 0) return;
  const std::uint32_t start = buffer.used;
  reserve(memory, buffer, string.size);
  std::memcpy(buffer.bytes + start, string.buffer->bytes + string.begin, string.size);
  buffer.used += string.size;
  buffer.is_ascii = buffer.is_ascii && (string.buffer->is_ascii || is_ascii(view(string)));
  if (string.buffer->data_count == 0) return;
  if (string.buffer != &buffer) {
    for_each_data_range(string, [&](ByteRange r) { mark_data(memory, buffer, start + r.begin, start + r.end); });
    return;
  }
  // Marking may reallocate the ranges that are being read, so they are read by index, and only those that existed
  // before.
  const std::uint32_t count = buffer.data_count;
  const std::uint32_t end = string.begin + string.size;
  for (std::uint32_t i = 0; i < count; ++i) {
    const ByteRange r = buffer.data[i];
    const std::uint32_t from = std::max(r.begin, string.begin);
    const std::uint32_t to = std::min({r.end, end, start});
    if (from < to) mark_data(memory, buffer, start + from - string.begin, start + to - string.begin);
  }
}

Object window(TextBuffer* buffer, std::uint32_t begin, std::uint32_t size) {
  Object string(Kind::kString);
  string.buffer = buffer;
  string.begin = begin;
  string.size = size;
  return string;
}

}  // namespace

bool is_ascii(std::string_view text) {
  std::uint64_t seen = 0;
  while (text.size() >= sizeof seen) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    seen |= word;
    text.remove_prefix(sizeof word);
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & 0x8080808080808080u) == 0;
}

std::size_t find_first(TemplateMemory& memory, std::string_view text, std::string_view pattern, std::size_t at) {
  if (at > text.size()) return std::string_view::npos;
  if (pattern.empty()) return at;
  if (pattern.size() > text.size() - at) return std::string_view::npos;
  // Unlike string_view::find, memmem takes linear time for any input.
  const void* const found = memmem(text.data() + at, text.size() - at, pattern.data(), pattern.size());
  const std::size_t place =
      found == nullptr ? text.size() : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  memory.charge_bytes(place - at);
  return found == nullptr ? std::string_view::npos : place;
}

std::size_t find_last(TemplateMemory& memory, std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return std::string_view::npos;
  // Searches piece by piece and charges steps for each piece, so that a long search can be stopped: every position may
  // compare as many bytes as the pattern has.
  constexpr std::size_t kPlaces = 64;
  std::size_t end = text.size() - pattern.size() + 1;
  while (end != 0) {
    const std::size_t begin = end > kPlaces ? end - kPlaces : 0;
    memory.charge(1 + pattern.size() / 64);
    const std::string_view piece = text.substr(begin, end - 1 - begin + pattern.size());
    const std::size_t found = piece.rfind(pattern);
    if (found != std::string_view::npos) return begin + found;
    end = begin;
  }
  return std::string_view::npos;
}

std::span<const ByteRange> data_from(const TextBuffer& buffer, std::uint32_t position) {
  const std::span<const ByteRange> all(buffer.data, buffer.data_count);
  if (all.size() <= 1) return all.empty() || all[0].end > position ? all : all.subspan(1);
  const auto first = std::ranges::upper_bound(all, position, {}, &ByteRange::end);
  return {first, all.end()};
}

Object substring(const Object& string, std::size_t begin, std::size_t end) {
  Object part = string;
  part.begin = string.begin + static_cast<std::uint32_t>(begin);
  part.size = static_cast<std::uint32_t>(end - begin);
  return part;
}

bool has_data(const Object& string) {
  bool found = false;
  for_each_data_range(string, [&](ByteRange) { found = true; });
  return found;
}

Origin origin_of(const Object& object) {
  if (!object.is_string()) return object.origin;
  return has_data(object) ? Origin::kContext : Origin::kTemplate;
}

Object make_text(TemplateMemory& memory, std::string_view text, Origin origin) {
  if (text.size() > memory.limits().text_bytes) memory.refuse_text();
  TextBuffer* const buffer = make_buffer(memory, text.size());
  buffer->is_growable = false;
  append_bytes(memory, *buffer, text);
  buffer->is_ascii = is_ascii(text);
  if (origin == Origin::kContext && !text.empty()) {
    buffer->data = memory.make(ByteRange{0, buffer->used});
    buffer->data_count = buffer->data_capacity = 1;
  }
  return window(buffer, 0, buffer->used);
}

Object concatenated(TemplateMemory& memory, const Object& left, const Object& right) {
  if (right.size == 0) return left;
  if (left.size == 0) return right;
  memory.charge_bytes(right.size);
  if (left.buffer->is_growable && left.begin + left.size == left.buffer->used) {
    append_string(memory, *left.buffer, right);
    return window(left.buffer, left.begin, left.size + right.size);
  }
  memory.charge_bytes(left.size);
  // Reserves room for further parts of a chain a + b + c.
  const std::size_t size = std::size_t{left.size} + right.size;
  TextBuffer* const buffer = make_buffer(memory, size < 4096 ? 32 + size + size / 2 : size);
  append_string(memory, *buffer, left);
  append_string(memory, *buffer, right);
  return window(buffer, 0, buffer->used);
}

std::size_t length_of(const Object& string) {
  if (string.buffer->is_ascii) return string.size;
  const std::string_view bytes = view(string);
  return static_cast<std::size_t>(
      std::ranges::count_if(bytes, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::size_t byte_offset(const Object& string, std::size_t code_point) {
  if (string.buffer->is_ascii) return std::min<std::size_t>(code_point, string.size);
  const std::string_view bytes = view(string);
  std::size_t at = 0;
  for (; code_point != 0 && at < bytes.size(); --code_point) at += first_code_point(bytes.substr(at)).length;
  return at;
}

std::size_t code_point_at(const Object& string, std::size_t offset) { return length_of(substring(string, 0, offset)); }

TextBuilder::TextBuilder(TemplateMemory& memory) : memory_(memory), buffer_(make_buffer(memory, 0)) {}

void TextBuilder::append(const Object& string) {
  memory_.charge_bytes(string.size);
  append_string(memory_, *buffer_, string);
}

void TextBuilder::append(std::string_view text, Origin origin) {
  const std::uint32_t start = buffer_->used;
  memory_.charge_bytes(text.size());
  append_bytes(memory_, *buffer_, text);
  buffer_->is_ascii = buffer_->is_ascii && is_ascii(text);
  if (origin == Origin::kContext) mark_data(memory_, *buffer_, start, buffer_->used);
}

void TextBuilder::append_repeated(std::string_view text, std::size_t count, Origin origin) {
  for (std::size_t i = 0; i < count; ++i) append(text, origin);
}

Object TextBuilder::text() const { return window(buffer_, 0, buffer_->used); }

}  // namespace rocmforge::text::jinja
