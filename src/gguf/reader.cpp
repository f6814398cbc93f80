#include "gguf/reader.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "gguf/limits.h"
#include "gguf/split_name.h"

namespace rocmforge::gguf {
namespace {

// Parses the name of the given part and checks it against the part numbers in its metadata.
SplitName checked_split_name(const std::string& path, const Metadata& metadata, std::uint64_t count) {
  const std::uint64_t number = metadata.get<std::uint64_t>(kSplitNumberKey);
  if (count > kMaxParts) {
    throw error(ErrorCode::kTooLarge, "{}: is one of {} parts, at most {} are allowed", path, group_digits(count),
                group_digits(kMaxParts));
  }
  const std::optional<SplitName> name = parse_split_name(path);
  if (name && name->count == count && name->number - 1 == number) return *name;
  throw Error(ErrorCode::kMalformed,
              fmt::format("{}: is part {} of {} by '{}' and '{}', so its name must end in '{}'", path, number + 1,
                          count, kSplitNumberKey, kSplitCountKey, split_name("", number + 1, count)),
              "the other parts are found by name; rename the files to their original names");
}

void check_all_present(const std::vector<std::string>& paths) {
  constexpr std::size_t kNamed = 8;
  std::vector<std::string> missing;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) missing.push_back(std::filesystem::path(path).filename().string());
  }
  if (missing.empty()) return;
  const std::size_t count = missing.size();
  missing.resize(std::min(count, kNamed));
  throw Error(ErrorCode::kNotFound,
              fmt::format("{} of the model's {} parts {} missing: {}{}", count, paths.size(), count == 1 ? "is" : "are",
                          fmt::join(missing, ", "), count > kNamed ? ", ..." : ""),
              fmt::format("they must lie in one folder with '{}'", paths.front()));
}

void check_part(const std::string& path, const Metadata& metadata, std::uint64_t number, std::uint64_t count) {
  const auto said_number = metadata.get<std::uint64_t>(kSplitNumberKey);
  const auto said_count = metadata.get<std::uint64_t>(kSplitCountKey);
  if (said_number == number && said_count == count) return;
  throw error(ErrorCode::kMalformed, "{}: has '{}' {} and '{}' {}, expected {} and {}", path, kSplitNumberKey,
              said_number, kSplitCountKey, said_count, number, count);
}

}  // namespace

File File::open(const std::string& path) {
  MappedFile mapping(path);
  Header header = read_header(mapping.bytes(), path, &mapping);
  File file;
  if (header.metadata.get_or<std::uint64_t>(kSplitCountKey, 1) > 1) {
    file.open_parts(path, header.metadata);
  } else {
    file.add_part(path, mapping.bytes(), std::move(header));
    file.mappings_.push_back(std::move(mapping));
  }
  file.index_tensors();
  return file;
}

File File::from_memory(std::span<const std::byte> bytes, const std::string& name) {
  File file;
  file.add_part(name, bytes, read_header(bytes, name));
  file.index_tensors();
  return file;
}

void File::add_part(const std::string& path, std::span<const std::byte> bytes, Header header) {
  const auto number = static_cast<std::uint32_t>(parts_.size());
  if (tensors_.size() + header.tensors.size() > kMaxTensors) {
    throw error(ErrorCode::kTooLarge, "{}: the parts have more than {} tensors", path, group_digits(kMaxTensors));
  }
  bytes_.push_back(bytes);
  parts_.push_back({path, bytes.size(), header.version, header.alignment, header.data_offset});
  for (Tensor& tensor : header.tensors) tensor.part = number;
  if (tensors_.empty()) {
    tensors_ = std::move(header.tensors);
  } else {
    tensors_.insert(tensors_.end(), header.tensors.begin(), header.tensors.end());
  }
  if (number == 0) metadata_ = std::move(header.metadata);
}

void File::open_parts(const std::string& path, const Metadata& metadata) {
  const auto count = metadata.get<std::uint64_t>(kSplitCountKey);
  const SplitName name = checked_split_name(path, metadata, count);
  std::vector<std::string> paths;
  for (std::uint64_t i = 1; i <= count; ++i) paths.push_back(split_name(name.prefix, i, count));
  check_all_present(paths);
  for (std::uint64_t i = 0; i < count; ++i) {
    MappedFile mapping(paths[i]);
    Header header = read_header(mapping.bytes(), paths[i], &mapping);
    check_part(paths[i], header.metadata, i, count);
    add_part(paths[i], mapping.bytes(), std::move(header));
    mappings_.push_back(std::move(mapping));
  }
  const auto expected = metadata_.get<std::uint64_t>(kSplitTensorsKey);
  if (tensors_.size() != expected) {
    throw error(ErrorCode::kMalformed, "{}: the {} parts have {} tensors, but '{}' is {}", this->path(), count,
                group_digits(tensors_.size()), kSplitTensorsKey, group_digits(expected));
  }
}

void File::index_tensors() {
  for (const Tensor& tensor : tensors_) index_.add(tensor.name);
  if (const auto twice = index_.sort()) {
    throw error(ErrorCode::kMalformed, "{}: tensor '{}' occurs twice", path(), printable(*twice));
  }
}

const Tensor* File::find_tensor(std::string_view name) const {
  const std::optional<std::size_t> number = index_.find(name);
  return number ? &tensors_[*number] : nullptr;
}

const Tensor& File::tensor(std::string_view name) const {
  if (const Tensor* tensor = find_tensor(name)) return *tensor;
  check_intact();  // if the file lost bytes, names may be lost too
  std::vector<std::string_view> names;
  for (const Tensor& tensor : tensors_) names.push_back(tensor.name);
  const auto near = closest(name, names);
  throw Error(ErrorCode::kNotFound, fmt::format("{}: has no tensor '{}'", path(), printable(name)),
              near ? fmt::format("did you mean '{}'?", printable(*near)) : "");
}

std::uint64_t File::offset_in_part(const Tensor& tensor) const {
  return static_cast<std::uint64_t>(tensor.bytes.data() - bytes_[tensor.part].data());
}

void File::will_need(const Tensor& tensor, std::uint64_t offset, std::uint64_t length) const noexcept {
  if (mappings_.empty() || offset > tensor.bytes.size()) return;
  length = std::min<std::uint64_t>(length, tensor.bytes.size() - offset);
  mappings_[tensor.part].will_need(offset_in_part(tensor) + offset, length);
}

void File::release(const Tensor& tensor, std::uint64_t offset, std::uint64_t length) const noexcept {
  if (mappings_.empty() || offset > tensor.bytes.size()) return;
  length = std::min<std::uint64_t>(length, tensor.bytes.size() - offset);
  mappings_[tensor.part].release(offset_in_part(tensor) + offset, length);
}

void File::refuse_to_overwrite(const std::string& output) const {
  for (const Part& part : parts_) {
    std::error_code ignored;
    if (std::filesystem::equivalent(part.path, output, ignored)) {
      throw Error(ErrorCode::kUsage, fmt::format("{} is also the input", output), "choose another name for the output");
    }
  }
}

void File::check_intact() const {
  for (const MappedFile& mapping : mappings_) mapping.check_intact();
}

}  // namespace rocmforge::gguf
