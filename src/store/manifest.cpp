#include "store/manifest.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "store/sha256.h"
#include "store/source.h"

namespace rocmforge::store {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestName = 160;
constexpr std::size_t kMostFiles = 10'000;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

// Accepts characters of any script; unprintable ones are refused elsewhere.
bool is_for_names(char c) { return is_plain(c) || c == '/' || c == ':' || static_cast<unsigned char>(c) >= 0x80; }

ManifestFile parse_file(const json& object, std::string_view path) {
  ManifestFile file{.name = object.at("name").get<std::string>(),
                    .size = object.at("size").get<std::uint64_t>(),
                    .sha256 = object.at("sha256").get<std::string>(),
                    .url_id = object.value("url_id", "")};
  const bool is_sound = is_sound_path(file.name) && file.name.find('/') == std::string::npos &&
                        (file.sha256.empty() || is_sha256(file.sha256)) &&
                        (file.url_id.empty() || is_sha256(file.url_id)) &&
                        (!file.sha256.empty() || !file.url_id.empty());
  if (!is_sound) throw error(ErrorCode::kMalformed, "{}: file '{}' makes no sense", path, printable(file.name));
  return file;
}

}  // namespace

std::uint64_t Manifest::size() const {
  return std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ManifestFile& file) { return sum + file.size; });
}

std::string to_json(const Manifest& manifest) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"size", file.size}, {"sha256", file.sha256}});
    if (!file.url_id.empty()) files.back()["url_id"] = file.url_id;
  }
  const nlohmann::ordered_json whole = {{"name", manifest.name},           {"source", manifest.source},
                                        {"source_id", manifest.source_id}, {"repository", manifest.repository},
                                        {"commit", manifest.commit},       {"quant", manifest.quant},
                                        {"pulled", manifest.pulled},       {"files", std::move(files)}};
  return dump_json(whole, 2) + "\n";
}

Manifest parse_manifest(std::string_view text, std::string_view path) {
  const json whole = parse_json(text, path);
  try {
    Manifest manifest{.name = whole.at("name").get<std::string>(),
                      .source = whole.at("source").get<std::string>(),
                      .source_id = whole.value("source_id", ""),
                      .repository = whole.value("repository", ""),
                      .commit = whole.value("commit", ""),
                      .quant = whole.value("quant", ""),
                      .pulled = whole.value("pulled", ""),
                      .files = {}};
    const json& files = whole.at("files");
    if (!files.is_array() || files.empty() || files.size() > kMostFiles) {
      throw error(ErrorCode::kMalformed, "{}: 'files' is not a list of a model's files", path);
    }
    for (const json& file : files) manifest.files.push_back(parse_file(file, path));
    return manifest;
  } catch (const json::exception& problem) {
    throw error(ErrorCode::kMalformed, "{}: {}", path, printable(problem.what()));
  }
}

void check_name(std::string_view name) {
  const bool is_sound = is_sound_path(name) && name.size() <= kLongestName && is_plain(name.front()) &&
                        name.front() != '-' && name.front() != '.' && name.back() != ':' && !names_the_web(name) &&
                        std::ranges::all_of(name, is_for_names);
  if (is_sound) return;
  throw Error(ErrorCode::kUsage, fmt::format("--name {}: cannot be a model's name", printable(name)),
              "letters, digits and . _ - / :, as in llama-3:small");
}

std::string source_id_of(const Url& address) { return sha256_of(address.text()); }

std::string name_of_source(std::string_view source) {
  std::string name(source);
  std::ranges::replace_if(name, std::not_fn(is_for_names), '-');
  return name;
}

std::string file_name_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (is_plain(c)) {
      out += c;
    } else if (c == '/') {
      out += '+';
    } else if (c == ':') {
      out += '@';
    } else {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  // Shortened so that any name fits in a file system; the manifest holds the name itself.
  return out.size() <= kLongestName ? out : out.substr(0, kLongestName - 65) + "-" + sha256_of(name);
}

}  // namespace rocmforge::store
