#include "gguf/writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "gguf/header_text.h"
#include "gguf/limits.h"
#include "gguf/name_index.h"
#include "gguf/split_name.h"

namespace rocmforge::gguf {
namespace {

constexpr std::array<const char*, 3> kSplitKeys = {kSplitNumberKey, kSplitCountKey, kSplitTensorsKey};

// Returns the keys of one part: the first part has all keys, the others only those that identify the part.
MetadataBuilder metadata_of_part(const MetadataBuilder& metadata, std::size_t part, std::size_t parts,
                                 std::size_t tensors) {
  MetadataBuilder own;
  if (part == 0) {
    own = metadata;
    for (const char* key : kSplitKeys) own.erase(key);
  }
  if (parts > 1) {
    own.set(kSplitNumberKey, static_cast<std::uint16_t>(part));
    own.set(kSplitCountKey, static_cast<std::uint16_t>(parts));
    own.set(kSplitTensorsKey, static_cast<std::int32_t>(tensors));
  }
  return own;
}

}  // namespace

std::uint64_t alignment_of(const MetadataBuilder& metadata) {
  if (!metadata.contains(kAlignmentKey)) return kDefaultAlignment;
  const std::uint64_t alignment = metadata.unsigned_value(kAlignmentKey).value_or(0);
  if (std::has_single_bit(alignment) && alignment >= kSmallestAlignment && alignment <= kMaxAlignment) return alignment;
  throw error(ErrorCode::kUsage, "'{}' must be a power of two from {} to {}", kAlignmentKey, kSmallestAlignment,
              kMaxAlignment);
}

Writer::Writer(const std::string& path, const MetadataBuilder& metadata, std::span<const TensorSpec> tensors,
               WriterOptions options)
    : options_(options) {
  check(tensors);
  const std::vector<Part> parts = place_tensors(tensors, alignment_of(metadata));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    const MetadataBuilder own = metadata_of_part(metadata, i, parts.size(), tensors.size());
    HeaderText header(own, part.last - part.first);
    for (std::size_t t = part.first; t < part.last; ++t) header.tensor(tensors[t], locations_[t].offset);
    header.pad(part.alignment);
    if (own.entries().size() > kMaxKeys || header.text().size() > kMaxHeaderBytes) {
      throw error(ErrorCode::kTooLarge, "{}: {} keys of {} are more than a file can have", path,
                  group_digits(own.entries().size()), format_bytes(header.text().size()));
    }
    const bool split = parts.size() > 1;
    open_part(split ? split_name(split_prefix(path), i + 1, parts.size()) : path, part, header.text());
  }
}

void Writer::check(std::span<const TensorSpec> tensors) const {
  NameIndex names;
  for (const TensorSpec& tensor : tensors) {
    const std::string_view name = tensor.name;
    if (name.empty() || name.size() > kMaxTensorNameBytes || !is_valid_utf8(name) || name.find('\0') != name.npos) {
      throw error(ErrorCode::kUsage, "'{}' cannot be the name of a tensor", printable(name));
    }
    const StoredSize size = stored_size(*tensor.format, tensor.shape);
    if (!size.fault.empty()) throw error(ErrorCode::kUsage, "tensor '{}' {}", printable(name), size.fault);
    names.add(name);
  }
  if (const auto twice = names.sort()) throw error(ErrorCode::kUsage, "tensor '{}' occurs twice", printable(*twice));
  if (tensors.size() > kMaxTensors) {
    throw error(ErrorCode::kTooLarge, "{} tensors, at most {} are allowed", group_digits(tensors.size()),
                group_digits(kMaxTensors));
  }
}

std::vector<Writer::Part> Writer::place_tensors(std::span<const TensorSpec> tensors, std::uint64_t alignment) {
  std::vector<Part> parts = {{.alignment = alignment}};
  for (const TensorSpec& tensor : tensors) {
    const std::uint64_t size = stored_size(*tensor.format, tensor.shape).bytes;
    const Part& open = parts.back();
    const std::size_t count = open.last - open.first;
    const bool full = (options_.max_tensors != 0 && count >= options_.max_tensors) ||
                      (options_.max_bytes != 0 && open.data_bytes + padded(size, open.alignment) > options_.max_bytes);
    // The key that sets another alignment is in the first part only.
    if (full && count != 0) parts.push_back({.first = open.last, .last = open.last, .alignment = kDefaultAlignment});
    Part& part = parts.back();
    locations_.push_back({parts.size() - 1, part.data_bytes, size, padded(size, part.alignment)});
    part.data_bytes += locations_.back().padded_size;
    ++part.last;
    tensor_bytes_ += size;
    if (tensor_bytes_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 2)) {
      throw error(ErrorCode::kTooLarge, "the tensors take more than {}", format_bytes(tensor_bytes_));
    }
  }
  if (parts.size() > kMaxParts) {
    throw error(ErrorCode::kTooLarge, "the limits require {} files, at most {} are allowed", group_digits(parts.size()),
                group_digits(kMaxParts));
  }
  return parts;
}

void Writer::open_part(const std::string& path, const Part& part, const std::string& header) {
  auto file = std::make_unique<AtomicFile>(path);
  const std::uint64_t size = header.size() + part.data_bytes;
  options_.sparse ? file->resize(size) : file->preallocate(size);
  file->write(std::as_bytes(std::span(header)));
  for (std::size_t t = part.first; t < part.last; ++t) locations_[t].offset += header.size();
  total_bytes_ += size;
  files_.push_back(std::move(file));
}

std::vector<std::string> Writer::paths() const {
  std::vector<std::string> paths;
  for (const auto& file : files_) paths.push_back(file->path());
  return paths;
}

void Writer::write_at(std::size_t tensor, std::uint64_t offset, std::span<const std::byte> bytes) {
  const TensorLocation& location = locations_[tensor];
  RF_CHECK(offset <= location.size && bytes.size() <= location.size - offset);
  AtomicFile& file = *files_[location.part];
  file.write_at(location.offset + offset, bytes);
  // Write the padding instead of relying on the zeros of reserved space, so that a pipe gets it, too.
  if (offset + bytes.size() == location.size && location.padded_size != location.size) {
    file.write_at(location.offset + location.size, std::vector<std::byte>(location.padded_size - location.size));
  }
  written_.fetch_add(bytes.size(), std::memory_order_relaxed);
}

void Writer::finish() {
  RF_CHECK(options_.sparse || written_.load() == tensor_bytes_);
  for (const auto& file : files_) file->commit();
}

}  // namespace rocmforge::gguf
