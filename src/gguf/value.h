// A value in a GGUF file's metadata, as a view of the file's bytes. The file must outlive it.
//
// Bounds were checked when the file was opened. Arrays of strings and of arrays are traversed again when they are read,
// and checked again: the file could have been overwritten in the meantime.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace rocmforge::gguf {

// The numbers are those of the file format.
enum class ValueType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};
inline constexpr std::uint32_t kValueTypes = 13;

// Returns "uint32", "string", ...
std::string_view name_of(ValueType type);

// Returns the bytes of a value of the type, or 0 for strings and arrays, whose lengths vary.
std::size_t fixed_size(ValueType type);

bool is_integer(ValueType type);
bool is_float(ValueType type);

// The C++ types of numbers in a file.
template <typename T>
concept FileNumber = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>) || std::floating_point<T>;

template <FileNumber T>
constexpr ValueType number_type() {
  if constexpr (std::floating_point<T>) {
    return sizeof(T) == 4 ? ValueType::kFloat32 : ValueType::kFloat64;
  } else {
    constexpr bool kSigned = std::is_signed_v<T>;
    switch (sizeof(T)) {
      case 1: return kSigned ? ValueType::kInt8 : ValueType::kUint8;
      case 2: return kSigned ? ValueType::kInt16 : ValueType::kUint16;
      case 4: return kSigned ? ValueType::kInt32 : ValueType::kUint32;
      default: return kSigned ? ValueType::kInt64 : ValueType::kUint64;
    }
  }
}

// Calls visit(std::type_identity<T>), where T is the C++ type of numbers of `type`.
template <typename Visit>
decltype(auto) visit_number_type(ValueType type, Visit&& visit) {
  switch (type) {
    case ValueType::kUint8: return visit(std::type_identity<std::uint8_t>());
    case ValueType::kInt8: return visit(std::type_identity<std::int8_t>());
    case ValueType::kUint16: return visit(std::type_identity<std::uint16_t>());
    case ValueType::kInt16: return visit(std::type_identity<std::int16_t>());
    case ValueType::kUint32: return visit(std::type_identity<std::uint32_t>());
    case ValueType::kInt32: return visit(std::type_identity<std::int32_t>());
    case ValueType::kUint64: return visit(std::type_identity<std::uint64_t>());
    case ValueType::kInt64: return visit(std::type_identity<std::int64_t>());
    case ValueType::kFloat32: return visit(std::type_identity<float>());
    case ValueType::kFloat64: return visit(std::type_identity<double>());
    default: check_failed("the type is a number's", __FILE__, __LINE__);
  }
}

class Array;

class Value {
 public:
  // Makes a number or bool from its bytes, or a string from its characters.
  Value(ValueType type, std::span<const std::byte> content) : type_(type), content_(content) {}
  // Makes an array from its elements' bytes in the file.
  Value(ValueType element_type, std::uint64_t count, std::span<const std::byte> elements)
      : type_(ValueType::kArray), element_type_(element_type), count_(count), content_(elements) {}

  ValueType type() const { return type_; }

  // Return the value. Requires: it has this type.
  template <FileNumber T>
  T number() const {
    RF_CHECK(type_ == number_type<T>() && content_.size() == sizeof(T));
    T value;
    std::memcpy(&value, content_.data(), sizeof(T));
    return value;
  }
  bool boolean() const;
  std::string_view string() const;
  Array array() const;

  // Returns the bytes that follow the value's type in the file.
  std::string encoded() const;

 private:
  ValueType type_;
  ValueType element_type_ = ValueType::kUint8;
  std::uint64_t count_ = 0;
  std::span<const std::byte> content_;
};

class Array {
 public:
  Array(ValueType element_type, std::uint64_t count, std::span<const std::byte> elements)
      : element_type_(element_type), count_(count), elements_(elements) {}

  ValueType element_type() const { return element_type_; }
  std::uint64_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

  // Returns the elements' bytes in the file.
  std::span<const std::byte> bytes() const { return elements_; }

  // Iterates over the elements. Elements of variable length are located during the iteration.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using reference = Value;
    using pointer = void;

    Iterator() = default;
    Iterator(const Array& array, std::uint64_t left)
        : type_(array.element_type_), left_(left), rest_(array.elements_) {}

    Value operator*() const;
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    ValueType type_ = ValueType::kUint8;
    std::uint64_t left_ = 0;
    std::span<const std::byte> rest_;
  };
  Iterator begin() const { return {*this, count_}; }
  Iterator end() const { return {}; }

  // Returns all strings, as views of the file. Requires: the elements are strings.
  std::vector<std::string_view> strings() const;

 private:
  ValueType element_type_;
  std::uint64_t count_;
  std::span<const std::byte> elements_;
};

}  // namespace rocmforge::gguf
