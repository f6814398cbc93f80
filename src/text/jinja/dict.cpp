#include "text/jinja/dict.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "text/jinja/comparison.h"
#include "text/jinja/failure.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
namespace {

constexpr std::uint32_t kEntriesWithoutIndex = 8;

std::uint64_t hash_of_text(std::string_view text) { return std::hash<std::string_view>()(text); }

std::uint64_t hash_of_integer(std::int64_t integer) {
  return (static_cast<std::uint64_t>(integer) + 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
}

std::uint64_t hash_of_float(double number) {
  const bool is_whole = std::abs(number) < 0x1p62 && std::trunc(number) == number;
  if (is_whole) return hash_of_integer(static_cast<std::int64_t>(number));
  return hash_of_integer(std::bit_cast<std::int64_t>(number));
}

std::uint64_t spread(std::uint64_t hash) { return hash ^ hash >> 32; }

void add_to_index(Dict& dict, std::uint32_t entry) {
  const std::uint32_t mask = dict.index_size - 1;
  auto place = static_cast<std::uint32_t>(spread(dict.entries[entry].hash)) & mask;
  while (dict.index[place] != 0) place = (place + 1) & mask;
  dict.index[place] = entry + 1;
}

void rebuild_index(TemplateMemory& memory, Dict& dict) {
  if (dict.capacity <= kEntriesWithoutIndex) return;
  dict.index_size = std::bit_ceil(2 * dict.capacity);
  dict.index = memory.make_array<std::uint32_t>(dict.index_size);
  for (std::uint32_t i = 0; i < dict.count; ++i) add_to_index(dict, i);
}

void grow(TemplateMemory& memory, Dict& dict) {
  if (dict.count >= memory.limits().items) memory.refuse_dictionary();
  const std::uint32_t capacity = std::max<std::uint32_t>(4, 2 * dict.capacity);
  dict.entries = static_cast<DictEntry*>(
      memory.grow(dict.entries, dict.capacity * sizeof(DictEntry), std::size_t{capacity} * sizeof(DictEntry)));
  dict.capacity = capacity;
  rebuild_index(memory, dict);
}

// Returns the entry with this hash for which `is_key` holds, or nullptr.
template <typename IsKey>
DictEntry* find_entry(const Dict& dict, std::uint64_t hash, IsKey is_key) {
  if (dict.index == nullptr) {
    for (std::uint32_t i = 0; i < dict.count; ++i) {
      if (dict.entries[i].hash == hash && is_key(dict.entries[i].key)) return &dict.entries[i];
    }
    return nullptr;
  }
  const std::uint32_t mask = dict.index_size - 1;
  auto place = static_cast<std::uint32_t>(spread(hash)) & mask;
  for (; dict.index[place] != 0; place = (place + 1) & mask) {
    DictEntry& entry = dict.entries[dict.index[place] - 1];
    if (entry.hash == hash && is_key(entry.key)) return &entry;
  }
  return nullptr;
}

}  // namespace

Dict* make_dict(TemplateMemory& memory, std::size_t capacity) {
  Dict dict;
  if (capacity > memory.limits().items) memory.refuse_dictionary();
  dict.capacity = static_cast<std::uint32_t>(capacity);
  if (capacity != 0) dict.entries = memory.make_array<DictEntry>(capacity);
  rebuild_index(memory, dict);
  return memory.make(dict);
}

std::uint64_t hash_of(TemplateMemory& memory, const Object& key) {
  switch (key.kind) {
    case Kind::kString:
    case Kind::kBigInteger: return hash_of_text(view(key));
    case Kind::kBool:
    case Kind::kInteger: return hash_of_integer(key.as_integer());
    case Kind::kFloat: return hash_of_float(key.number);
    case Kind::kNone:
    case Kind::kUndefined: return static_cast<std::uint64_t>(key.kind);
    case Kind::kTuple: {
      const TemplateMemory::DepthGuard deeper(memory);
      memory.charge_items(key.list->count);
      std::uint64_t hash = 7;
      for (const Object& item : key.list->span()) hash = hash * 0x100000001b3u + hash_of(memory, item);
      return hash;
    }
    case Kind::kUnset:
    case Kind::kList:
    case Kind::kView:
    case Kind::kDict: throw failure("a value of type '{}' cannot be the key of a dictionary", type_name(key));
    default: return static_cast<std::uint64_t>(key.integer);  // the address; such objects are equal only to themselves
  }
}

const Object* find(TemplateMemory& memory, const Dict& dict, const Object& key) {
  if (key.is_string()) return find(dict, view(key));
  const std::uint64_t hash = hash_of(memory, key);
  const DictEntry* const entry = find_entry(dict, hash, [&](const Object& k) { return equal(memory, k, key); });
  return entry == nullptr ? nullptr : &entry->value;
}

const Object* find(const Dict& dict, std::string_view name) {
  if (dict.count == 0) return nullptr;
  const auto is_name = [&](const Object& k) { return k.is_string() && view(k) == name; };
  const DictEntry* const entry = find_entry(dict, hash_of_text(name), is_name);
  return entry == nullptr ? nullptr : &entry->value;
}

void insert(TemplateMemory& memory, Dict& dict, const Object& key, const Object& value) {
  const std::uint64_t hash = hash_of(memory, key);
  DictEntry* const known = find_entry(dict, hash, [&](const Object& k) { return equal(memory, k, key); });
  if (known != nullptr) {
    known->value = value;
    return;
  }
  if (dict.count == dict.capacity) grow(memory, dict);
  dict.entries[dict.count] = {key, value, hash};
  ++dict.count;
  if (dict.index != nullptr) add_to_index(dict, dict.count - 1);
}

}  // namespace rocmforge::text::jinja
