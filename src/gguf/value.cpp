#include "gguf/value.h"

#include <array>
#include <bit>

#include "gguf/header_cursor.h"

namespace rocmforge::gguf {
namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they are, and files are little-endian");

// The file's name in messages if an array that was valid when the file was opened no longer is.
constexpr std::string_view kChangedFile = "a file overwritten while in use";

template <typename T>
void append_number(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

std::string_view name_of(ValueType type) {
  static constexpr std::array<std::string_view, kValueTypes> kNames = {
      "uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
      "bool",  "string", "array",  "uint64", "int64",  "float64"};
  const auto number = static_cast<std::uint32_t>(type);
  return number < kValueTypes ? kNames[number] : "unknown";
}

std::size_t fixed_size(ValueType type) {
  if (type == ValueType::kBool) return 1;
  if (type == ValueType::kString || type == ValueType::kArray) return 0;
  return visit_number_type(type, []<typename T>(std::type_identity<T>) { return sizeof(T); });
}

bool is_float(ValueType type) { return type == ValueType::kFloat32 || type == ValueType::kFloat64; }

bool is_integer(ValueType type) {
  return !is_float(type) && type != ValueType::kBool && type != ValueType::kString && type != ValueType::kArray;
}

bool Value::boolean() const {
  RF_CHECK(type_ == ValueType::kBool && content_.size() == 1);
  return content_[0] != std::byte{0};
}

std::string_view Value::string() const {
  RF_CHECK(type_ == ValueType::kString);
  return {reinterpret_cast<const char*>(content_.data()), content_.size()};
}

Array Value::array() const {
  RF_CHECK(type_ == ValueType::kArray);
  return {element_type_, count_, content_};
}

std::string Value::encoded() const {
  std::string out;
  if (type_ == ValueType::kString) append_number(out, std::uint64_t{content_.size()});
  if (type_ == ValueType::kArray) {
    append_number(out, static_cast<std::uint32_t>(element_type_));
    append_number(out, count_);
  }
  return out.append(reinterpret_cast<const char*>(content_.data()), content_.size());
}

Value Array::Iterator::operator*() const {
  HeaderCursor cursor(rest_, kChangedFile);
  return read_value(cursor, type_);
}

Array::Iterator& Array::Iterator::operator++() {
  HeaderCursor cursor(rest_, kChangedFile);
  read_value(cursor, type_);
  rest_ = rest_.subspan(cursor.position());
  --left_;
  return *this;
}

std::vector<std::string_view> Array::strings() const {
  RF_CHECK(element_type_ == ValueType::kString);
  HeaderCursor cursor(elements_, kChangedFile);
  std::vector<std::string_view> strings(count_);
  for (std::string_view& string : strings) string = read_value(cursor, ValueType::kString).string();
  return strings;
}

}  // namespace rocmforge::gguf
