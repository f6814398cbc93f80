#include "gguf/metadata_builder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "gguf/limits.h"

namespace rocmforge::gguf {
namespace {

template <typename T>
std::string as_bytes(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

template <typename Strings>
std::string encode_strings(const Strings& strings) {
  std::string out;
  for (const std::string_view string : strings) out.append(as_bytes(std::uint64_t{string.size()})).append(string);
  return out;
}

}  // namespace

const MetadataBuilder::Entry* MetadataBuilder::find(std::string_view key) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
  return at == entries_.end() ? nullptr : &*at;
}

void MetadataBuilder::put(std::string_view key, ValueType type, std::string encoded) {
  if (key.empty() || key.size() > kMaxKeyBytes || !is_valid_utf8(key) || key.find('\0') != std::string_view::npos) {
    throw error(ErrorCode::kUsage, "'{}' cannot be a metadata key", printable(key));
  }
  if (const Entry* entry = find(key)) {
    entries_[static_cast<std::size_t>(entry - entries_.data())] = {std::string(key), type, std::move(encoded)};
  } else {
    entries_.push_back({std::string(key), type, std::move(encoded)});
  }
}

void MetadataBuilder::put_array(std::string_view key, ValueType type, std::uint64_t count, std::string_view elements) {
  std::string encoded = as_bytes(static_cast<std::uint32_t>(type)) + as_bytes(count);
  put(key, ValueType::kArray, encoded.append(elements));
}

void MetadataBuilder::set(std::string_view key, std::string_view value) {
  put(key, ValueType::kString, as_bytes(std::uint64_t{value.size()}).append(value));
}

void MetadataBuilder::set_array(std::string_view key, const std::vector<bool>& values) {
  std::string elements;
  for (const bool value : values) elements += value ? '\1' : '\0';
  put_array(key, ValueType::kBool, values.size(), elements);
}

void MetadataBuilder::set_array(std::string_view key, std::span<const std::string_view> values) {
  put_array(key, ValueType::kString, values.size(), encode_strings(values));
}

void MetadataBuilder::set_array(std::string_view key, std::span<const std::string> values) {
  put_array(key, ValueType::kString, values.size(), encode_strings(values));
}

void MetadataBuilder::copy(const Metadata& metadata) {
  const bool unique = entries_.empty();  // the keys of a file are unique, so there is no need to search for each
  for (const Metadata::Entry& entry : metadata.entries()) {
    if (unique) {
      entries_.push_back({std::string(entry.key), entry.value.type(), entry.value.encoded()});
    } else {
      copy(entry.key, entry.value);
    }
  }
}

void MetadataBuilder::erase(std::string_view key) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; });
}

std::optional<std::uint64_t> MetadataBuilder::unsigned_value(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr || !is_integer(entry->type)) return std::nullopt;
  const Value value(entry->type, std::as_bytes(std::span(entry->encoded)));
  return visit_number_type(entry->type, [&]<typename T>(std::type_identity<T>) -> std::optional<std::uint64_t> {
    if (!std::in_range<std::uint64_t>(static_cast<std::int64_t>(value.number<T>()))) return std::nullopt;
    return static_cast<std::uint64_t>(value.number<T>());
  });
}

}  // namespace rocmforge::gguf
