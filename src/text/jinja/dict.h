// Python's dictionary: keeps the order of insertion and accepts any hashable object as a key. 1, 1.0 and True are the
// same key.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

struct DictEntry {
  Object key;
  Object value;
  std::uint64_t hash;
};

// Entries are never removed. The members are for dict.cpp.
struct Dict {
  DictEntry* entries = nullptr;
  std::uint32_t count = 0;
  std::uint32_t capacity = 0;
  std::uint32_t* index = nullptr;  // open addressing: entry number plus one; null if there are few entries
  std::uint32_t index_size = 0;    // a power of two

  std::span<const DictEntry> span() const { return {entries, count}; }
};

Dict* make_dict(TemplateMemory& memory, std::size_t capacity = 0);

// Returns nullptr if the key is not present. Throws a Failure if the key cannot be hashed.
const Object* find(TemplateMemory& memory, const Dict& dict, const Object& key);
const Object* find(const Dict& dict, std::string_view name);

// Adds an entry, or replaces the value of the existing one.
void insert(TemplateMemory& memory, Dict& dict, const Object& key, const Object& value);

// Returns the key's hash; equal objects have equal hashes. Throws a Failure for lists, dictionaries and other objects
// that Python cannot hash.
std::uint64_t hash_of(TemplateMemory& memory, const Object& key);

}  // namespace rocmforge::text::jinja
