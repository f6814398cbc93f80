#include "gguf/header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "base/text.h"
#include "gguf/foreign_file.h"
#include "gguf/header_cursor.h"
#include "gguf/limits.h"

namespace rocmforge::gguf {
namespace {

constexpr std::string_view kMagic = "GGUF";

// The least number of bytes of a key with its value, and of a tensor's description.
constexpr std::uint64_t kLeastKeyBytes = 8 + 1 + 4 + 1;
constexpr std::uint64_t kLeastTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

// The position of a tensor in the data section, as stated by the header.
struct TensorLocation {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint32_t read_version(HeaderCursor& cursor) {
  const auto version = cursor.read<std::uint32_t>("the version");
  if (version >= kOldestVersion && version <= kNewestVersion) return version;
  const auto refuse = [&](std::string_view what, const char* hint) {
    return Error(ErrorCode::kUnsupported, fmt::format("{}: {}", cursor.file(), what), hint);
  };
  const std::uint32_t swapped = __builtin_bswap32(version);
  if (swapped >= 1 && swapped <= kNewestVersion) {
    throw refuse("is a big-endian GGUF file, only little-endian ones can be read",
                 "look for the file that is not made for IBM Z or POWER");
  }
  if (version == 1) {
    throw refuse("is a GGUF file of version 1, which is obsolete, expected 2 or 3",
                 "look for a newer file of the same model");
  }
  throw refuse(fmt::format("is a GGUF file of version {}, expected 2 or 3", version),
               "the file may be damaged, or made for a newer program");
}

// Reads the number of keys or tensors and checks it against what the rest of the file can hold.
std::uint64_t read_count(HeaderCursor& cursor, std::string_view things, std::uint64_t limit,
                         std::uint64_t least_bytes) {
  const auto count = cursor.read<std::uint64_t>(fmt::format("the number of {}", things));
  if (count > cursor.remaining() / least_bytes) {
    throw Error(ErrorCode::kMalformed,
                fmt::format("{}: claims {} {}, but only {} follow", cursor.file(), group_digits(count), things,
                            format_exact_bytes(cursor.remaining())),
                kIncompleteFile);
  }
  if (count > limit) {
    throw error(ErrorCode::kTooLarge, "{}: has {} {}, at most {} are allowed", cursor.file(), group_digits(count),
                things, group_digits(limit));
  }
  return count;
}

std::string_view read_name(HeaderCursor& cursor, std::uint64_t limit) {
  const std::string_view name = as_text(cursor.take_string(limit, "a name"));
  if (name.empty()) throw cursor.fault(ErrorCode::kMalformed, "has an empty name");
  if (!is_valid_utf8(name) || name.find('\0') != std::string_view::npos) {
    throw cursor.fault(ErrorCode::kMalformed, fmt::format("has a name that is not UTF-8 text: '{}'", printable(name)));
  }
  cursor.known_as(name);
  return name;
}

Metadata::Entry read_entry(HeaderCursor& cursor) {
  const std::string_view key = read_name(cursor, kMaxKeyBytes);
  const ValueType type = read_value_type(cursor);
  const std::uint64_t at = cursor.position();
  const Value value = read_value(cursor, type);
  if (type == ValueType::kBool && std::to_integer<int>(cursor.taken_since(at)[0]) > 1) {
    throw cursor.fault(ErrorCode::kMalformed, fmt::format("is a bool with the value {}, expected 0 or 1",
                                                          std::to_integer<int>(cursor.taken_since(at)[0])));
  }
  return {key, value};
}

// Describes type ids that are obsolete or never occur in files.
std::string_view past_format(std::uint32_t id) {
  switch (id) {
    case 4: return "Q4_2, which was removed from the format";
    case 5: return "Q4_3, which was removed from the format";
    case 9: return "Q8_1, which is for intermediate results and never stored";
    case 31: return "Q4_0_4_4, which was removed from the format; use a Q4_0 file";
    case 32: return "Q4_0_4_8, which was removed from the format; use a Q4_0 file";
    case 33: return "Q4_0_8_8, which was removed from the format; use a Q4_0 file";
    case 36: return "IQ4_NL_4_4, which was removed from the format; use an IQ4_NL file";
    case 37: return "IQ4_NL_4_8, which was removed from the format; use an IQ4_NL file";
    case 38: return "IQ4_NL_8_8, which was removed from the format; use an IQ4_NL file";
    default: return {};
  }
}

Shape read_shape(HeaderCursor& cursor) {
  const auto rank = cursor.read<std::uint32_t>("the number of dimensions");
  if (rank < 1 || rank > kMaxDimensions) {
    throw cursor.fault(ErrorCode::kMalformed,
                       fmt::format("has {} dimensions, expected 1 to {}", group_digits(rank), kMaxDimensions));
  }
  std::array<std::uint64_t, kMaxDimensions> dimensions{};
  for (std::uint32_t i = 0; i < rank; ++i) dimensions[i] = cursor.read<std::uint64_t>("the dimensions");
  return Shape(std::span(dimensions).first(rank));
}

const quant::Format& read_format(HeaderCursor& cursor) {
  const auto id = cursor.read<std::uint32_t>("the type");
  if (const quant::Format* format = quant::find_format(id)) return *format;
  const std::string_view past = past_format(id);
  if (!past.empty()) throw cursor.fault(ErrorCode::kUnsupported, fmt::format("has type {}, {}", id, past));
  throw cursor.fault(ErrorCode::kUnsupported, fmt::format("has type {}, which is unknown", id),
                     "the file may be damaged, or made for a newer program");
}

TensorLocation read_tensor(HeaderCursor& cursor, Tensor& tensor) {
  tensor.name = read_name(cursor, kMaxTensorNameBytes);
  tensor.shape = read_shape(cursor);
  tensor.format = &read_format(cursor);
  const auto offset = cursor.read<std::uint64_t>("the offset");
  const StoredSize size = stored_size(*tensor.format, tensor.shape);
  if (!size.fault.empty()) throw cursor.fault(ErrorCode::kMalformed, size.fault);
  return {offset, size.bytes};
}

std::uint64_t read_alignment(const Metadata& metadata, const std::string& file) {
  const auto alignment = metadata.get_or<std::uint64_t>(kAlignmentKey, kDefaultAlignment);
  if (std::has_single_bit(alignment) && alignment >= kSmallestAlignment && alignment <= kMaxAlignment) return alignment;
  throw error(ErrorCode::kMalformed, "{}: key '{}' is {}, expected a power of two from {} to {}", file, kAlignmentKey,
              alignment, kSmallestAlignment, kMaxAlignment);
}

// Checks the tensors' positions against each other and against the file's end, then gives each tensor its bytes.
class DataSection {
 public:
  DataSection(std::span<const std::byte> bytes, const std::string& file, std::uint64_t begin, std::uint64_t alignment)
      : bytes_(bytes), file_(file), begin_(begin), alignment_(alignment) {}

  void assign(std::span<Tensor> tensors, std::span<const TensorLocation> locations) const {
    std::vector<std::uint32_t> order(tensors.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return locations[a].offset < locations[b].offset; });
    for (std::size_t i = 0; i < tensors.size(); ++i) check_offset(tensors[i], locations[i]);
    for (std::size_t i = 1; i < order.size(); ++i) {
      const std::size_t before = order[i - 1], after = order[i];
      check_order(tensors[before], locations[before], tensors[after], locations[after]);
    }
    if (!order.empty()) check_end(tensors[order.back()], locations[order.back()]);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].bytes = bytes_.subspan(begin_ + locations[i].offset, locations[i].size);
    }
  }

 private:
  template <typename... Args>
  Error fault(const Tensor& tensor, fmt::format_string<Args...> format, Args&&... args) const {
    return error(ErrorCode::kMalformed, "{}: tensor '{}' {}", file_, printable(tensor.name),
                 fmt::format(format, std::forward<Args>(args)...));
  }

  void check_offset(const Tensor& tensor, const TensorLocation& location) const {
    if (location.offset % alignment_ != 0) {
      throw fault(tensor, "has offset {}, not a multiple of the alignment, {}", group_digits(location.offset),
                  alignment_);
    }
    std::uint64_t end = 0;
    if (__builtin_add_overflow(begin_, location.offset, &end) || __builtin_add_overflow(end, location.size, &end)) {
      throw fault(tensor, "has offset {} and {} bytes, beyond what 64 bits can count", group_digits(location.offset),
                  group_digits(location.size));
    }
  }

  void check_order(const Tensor& before, const TensorLocation& first, const Tensor& after,
                   const TensorLocation& second) const {
    if (first.offset + first.size <= second.offset) return;
    throw fault(after, "at offset {} overlaps tensor '{}', which ends at offset {}", group_digits(second.offset),
                printable(before.name), group_digits(first.offset + first.size));
  }

  void check_end(const Tensor& tensor, const TensorLocation& location) const {
    const std::uint64_t end = begin_ + location.offset + location.size;
    if (end <= bytes_.size()) return;
    const std::uint64_t missing = end - bytes_.size();
    throw Error(ErrorCode::kMalformed,
                fmt::format("{}: {} {} missing: tensor '{}' ends at byte {}, the file at {}", file_,
                            format_exact_bytes(missing), missing == 1 ? "is" : "are", printable(tensor.name),
                            group_digits(end), group_digits(bytes_.size())),
                kIncompleteFile);
  }

  std::span<const std::byte> bytes_;
  const std::string& file_;
  std::uint64_t begin_;
  std::uint64_t alignment_;
};

std::uint64_t round_up(std::uint64_t position, std::uint64_t alignment) {
  return (position + alignment - 1) / alignment * alignment;
}

}  // namespace

Header read_header(std::span<const std::byte> bytes, const std::string& file, const MappedFile* mapping) {
  if (!as_text(bytes).starts_with(kMagic)) throw not_a_gguf_file(bytes, file);
  HeaderCursor cursor(bytes, file, mapping);
  cursor.take(kMagic.size(), "the magic");
  Header header;
  header.version = read_version(cursor);
  const std::uint64_t tensors = read_count(cursor, "tensors", kMaxTensors, kLeastTensorBytes);
  const std::uint64_t keys = read_count(cursor, "keys", kMaxKeys, kLeastKeyBytes);

  // Both counts have been checked against the file's size, and reserved memory costs nothing until it is used.
  std::vector<Metadata::Entry> entries;
  entries.reserve(keys);
  for (std::uint64_t i = 1; i <= keys; ++i) {
    cursor.begin("key", i, keys);
    entries.push_back(read_entry(cursor));
  }
  header.metadata = Metadata(file, std::move(entries));
  header.alignment = read_alignment(header.metadata, file);

  std::vector<TensorLocation> locations;
  locations.reserve(tensors);
  header.tensors.reserve(tensors);
  for (std::uint64_t i = 1; i <= tensors; ++i) {
    cursor.begin("tensor", i, tensors);
    locations.push_back(read_tensor(cursor, header.tensors.emplace_back()));
  }
  header.data_offset = round_up(cursor.position(), header.alignment);
  DataSection(bytes, file, header.data_offset, header.alignment).assign(header.tensors, locations);
  return header;
}

}  // namespace rocmforge::gguf
