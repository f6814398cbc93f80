#include "convert/hugging_face/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace rocmforge::convert {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndex = "model.safetensors.index.json";
constexpr std::string_view kSingle = "model.safetensors";

// Maximum size of a configuration, a tokenizer or an index. The largest known tokenizer has 35 MB.
constexpr std::uintmax_t kLargestText = 256u << 20;

// Throws Error unless the shard's name is that of a file in the folder itself.
void check_shard_name(const std::string& index, const std::string& tensor, const std::string& shard) {
  const bool leads_away = shard.empty() || shard.find('/') != std::string::npos ||
                          shard.find('\\') != std::string::npos || shard.find("..") != std::string::npos ||
                          shard.find('\0') != std::string::npos;
  if (leads_away) {
    throw error(ErrorCode::kMalformed, "{}: '{}' is said to be in '{}', expected the name of a file in the same folder",
                index, printable(tensor), printable(shard));
  }
  if (!shard.ends_with(".safetensors")) {
    throw error(ErrorCode::kUnsupported, "{}: '{}' is said to be in '{}', expected a .safetensors file", index,
                printable(tensor), printable(shard));
  }
}

// Checks the shards of a folder without an index: every number of "model-00002-of-00005.safetensors" must be present.
void check_numbers(const std::string& folder, const std::vector<std::string>& shards) {
  const std::string& first = shards.front();
  const std::size_t of = first.rfind("-of-");
  if (of == std::string::npos || of < 5) return;
  const std::size_t count = std::strtoul(first.c_str() + of + 4, nullptr, 10);
  for (std::size_t number = 1; number <= std::min<std::size_t>(count, 99999); ++number) {
    const std::string name = fmt::format("{}{:05}{}", first.substr(0, of - 5), number, first.substr(of));
    if (std::ranges::find(shards, name) == shards.end()) {
      throw error(ErrorCode::kNotFound, "{}: '{}' is missing, one of {} shards", folder, printable(name), count);
    }
  }
}

}  // namespace

Checkpoint::Checkpoint(const std::string& folder) : folder_(folder) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) {
    throw Error(ErrorCode::kNotFound,
                fmt::format("{}: {}", folder, fs::exists(folder, failure) ? "is not a folder" : "no such folder"),
                "expected a folder with config.json and .safetensors files, as Hugging Face's libraries write it");
  }
  if (const auto index = read(kIndex)) {
    open_indexed(*index);
  } else {
    open_unindexed();
  }
}

std::string Checkpoint::path_of(std::string_view file) const { return (fs::path(folder_) / file).string(); }

const StoredTensor* Checkpoint::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

std::optional<std::string> Checkpoint::read(std::string_view file) const {
  const std::string path = path_of(file);
  std::error_code failure;
  if (!fs::exists(path, failure)) return std::nullopt;
  const MappedFile mapping(path);
  if (mapping.size() > kLargestText) {
    throw error(ErrorCode::kTooLarge, "{}: {}, expected at most {}", path, format_bytes(mapping.size()),
                format_bytes(kLargestText));
  }
  const std::span bytes = mapping.bytes();
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  mapping.check_intact();
  return text;
}

SafetensorsFile& Checkpoint::open(const std::string& file) { return files_.emplace_back(path_of(file)); }

void Checkpoint::add_all(const SafetensorsFile& file) {
  for (const StoredTensor& tensor : file.tensors()) {
    const auto [place, is_new] = tensors_.emplace(tensor.name, &tensor);
    if (!is_new) {
      throw error(ErrorCode::kMalformed, "tensor '{}' is in {} and in {}", printable(tensor.name), place->second->file,
                  tensor.file);
    }
  }
}

void Checkpoint::open_indexed(const std::string& text) {
  const std::string index = path_of(kIndex);
  const nlohmann::json json = parse_json(text, index);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw error(ErrorCode::kMalformed, "{}: 'weight_map' is missing or not an object", index);
  }
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string()) {
      throw error(ErrorCode::kMalformed, "{}: the shard of '{}' is not a string", index, printable(tensor));
    }
    check_shard_name(index, tensor, shard.get<std::string>());
    shards[shard.get<std::string>()].insert(tensor);
  }
  for (const auto& [shard, expected] : shards) {
    std::error_code failure;
    if (!fs::exists(path_of(shard), failure)) {
      throw Error(ErrorCode::kNotFound,
                  fmt::format("{}: the shard '{}' is missing, which has {} of the tensors", folder_, printable(shard),
                              expected.size()),
                  "the download may have broken off");
    }
    const SafetensorsFile& file = open(shard);
    std::set<std::string> found;
    for (const StoredTensor& tensor : file.tensors()) found.insert(tensor.name);
    for (const std::string& tensor : expected) {
      if (!found.contains(tensor)) {
        throw error(ErrorCode::kMalformed, "{}: '{}' is said to be in '{}', which does not have it", index,
                    printable(tensor), printable(shard));
      }
    }
    add_all(file);
  }
}

void Checkpoint::open_unindexed() {
  std::error_code failure;
  if (fs::exists(path_of(kSingle), failure)) return add_all(open(std::string(kSingle)));
  std::vector<std::string> shards;
  bool has_pickles = false;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("model") && name.ends_with(".safetensors")) shards.push_back(name);
    has_pickles |= name.ends_with(".bin") || name.ends_with(".pth") || name.ends_with(".pt");
  }
  std::ranges::sort(shards);
  if (shards.empty()) {
    throw Error(ErrorCode::kNotFound, fmt::format("{}: no model.safetensors, and no index of shards", folder_),
                has_pickles ? "weights as pickled Python objects are not read: save the model as safetensors" : "");
  }
  check_numbers(folder_, shards);
  for (const std::string& shard : shards) add_all(open(shard));
}

void Checkpoint::check_intact() const {
  for (const SafetensorsFile& file : files_) file.mapping().check_intact();
}

void Checkpoint::release(const StoredTensor& tensor) const noexcept {
  for (const SafetensorsFile& file : files_) {
    const std::span bytes = file.mapping().bytes();
    if (tensor.bytes.data() < bytes.data() || tensor.bytes.data() >= bytes.data() + bytes.size()) continue;
    file.mapping().release(static_cast<std::size_t>(tensor.bytes.data() - bytes.data()), tensor.bytes.size());
  }
}

void Checkpoint::refuse_to_overwrite(const std::string& output) const {
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (fs::equivalent(entry.path(), output, failure) && !failure) {
      throw error(ErrorCode::kUsage, "{} is a file of the model that is to be read", output);
    }
  }
}

}  // namespace rocmforge::convert
