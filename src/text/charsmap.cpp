#include "text/charsmap.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kKey = "tokenizer.ggml.precompiled_charsmap";

// Real tables have keys of about 12 bytes and replacements of about 30. The array of a crafted file may contain cycles.
constexpr std::size_t kLongestKey = 64;
constexpr std::size_t kLongestReplacement = 256;

// A unit of the double array holds a byte as its label, whether a value is attached, and the position of its children.
bool has_leaf(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t label(std::uint32_t unit) { return unit & (0x80000000 | 0xff); }
std::uint32_t offset(std::uint32_t unit) { return unit >> 10 << ((unit & 1 << 9) >> 6); }
std::uint32_t value(std::uint32_t unit) { return unit & 0x7fffffff; }

bool begins_character(std::string_view text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
}

}  // namespace

Charsmap::Charsmap(std::string_view blob, const std::string& file) {
  std::uint32_t bytes = 0;
  if (blob.size() < sizeof bytes) {
    throw error(ErrorCode::kMalformed, "{}: '{}' has {} bytes, expected at least {}", file, kKey, blob.size(),
                sizeof bytes);
  }
  std::memcpy(&bytes, blob.data(), sizeof bytes);
  blob.remove_prefix(sizeof bytes);
  if (bytes > blob.size() || bytes % sizeof(std::uint32_t) != 0) {
    throw error(ErrorCode::kMalformed, "{}: '{}' says that its table has {} bytes, expected whole words and at most {}",
                file, kKey, bytes, blob.size());
  }
  units_.resize(bytes / sizeof(std::uint32_t));
  if (bytes > 0) std::memcpy(units_.data(), blob.data(), bytes);
  replacements_ = blob.substr(bytes);
  if (!replacements_.empty() && replacements_.back() != '\0') {
    throw error(ErrorCode::kMalformed, "{}: '{}': its last replacement is not ended by a NUL", file, kKey);
  }
  for (std::size_t begin = 0; begin < replacements_.size();) {
    const std::size_t end = replacements_.find('\0', begin);
    if (end - begin > kLongestReplacement) {
      throw error(ErrorCode::kTooLarge, "{}: '{}': a replacement has {} bytes, at most {} are taken", file, kKey,
                  end - begin, kLongestReplacement);
    }
    begin = end + 1;
  }
  if (!is_valid_utf8(replacements_))
    throw error(ErrorCode::kMalformed, "{}: '{}': its replacements are not UTF-8", file, kKey);
}

Charsmap::Replacement Charsmap::find(std::string_view text) const {
  Replacement found;
  if (units_.empty()) return found;
  // Every step is checked because the table comes from a file.
  std::uint32_t node = offset(units_[0]);
  for (std::size_t i = 0; i < std::min(text.size(), kLongestKey); ++i) {
    const std::uint32_t byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (byte == 0 || node >= units_.size() || label(units_[node]) != byte) break;
    const std::uint32_t unit = units_[node];
    node ^= offset(unit);
    if (!has_leaf(unit)) continue;
    if (node >= units_.size()) break;
    const std::uint32_t at = value(units_[node]);
    if (at < replacements_.size() && begins_character(replacements_, at) && begins_character(text, i + 1)) {
      found = {i + 1, replacements_.data() + at};
    }
  }
  return found;
}

}  // namespace rocmforge::text
