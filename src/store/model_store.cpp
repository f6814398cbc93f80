#include "store/model_store.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "store/partial_file.h"

namespace rocmforge::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFinished = ".json";
constexpr std::string_view kUnfinished = ".pulling.json";
constexpr std::uintmax_t kLongestManifest = std::uintmax_t{4} << 20;

std::string text_of(const fs::path& path) {
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(path, problem);
  if (problem) throw system_error(path.string(), "read", problem.value());
  if (size > kLongestManifest) throw error(ErrorCode::kTooLarge, "{}: {}", path.string(), format_bytes(size));
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  const bool has_it =
      text.size() > suffix.size() && equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
  return has_it ? text.substr(0, text.size() - suffix.size()) : text;
}

// "org/repo", "repo" and both without -GGUF, for a word that may leave any of that out.
bool names_repository(std::string_view word, std::string_view repository) {
  const std::string_view short_name = repository.substr(repository.find('/') + 1);
  for (const std::string_view name : {repository, short_name}) {
    if (equal_ignoring_case(word, name) || equal_ignoring_case(word, without_suffix(name, "-GGUF"))) return true;
  }
  return false;
}

bool can_be_meant(std::string_view word, const Manifest& model) {
  if (equal_ignoring_case(word, model.name)) return true;
  // What was given a name of its own is called by that, or by all of its source.
  const bool has_own_name = model.name != model.source;
  const bool is_source = word.starts_with("hf:");
  if (model.repository.empty() || (has_own_name && !is_source)) return false;
  if (is_source) word.remove_prefix(3);
  const std::size_t colon = word.find(':');
  if (!names_repository(word.substr(0, colon), model.repository)) return false;
  if (colon == word.npos) return true;
  const std::string_view choice = word.substr(colon + 1);
  return equal_ignoring_case(choice, model.quant) || choice == model.files.front().name;
}

}  // namespace

ModelStore::ModelStore(fs::path root) : root_(std::move(root)) {}

fs::path ModelStore::default_root() {
  const auto folder_in = [](const char* variable) {
    const char* const value = std::getenv(variable);
    return value == nullptr ? fs::path() : fs::path(value);
  };
  if (const fs::path own = folder_in("ROCMFORGE_MODELS"); !own.empty()) return fs::absolute(own);
  // A relative one is to be ignored, by the specification.
  if (const fs::path data = folder_in("XDG_DATA_HOME"); data.is_absolute()) return data / "rocmforge" / "models";
  const fs::path home = folder_in("HOME");
  if (home.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no folder for models: HOME is not set",
                "ROCMFORGE_MODELS can name one");
  }
  return fs::absolute(home) / ".local" / "share" / "rocmforge" / "models";
}

fs::path ModelStore::manifest_path(std::string_view name, bool finished) const {
  return root_ / "names" / (file_name_of(name) + std::string(finished ? kFinished : kUnfinished));
}

fs::path ModelStore::blob(const std::string& sha256) const { return root_ / "blobs" / ("sha256-" + sha256); }

fs::path ModelStore::partial(const ManifestFile& file) const {
  return root_ / "partial" / (file.sha256.empty() ? "url-" + file.url_id : "sha256-" + file.sha256);
}

fs::path ModelStore::file_of(const Manifest& model) const {
  return root_ / "links" / file_name_of(model.name) / model.files.front().name;
}

// ---- What is there ----

std::vector<Manifest> ModelStore::read_all(bool finished) const {
  std::vector<Manifest> found;
  std::error_code problem;
  for (const fs::directory_entry& entry : fs::directory_iterator(root_ / "names", problem)) {
    const std::string name = entry.path().filename().string();
    const bool is_finished = !name.ends_with(kUnfinished);
    if (!name.ends_with(kFinished) || is_finished != finished) continue;
    try {
      Manifest manifest = parse_manifest(text_of(entry.path()), entry.path().string());
      if (manifest_path(manifest.name, finished).filename() == name) found.push_back(std::move(manifest));
    } catch (const Error& error) {
      // One that was removed just now is no reason for a word.
      if (error.code() != ErrorCode::kNotFound) log::warning("{}", error.message());
    }
  }
  std::ranges::sort(found, {}, &Manifest::name);
  return found;
}

std::vector<Manifest> ModelStore::models() const { return read_all(true); }
std::vector<Manifest> ModelStore::unfinished() const { return read_all(false); }

std::optional<Manifest> ModelStore::find(const std::string& name) const {
  const fs::path path = manifest_path(name, true);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  return parse_manifest(text_of(path), path.string());
}

std::vector<Manifest> ModelStore::meant_by(std::string_view word) const {
  std::vector<Manifest> meant;
  std::vector<Manifest> by_source;
  for (Manifest& model : models()) {
    if (model.name == word) return {std::move(model)};
    if (model.source == word) {
      by_source.push_back(std::move(model));
    } else if (can_be_meant(word, model)) {
      meant.push_back(std::move(model));
    }
  }
  return by_source.empty() ? meant : by_source;
}

bool ModelStore::is_complete(const Manifest& model) const {
  return std::ranges::all_of(model.files, [&](const ManifestFile& file) {
    std::error_code problem;
    const std::uintmax_t size = fs::file_size(blob(file.sha256), problem);
    return !problem && !file.sha256.empty() && size == file.size;
  });
}

std::uint64_t ModelStore::bytes_there(const Manifest& model) const {
  std::uint64_t sum = 0;
  for (const ManifestFile& file : model.files) {
    std::error_code ignored;
    const bool is_done = !file.sha256.empty() && fs::exists(blob(file.sha256), ignored);
    sum += is_done ? file.size : PartialFile::noted_bytes(partial(file));
  }
  return sum;
}

// ---- Changes ----

void ModelStore::make_folders() const {
  for (const char* const name : {"blobs", "partial", "names", "links", "locks"}) {
    std::error_code problem;
    fs::create_directories(root_ / name, problem);
    if (problem) throw system_error((root_ / name).string(), "create", problem.value());
  }
}

FileLock ModelStore::lock_store() const {
  make_folders();
  return FileLock::wait_for((root_ / "locks" / "store").string());
}

FileLock ModelStore::lock_name(const std::string& name, const FileLock::WhileWaiting& while_waiting) const {
  make_folders();
  return FileLock::wait_for((root_ / "locks" / ("name-" + file_name_of(name))).string(), while_waiting);
}

void ModelStore::write_manifest(const Manifest& model, bool finished) const {
  const std::string text = to_json(model);
  AtomicFile file(manifest_path(model.name, finished).string());
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

std::vector<ManifestFile> ModelStore::files_by(const std::string& name, bool finished) const {
  const fs::path path = manifest_path(name, finished);
  try {
    return parse_manifest(text_of(path), path.string()).files;
  } catch (const Error&) {
    return {};  // one that is not there or cannot be read names nothing
  }
}

void ModelStore::begin(const Manifest& model) const {
  const FileLock lock = lock_store();
  const std::vector<ManifestFile> before = files_by(model.name, false);
  write_manifest(model, false);
  remove_unneeded(before);
}

void ModelStore::give_up(const std::string& name) const {
  const FileLock lock = lock_store();
  Manifest begun;
  begun.files = files_by(name, false);
  std::error_code ignored;
  if (bytes_there(begun) == 0) fs::remove(manifest_path(name, false), ignored);
}

void ModelStore::link_files(const Manifest& model) const {
  const fs::path folder = file_of(model).parent_path();
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const ManifestFile& file : model.files) {
    fs::create_symlink(fs::path("..") / ".." / "blobs" / blob(file.sha256).filename(), folder / file.name);
  }
}

bool ModelStore::finish(const Manifest& model) const {
  const FileLock lock = lock_store();
  if (!is_complete(model)) return false;
  std::vector<ManifestFile> before = files_by(model.name, true);
  for (ManifestFile& file : files_by(model.name, false)) before.push_back(std::move(file));
  try {
    link_files(model);
  } catch (const fs::filesystem_error& problem) {
    throw system_error(file_of(model).string(), "create", problem.code().value());
  }
  write_manifest(model, true);
  std::error_code ignored;
  fs::remove(manifest_path(model.name, false), ignored);
  remove_unneeded(before);
  return true;
}

std::uint64_t ModelStore::remove_unneeded(const std::vector<ManifestFile>& files) const {
  std::set<std::string> needed;
  for (const bool finished : {true, false}) {
    for (const Manifest& model : read_all(finished)) {
      for (const ManifestFile& file : model.files) needed.insert(partial(file).filename().string());
    }
  }
  std::uint64_t freed = 0;
  std::error_code ignored;
  for (const ManifestFile& file : files) {
    const std::string name = partial(file).filename().string();
    if (needed.contains(name)) continue;
    freed += PartialFile::allocated_bytes(partial(file));
    PartialFile::remove(partial(file));
    const fs::path stored = root_ / "blobs" / name;
    const std::uintmax_t size = fs::file_size(stored, ignored);
    if (!ignored && fs::remove(stored, ignored)) freed += size;
  }
  return freed;
}

std::uint64_t ModelStore::remove(const std::string& name) const {
  make_folders();
  const std::string lock_path = (root_ / "locks" / ("name-" + file_name_of(name))).string();
  const auto name_lock = FileLock::try_for(lock_path);
  if (!name_lock) {
    throw Error(ErrorCode::kUsage, printable(name) + ": is being pulled just now", "stop that first");
  }
  const FileLock lock = lock_store();
  std::vector<ManifestFile> files;
  for (const bool finished : {true, false}) {
    for (ManifestFile& file : files_by(name, finished)) files.push_back(std::move(file));
    std::error_code ignored;
    fs::remove(manifest_path(name, finished), ignored);
  }
  std::error_code ignored;
  fs::remove_all(root_ / "links" / file_name_of(name), ignored);
  const std::uint64_t freed = remove_unneeded(files);
  fs::remove(lock_path, ignored);
  return freed;
}

}  // namespace rocmforge::store
