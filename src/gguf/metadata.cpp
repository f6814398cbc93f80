#include "gguf/metadata.h"

#include <cmath>
#include <limits>

#include "base/text.h"
#include "gguf/limits.h"

namespace rocmforge::gguf {
namespace {

template <typename T>
constexpr bool kIsText = std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>;

template <typename T>
constexpr bool kIsVector = false;
template <typename T>
constexpr bool kIsVector<std::vector<T>> = true;

// Describes the expected type T for messages, alone and in an array: "an integer", "integers".
struct Expectation {
  std::string_view one;
  std::string_view several;
};

template <typename T>
constexpr Expectation expectation() {
  if constexpr (std::is_same_v<T, bool>) return {"a bool", "bools"};
  if constexpr (std::is_integral_v<T>) return {"an integer", "integers"};
  if constexpr (std::is_floating_point_v<T>) return {"a floating-point number", "floating-point numbers"};
  return {"a string", "strings"};
}

template <typename T>
bool fits(ValueType type) {
  if constexpr (std::is_same_v<T, bool>) return type == ValueType::kBool;
  if constexpr (std::is_integral_v<T>) return is_integer(type);
  if constexpr (std::is_floating_point_v<T>) return is_float(type);
  return type == ValueType::kString;
}

std::string description(const Value& value) {
  if (value.type() == ValueType::kArray)
    return fmt::format("an array of {} values", name_of(value.array().element_type()));
  const std::string_view name = name_of(value.type());
  return fmt::format("{} {}", is_integer(value.type()) && name[0] == 'i' ? "an" : "a", name);
}

// A key of a file and its value, with conversions and their errors.
class KeyedValue {
 public:
  KeyedValue(std::string_view file, std::string_view key, const Value& value) : file_(file), key_(key), value_(value) {}

  template <typename T>
  T scalar() const {
    if (!fits<T>(value_.type()))
      throw fault(fmt::format("is {}, expected {}", description(value_), expectation<T>().one));
    return convert<T>(value_);
  }

  template <typename T>
  std::vector<T> array() const {
    if (value_.type() != ValueType::kArray || !(fits<T>(value_.array().element_type()))) {
      throw fault(fmt::format("is {}, expected an array of {}", description(value_), expectation<T>().several));
    }
    const Array array = value_.array();
    if (array.size() > kMaxConvertedItems) {
      throw fault(fmt::format("has {} values, at most {} are allowed", group_digits(array.size()),
                              group_digits(kMaxConvertedItems)));
    }
    if constexpr (std::is_same_v<T, std::string_view>) return array.strings();
    if constexpr (FileNumber<T>) return numbers<T>(array);
    std::vector<T> values;
    values.reserve(array.size());
    for (const Value element : array) values.push_back(convert<T>(element));
    return values;
  }

  template <typename T>
  std::vector<T> per_layer(std::size_t layers) const {
    if (value_.type() != ValueType::kArray) return std::vector<T>(layers, scalar<T>());
    if (value_.array().size() != layers) {
      throw fault(fmt::format("has {} values, expected {}, one per layer ('block_count')",
                              group_digits(value_.array().size()), layers));
    }
    return array<T>();
  }

 private:
  Error fault(std::string_view message) const {
    return error(ErrorCode::kMalformed, "{}: key '{}' {}", file_, printable(key_), message);
  }

  template <typename T>
  T convert(const Value& value) const {
    if constexpr (std::is_same_v<T, bool>) {
      return value.boolean();
    } else if constexpr (kIsText<T>) {
      return T(value.string());
    } else {
      return visit_number_type(
          value.type(), [&]<typename Stored>(std::type_identity<Stored>) { return narrow<T>(value.number<Stored>()); });
    }
  }

  // Converts the whole array at once, because vocabularies have hundreds of thousands of scores.
  template <typename T>
  std::vector<T> numbers(const Array& array) const {
    std::vector<T> values(array.size());
    visit_number_type(array.element_type(), [&]<typename Stored>(std::type_identity<Stored>) {
      const std::byte* at = array.bytes().data();
      for (T& value : values) {
        Stored stored;
        std::memcpy(&stored, at, sizeof stored);
        at += sizeof stored;
        value = narrow<T>(stored);
      }
    });
    return values;
  }

  template <typename T, typename Stored>
  T narrow(Stored stored) const {
    if constexpr (std::is_integral_v<T> && std::is_integral_v<Stored>) {
      if (std::in_range<T>(stored)) return static_cast<T>(stored);
      throw fault(fmt::format("is {}, expected an integer from {} to {}", stored, std::numeric_limits<T>::min(),
                              std::numeric_limits<T>::max()));
    } else {
      // visit_number_type instantiates every pair of types; fits() has excluded the mixed ones.
      const T value = static_cast<T>(stored);
      if constexpr (sizeof(T) < sizeof(Stored) && std::is_floating_point_v<T> && std::is_floating_point_v<Stored>) {
        if (std::isinf(value) && !std::isinf(stored))
          throw fault(fmt::format("is {}, beyond the range of float32", stored));
      }
      return value;
    }
  }

  std::string_view file_;
  std::string_view key_;
  const Value& value_;
};

}  // namespace

Metadata::Metadata(std::string file, std::vector<Entry> entries)
    : file_(std::move(file)), entries_(std::move(entries)) {
  for (const Entry& entry : entries_) index_.add(entry.key);
  if (const auto twice = index_.sort()) {
    throw error(ErrorCode::kMalformed, "{}: key '{}' occurs twice", file_, printable(*twice));
  }
}

const Value* Metadata::value(std::string_view key) const {
  const std::optional<std::size_t> number = index_.find(key);
  return number ? &entries_[*number].value : nullptr;
}

Error Metadata::missing(std::string_view key) const {
  std::vector<std::string_view> keys;
  for (const Entry& entry : entries_) keys.push_back(entry.key);
  const auto near = closest(key, keys);
  return {ErrorCode::kMalformed, fmt::format("{}: key '{}' is missing", file_, printable(key)),
          near ? fmt::format("the file has '{}'", printable(*near)) : ""};
}

template <typename T>
std::optional<T> Metadata::find(std::string_view key) const {
  const Value* const found = value(key);
  if (found == nullptr) return std::nullopt;
  const KeyedValue keyed(file_, key, *found);
  if constexpr (kIsVector<T>) {
    return keyed.array<typename T::value_type>();
  } else {
    return keyed.scalar<T>();
  }
}

template <typename T>
std::vector<T> Metadata::per_layer(std::string_view key, std::size_t layers) const {
  const Value* const found = value(key);
  return found == nullptr ? std::vector<T>() : KeyedValue(file_, key, *found).per_layer<T>(layers);
}

#define ROCMFORGE_METADATA_TYPE(T)                                                               \
  template std::optional<T> Metadata::find<T>(std::string_view) const;                           \
  template std::optional<std::vector<T>> Metadata::find<std::vector<T>>(std::string_view) const; \
  template std::vector<T> Metadata::per_layer<T>(std::string_view, std::size_t) const;

ROCMFORGE_METADATA_TYPE(bool)
ROCMFORGE_METADATA_TYPE(std::int8_t)
ROCMFORGE_METADATA_TYPE(std::uint8_t)
ROCMFORGE_METADATA_TYPE(std::int16_t)
ROCMFORGE_METADATA_TYPE(std::uint16_t)
ROCMFORGE_METADATA_TYPE(std::int32_t)
ROCMFORGE_METADATA_TYPE(std::uint32_t)
ROCMFORGE_METADATA_TYPE(std::int64_t)
ROCMFORGE_METADATA_TYPE(std::uint64_t)
ROCMFORGE_METADATA_TYPE(float)
ROCMFORGE_METADATA_TYPE(double)
ROCMFORGE_METADATA_TYPE(std::string)
ROCMFORGE_METADATA_TYPE(std::string_view)

}  // namespace rocmforge::gguf
