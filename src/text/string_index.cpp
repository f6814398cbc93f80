#include "text/string_index.h"

#include <algorithm>
#include <bit>
#include <random>

namespace rocmforge::text {

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

// The seed is random for each index, so that no file can be crafted whose texts all collide.
StringIndex::StringIndex(std::size_t capacity)
    : seed_(random_seed()), mask_(std::bit_ceil(std::max<std::size_t>(capacity * 2, 16)) - 1), slots_(mask_ + 1) {}

void StringIndex::add(std::span<const std::string_view> texts, std::uint32_t number) {
  const std::string_view text = texts[number];
  const std::uint64_t hash = hash_text(text, seed_);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t at = hash & mask_;
  while (slots_[at].number != kEmpty && !(slots_[at].tag == tag && texts[slots_[at].number] == text)) {
    at = (at + 1) & mask_;
  }
  slots_[at] = {tag, number};
}

}  // namespace rocmforge::text
