// Python's dictionary: keeps the order of insertion, takes any hashable object as a key, 1 and 1.0 and True being one.
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
  std::uint32_t* index = nullptr;  // open addressing: the number of an entry plus one; none for a few entries
  std::uint32_t index_size = 0;    // a power of two

  std::span<const DictEntry> span() const { return {entries, count}; }
};

Dict* make_dict(Workspace& work, std::size_t capacity = 0);

// nullptr when there is none. A Failure when the key cannot be hashed.
const Object* find(Workspace& work, const Dict& dict, const Object& key);
const Object* find(const Dict& dict, std::string_view name);

// Adds an entry, or puts the value in the place of the one before.
void insert(Workspace& work, Dict& dict, const Object& key, const Object& value);

// Equal objects have equal hashes. A Failure for lists, dictionaries and their like.
std::uint64_t hash_of(Workspace& work, const Object& key);

}  // namespace rocmforge::text::jinja
