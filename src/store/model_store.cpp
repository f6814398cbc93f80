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
#include "store/quant_name.h"
#include "store/sha256.h"
#include "store/url.h"

namespace rocmforge::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".json";
constexpr std::uintmax_t kLongestManifest = std::uintmax_t{4} << 20;

std::string text_of(const fs::path& path) {
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(path, problem);
  if (problem) throw system_error(path.string(), "read", problem.value());
  if (size > kLongestManifest) throw error(ErrorCode::kTooLarge, "{}: {}", path.string(), format_bytes(size));
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Returns the entries of a folder; none if it does not exist.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code problem;
  fs::directory_iterator entry(folder, problem);
  while (!problem && entry != fs::directory_iterator()) {
    paths.push_back(entry->path());
    entry.increment(problem);
  }
  if (problem && problem != std::errc::no_such_file_or_directory) {
    throw system_error(folder.string(), "read", problem.value());
  }
  return paths;
}

std::vector<fs::path> manifests_in(const fs::path& folder) {
  std::vector<fs::path> paths = entries_of(folder);
  std::erase_if(paths, [](const fs::path& path) { return path.extension() != kEnding; });
  return paths;
}

// Returns whether this is a name that the store gives its files. Other files beside them are left alone.
bool is_name_of_a_file(std::string_view name) {
  for (const std::string_view kind : {"sha256-", "url-"}) {
    if (name.starts_with(kind) && is_sha256(name.substr(kind.size()))) return true;
  }
  return false;
}

fs::path target_of_link(const std::string& sha256) { return fs::path("..") / ".." / "blobs" / ("sha256-" + sha256); }

bool leads_to(const fs::path& link, const fs::path& target) {
  std::error_code problem;
  return fs::read_symlink(link, problem) == target && !problem;
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  const bool has_it =
      text.size() > suffix.size() && equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
  return has_it ? text.substr(0, text.size() - suffix.size()) : text;
}

// Returns whether a word names the repository: "org/repo", "repo", or either without -GGUF.
bool names_repository(std::string_view word, std::string_view repository) {
  const std::string_view short_name = repository.substr(repository.find('/') + 1);
  for (const std::string_view name : {repository, short_name}) {
    if (equal_ignoring_case(word, name) || equal_ignoring_case(word, without_suffix(name, "-GGUF"))) return true;
  }
  return false;
}

// How well a word matches a model: exactly, by the name that a pull would have given it, or not at all.
enum class Fit { kNone, kNearly, kExact };

Fit fit_of_choice(std::string_view choice, const Manifest& model) {
  const std::string_view file = choice.substr(choice.rfind('/') + 1);
  const bool is_file = std::ranges::find(model.files, file, &ManifestFile::name) != model.files.end();
  const auto [likely, other] = quants_meant_by(std::string(choice));
  if (is_file || equal_ignoring_case(likely, model.quant)) return Fit::kExact;
  return equal_ignoring_case(other, model.quant) ? Fit::kNearly : Fit::kNone;
}

Fit fit_of(std::string_view word, const Manifest& model) {
  if (equal_ignoring_case(word, model.name)) return Fit::kExact;
  // A model with a name of the user's choice is matched by that name or by its whole source.
  const bool has_own_name = model.name != name_of_source(model.source);
  const bool is_source = equal_ignoring_case(word.substr(0, 3), "hf:");
  if (model.repository.empty() || (has_own_name && !is_source)) return Fit::kNone;
  if (is_source) word.remove_prefix(3);
  const std::size_t colon = word.find(':');
  if (!names_repository(word.substr(0, colon), model.repository)) return Fit::kNone;
  return colon == word.npos ? Fit::kExact : fit_of_choice(word.substr(colon + 1), model);
}

// Returns an empty string if the word is not an address.
std::string id_of_address(std::string_view word) {
  try {
    return source_id_of(Url::parse(word));
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

ModelStore::ModelStore(fs::path root) : root_(std::move(root)) {}

fs::path ModelStore::default_root() {
  const auto folder_in = [](const char* variable) {
    const char* const value = std::getenv(variable);
    return value == nullptr ? fs::path() : fs::path(value);
  };
  if (const fs::path own = folder_in("ROCMFORGE_MODELS"); !own.empty()) return fs::absolute(own);
  // The XDG specification requires that a relative path is ignored.
  if (const fs::path data = folder_in("XDG_DATA_HOME"); data.is_absolute()) return data / "rocmforge" / "models";
  const fs::path home = folder_in("HOME");
  if (home.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no folder for models: HOME is not set",
                "ROCMFORGE_MODELS can name one");
  }
  return fs::absolute(home) / ".local" / "share" / "rocmforge" / "models";
}

fs::path ModelStore::manifest_path(std::string_view name, bool finished) const {
  return root_ / (finished ? "names" : "begun") / (file_name_of(name) + std::string(kEnding));
}

fs::path ModelStore::blob(const std::string& sha256) const { return root_ / "blobs" / ("sha256-" + sha256); }

fs::path ModelStore::partial(const ManifestFile& file) const {
  return root_ / "partial" / (file.sha256.empty() ? "url-" + file.url_id : "sha256-" + file.sha256);
}

fs::path ModelStore::file_of(const Manifest& model) const {
  return root_ / "links" / file_name_of(model.name) / model.files.front().name;
}

// ---- Reading ----

std::vector<Manifest> ModelStore::read_all(bool finished) const {
  std::vector<Manifest> found;
  for (const fs::path& path : manifests_in(root_ / (finished ? "names" : "begun"))) {
    try {
      Manifest manifest = parse_manifest(text_of(path), path.string());
      if (manifest_path(manifest.name, finished) == path) found.push_back(std::move(manifest));
    } catch (const Error& error) {
      // A manifest that was removed just now needs no warning.
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
  std::error_code problem;
  if (!fs::exists(path, problem) && !problem) return std::nullopt;
  return parse_manifest(text_of(path), path.string());
}

std::vector<Manifest> ModelStore::meant_by(std::string_view word, bool also_unfinished) const {
  std::vector<Manifest> all = models();
  if (also_unfinished) std::ranges::move(unfinished(), std::back_inserter(all));
  std::vector<Manifest> by_source;
  std::vector<Manifest> exactly;
  std::vector<Manifest> nearly;
  const std::string address = id_of_address(word);
  for (Manifest& model : all) {
    if (model.name == word) return {std::move(model)};
    const bool is_source = model.source == word || (!address.empty() && model.source_id == address);
    const Fit fit = fit_of(word, model);
    if (is_source) {
      by_source.push_back(std::move(model));
    } else if (fit != Fit::kNone) {
      (fit == Fit::kExact ? exactly : nearly).push_back(std::move(model));
    }
  }
  if (!by_source.empty()) return by_source;
  return exactly.empty() ? nearly : exactly;
}

bool ModelStore::has_manifest(const std::string& name) const {
  std::error_code ignored;
  return fs::exists(manifest_path(name, true), ignored) || fs::exists(manifest_path(name, false), ignored);
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
  for (const char* const name : {"blobs", "partial", "names", "begun", "links", "locks"}) {
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
  return FileLock::wait_for(lock_path(name).string(), while_waiting);
}

fs::path ModelStore::lock_path(const std::string& name) const {
  return root_ / "locks" / ("name-" + file_name_of(name));
}

// Requires: the caller holds the lock. Processes waiting for it notice that the file is gone and create another.
void ModelStore::remove_lock(const std::string& name) const {
  std::error_code ignored;
  fs::remove(lock_path(name), ignored);
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
    return {};  // a manifest that is missing or malformed names no files
  }
}

void ModelStore::begin(const Manifest& model) const {
  const FileLock lock = lock_store();
  write_manifest(model, false);
  remove_unneeded();
}

void ModelStore::keep(PartialFile& partial, const std::string& sha256, const Manifest& model) const {
  // Unneeded files must not be removed between the file's new name and the manifest that refers to it.
  const FileLock lock = lock_store();
  std::error_code ignored;
  if (fs::exists(blob(sha256), ignored)) {
    partial.discard();
  } else {
    partial.move_to(blob(sha256));
  }
  write_manifest(model, false);
  remove_unneeded();
}

void ModelStore::give_up(const std::string& name, bool can_go_on) const {
  const FileLock lock = lock_store();
  Manifest begun;
  begun.files = files_by(name, false);
  if (can_go_on && bytes_there(begun) > 0) return;
  remove_manifest(name, false);
  remove_unneeded();
  if (!has_manifest(name)) remove_lock(name);
}

void ModelStore::remove_manifest(const std::string& name, bool finished) const {
  const fs::path path = manifest_path(name, finished);
  std::error_code problem;
  fs::remove(path, problem);  // a missing file is not a problem
  if (problem) throw system_error(path.string(), "remove", problem.value());
}

// ---- Links ----

bool ModelStore::has_links(const Manifest& model) const {
  const fs::path folder = file_of(model).parent_path();
  return std::ranges::all_of(
      model.files, [&](const ManifestFile& file) { return leads_to(folder / file.name, target_of_link(file.sha256)); });
}

void ModelStore::mend_links(const Manifest& model) const {
  if (has_links(model)) return;
  const FileLock lock = lock_store();
  link_files(model);
}

// A process that opens the model meanwhile, or after this one was killed, finds each link either in its old or in its
// new state.
void ModelStore::link_files(const Manifest& model) const {
  const fs::path folder = file_of(model).parent_path();
  const fs::path fresh = root_ / "links" / ".new";  // no model's name begins with a dot
  try {
    fs::create_directories(folder);
    for (const ManifestFile& file : model.files) {
      const fs::path target = target_of_link(file.sha256);
      if (leads_to(folder / file.name, target)) continue;
      fs::remove(fresh);
      fs::create_symlink(target, fresh);
      fs::rename(fresh, folder / file.name);
    }
  } catch (const fs::filesystem_error& problem) {
    throw system_error(folder.string(), "create links in", problem.code().value());
  }
}

// Removes the links of a model that had the name before.
void ModelStore::remove_other_links(const Manifest& model) const {
  for (const fs::path& link : entries_of(file_of(model).parent_path())) {
    const auto is_it = [&](const ManifestFile& file) { return file.name == link.filename(); };
    std::error_code ignored;
    if (std::ranges::none_of(model.files, is_it)) fs::remove(link, ignored);
  }
}

// ---- Unneeded files ----

bool ModelStore::finish(const Manifest& model) const {
  const FileLock lock = lock_store();
  if (!is_complete(model)) return false;
  link_files(model);
  write_manifest(model, true);
  remove_manifest(model.name, false);
  remove_other_links(model);
  remove_unneeded();
  return true;
}

// Returns the names of the needed files, or nothing if a manifest cannot be read, because the files it names are
// unknown.
std::optional<std::set<std::string>> ModelStore::needed_files() const {
  std::set<std::string> needed;
  for (const char* const folder : {"names", "begun"}) {
    for (const fs::path& path : manifests_in(root_ / folder)) {
      try {
        const Manifest model = parse_manifest(text_of(path), path.string());
        for (const ManifestFile& file : model.files) needed.insert(partial(file).filename().string());
      } catch (const Error& problem) {
        log::warning("{}; no file is deleted until it is repaired or removed", problem.message());
        return std::nullopt;
      }
    }
  }
  return needed;
}

// Removes files that no manifest names, including those left by a killed process, and returns their size.
std::uint64_t ModelStore::remove_unneeded() const {
  const auto needed = needed_files();
  if (!needed) return 0;
  const auto is_unneeded = [&](const fs::path& path) {
    const std::string name = path.filename().string();
    return is_name_of_a_file(name) && !needed->contains(name);
  };
  std::uint64_t freed = 0;
  for (const fs::path& path : entries_of(root_ / "partial")) {
    if (!is_unneeded(path)) continue;
    freed += PartialFile::allocated_bytes(path);
    PartialFile::remove(path);
  }
  for (const fs::path& path : entries_of(root_ / "blobs")) {
    if (!is_unneeded(path)) continue;
    std::error_code problem;
    const std::uintmax_t size = fs::file_size(path, problem);
    if (!problem && fs::remove(path, problem)) freed += size;
    if (problem) log::warning("{}", system_error(path.string(), "remove", problem.value()).message());
  }
  return freed;
}

ModelStore::Removed ModelStore::remove(const std::string& name) const {
  make_folders();
  const auto name_lock = FileLock::try_for(lock_path(name).string());
  if (!name_lock) {
    throw Error(ErrorCode::kUsage, printable(name) + ": is being pulled just now", "stop that first");
  }
  const FileLock lock = lock_store();
  std::vector<ManifestFile> files;
  for (const bool finished : {true, false}) {
    for (ManifestFile& file : files_by(name, finished)) files.push_back(std::move(file));
    remove_manifest(name, finished);
  }
  std::error_code ignored;
  fs::remove_all(root_ / "links" / file_name_of(name), ignored);
  const std::uint64_t freed = remove_unneeded();
  remove_lock(name);
  const auto is_there = [&](const ManifestFile& file) { return fs::exists(blob(file.sha256), ignored); };
  return {freed, std::ranges::any_of(files, is_there)};
}

}  // namespace rocmforge::store
