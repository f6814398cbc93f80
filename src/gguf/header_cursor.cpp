#include "gguf/header_cursor.h"

#include "base/text.h"

namespace rocmforge::gguf {
namespace {

constexpr std::uint64_t kReleaseStep = 16u << 20;

}  // namespace

void HeaderCursor::begin(std::string_view kind, std::uint64_t number, std::uint64_t count) {
  kind_ = kind;
  name_ = {};
  number_ = number;
  count_ = count;
}

std::string HeaderCursor::subject() const {
  if (kind_.empty()) return "the header";
  return name_.empty() ? fmt::format("{} {} of {}", kind_, group_digits(number_), group_digits(count_))
                       : fmt::format("{} '{}'", kind_, printable(name_));
}

Error HeaderCursor::fault(ErrorCode code, std::string_view message, std::string hint) const {
  return Error(code, fmt::format("{}: {} {}", file_, subject(), message), std::move(hint));
}

Error HeaderCursor::too_short(std::string_view part) const {
  return Error(ErrorCode::kMalformed,
               fmt::format("{}: ends at byte {}, within {} of {}", file_, group_digits(bytes_.size()), part, subject()),
               kIncompleteFile);
}

std::span<const std::byte> HeaderCursor::take(std::uint64_t count, std::string_view part) {
  if (count > remaining()) throw too_short(part);
  const auto taken = bytes_.subspan(position_, count);
  position_ += count;
  if (position_ > kMaxHeaderBytes) {
    throw error(ErrorCode::kTooLarge, "{}: the header is longer than {}, which no model needs", file_,
                format_bytes(kMaxHeaderBytes));
  }
  if (mapping_ != nullptr && position_ - released_ >= kReleaseStep) release_behind();
  return taken;
}

void HeaderCursor::release_behind() {
  mapping_->release(released_, position_ - released_);
  released_ = position_;
}

std::span<const std::byte> HeaderCursor::take_string(std::uint64_t limit, std::string_view part) {
  const std::uint64_t at = position_;
  const auto length = read<std::uint64_t>(part);
  if (length <= limit && length <= remaining()) return take(length, part);
  const std::string found = fmt::format("has {} of {} at byte {}", part, format_exact_bytes(length), group_digits(at));
  if (length > remaining()) {
    throw fault(ErrorCode::kMalformed, fmt::format("{}, but only {} follow", found, format_exact_bytes(remaining())),
                kIncompleteFile);
  }
  throw fault(ErrorCode::kTooLarge, fmt::format("{}, at most {} are allowed", found, format_exact_bytes(limit)));
}

void HeaderCursor::count_array_item() {
  if (++array_items_ > kMaxArrayItems) {
    throw fault(ErrorCode::kTooLarge,
                fmt::format("is too long: the file's arrays hold more than {} strings", group_digits(kMaxArrayItems)));
  }
}

ValueType read_value_type(HeaderCursor& cursor) {
  const auto number = cursor.read<std::uint32_t>("the type");
  if (number < kValueTypes) return static_cast<ValueType>(number);
  throw cursor.fault(ErrorCode::kMalformed, fmt::format("has a value of type {}, which does not exist", number));
}

namespace {

Value read_nested_value(HeaderCursor& cursor, ValueType type, int depth);

Value read_array(HeaderCursor& cursor, int depth) {
  if (depth > kMaxArrayDepth) {
    throw cursor.fault(ErrorCode::kTooLarge, fmt::format("has arrays nested more than {} deep", kMaxArrayDepth));
  }
  const ValueType type = read_value_type(cursor);
  const auto count = cursor.read<std::uint64_t>("the length of the array");
  const std::size_t fixed = fixed_size(type);
  // Strings take at least the 8 bytes of their length, arrays the 12 bytes of type and length.
  const std::size_t least = fixed != 0 ? fixed : type == ValueType::kString ? 8 : 12;
  if (count > cursor.remaining() / least) {
    throw cursor.fault(ErrorCode::kMalformed,
                       fmt::format("claims an array of {} {} values, but only {} follow", group_digits(count),
                                   name_of(type), format_exact_bytes(cursor.remaining())),
                       kIncompleteFile);
  }
  if (fixed != 0) return {type, count, cursor.take(count * fixed, "the array")};

  const std::uint64_t begin = cursor.position();
  for (std::uint64_t i = 0; i < count; ++i) {
    cursor.count_array_item();
    read_nested_value(cursor, type, depth + 1);
  }
  return {type, count, cursor.taken_since(begin)};
}

Value read_nested_value(HeaderCursor& cursor, ValueType type, int depth) {
  if (type == ValueType::kArray) return read_array(cursor, depth);
  if (type == ValueType::kString) return {type, cursor.take_string(kMaxStringBytes, "a string")};
  return {type, cursor.take(fixed_size(type), "the value")};
}

}  // namespace

Value read_value(HeaderCursor& cursor, ValueType type) { return read_nested_value(cursor, type, 1); }

}  // namespace rocmforge::gguf
