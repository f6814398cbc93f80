#include "store/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace rocmforge::store {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kBetweenNotes{50};
constexpr std::uintmax_t kLongestNote = std::uintmax_t{4} << 20;
constexpr mode_t kReadOnly = 0444;

std::string note_path(const fs::path& path) { return path.string() + ".json"; }

struct Note {
  ContentIdentity content;
  ByteRanges there;
};

// Returns an empty note if it is missing or malformed; then nothing is known of the data.
Note read(const fs::path& path) {
  Note note;
  std::error_code problem;
  const std::uintmax_t length = fs::file_size(note_path(path), problem);
  if (problem || length > kLongestNote) return note;
  std::ifstream file(note_path(path), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    const nlohmann::json stored = parse_json(text, note_path(path));
    note.content = {stored.at("size").get<std::uint64_t>(), stored.at("sha256").get<std::string>(),
                    stored.at("validator").get<std::string>()};
    for (const nlohmann::json& range : stored.at("there")) {
      const ByteRange known = {range.at(0).get<std::uint64_t>(), range.at(1).get<std::uint64_t>()};
      if (known.begin > known.end || known.end > note.content.size) return {};
      note.there.add(known);
    }
    return note;
  } catch (const Error&) {
    return {};
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

}  // namespace

std::optional<std::uint64_t> free_bytes(const fs::path& folder) {
  struct statvfs disk{};
  if (statvfs(folder.c_str(), &disk) != 0) return std::nullopt;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

Error lack_of_space(const std::string& what, std::uint64_t needed, std::uint64_t free) {
  return Error(
      ErrorCode::kIo,
      fmt::format("{}: needs {}, but only {} are free on the disk", what, format_bytes(needed), format_bytes(free)),
      "`rocmforge models` lists what is there, `rocmforge rm NAME` frees space; ROCMFORGE_MODELS names "
      "another folder");
}

bool ContentIdentity::is_same_as(const ContentIdentity& other) const {
  if (size != other.size || sha256 != other.sha256) return false;
  return !sha256.empty() || (!validator.empty() && validator == other.validator);
}

PartialFile::PartialFile(fs::path path, const FileLock::WhileWaiting& while_waiting)
    : path_(std::move(path)), lock_(FileLock::wait_for(path_.string(), while_waiting)) {
  read_note();
}

void PartialFile::read_note() {
  Note note = read(path_);
  struct stat status{};
  // The note does not match the data, for example because the file was removed.
  const bool fits = fstat(file(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == note.content.size;
  if (!fits) note = {};
  content_ = std::move(note.content);
  there_ = std::move(note.there);
}

void PartialFile::expect(const ContentIdentity& content) {
  if (content_.is_same_as(content)) {
    content_.validator = content.validator;
    return reserve();
  }
  content_ = content;
  start_over();
}

void PartialFile::start_over() {
  there_ = {};
  if (ftruncate(file(), 0) != 0) throw system_error(path_.string(), "empty", errno);
  note();
  reserve();
}

void PartialFile::reserve() const {
  const std::uint64_t size = content_.size;
  if (size == 0) return;
  const std::uint64_t lacking = size - std::min(size, allocated_bytes(path_));
  const std::optional<std::uint64_t> free = free_bytes(path_.parent_path());
  int problem = free && lacking > *free ? ENOSPC : 0;
  if (problem == 0 && lacking > 0) {
    do {
      problem = fallocate(file(), 0, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
    } while (problem == EINTR);
  }
  if (problem == EOPNOTSUPP || problem == ENOSYS || problem == 0) {
    problem = ftruncate(file(), static_cast<off_t>(size)) == 0 ? 0 : errno;
  }
  if (problem == ENOSPC) {
    throw lack_of_space(path_.parent_path().string(), lacking, free.value_or(0));
  }
  if (problem != 0) throw system_error(path_.string(), fmt::format("reserve {}", format_bytes(size)), problem);
}

void PartialFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  RF_CHECK(offset <= content_.size && bytes.size() <= content_.size - offset);
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == ENOSPC || errno == EDQUOT)) {
      throw Error(ErrorCode::kIo, path_.parent_path().string() + ": the disk is full",
                  "`rocmforge rm NAME` frees space; then give the same command again");
    }
    if (count < 0) throw system_error(path_.string(), "write", errno);
    there_.add({offset, offset + static_cast<std::uint64_t>(count)});
    is_noted_ = false;
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void PartialFile::note_when_due() {
  if (is_noted_ || Clock::now() < next_note_) return;
  const auto start = Clock::now();
  note();
  // Notes must not keep a slow disk busy.
  const auto end = Clock::now();
  next_note_ = end + std::max<Clock::duration>(kBetweenNotes, 10 * (end - start));
}

void PartialFile::note() {
  nlohmann::json ranges = nlohmann::json::array();
  for (const ByteRange& range : there_.all()) ranges.push_back({range.begin, range.end});
  const nlohmann::json json = {{"size", content_.size},
                               {"sha256", content_.sha256},
                               {"validator", content_.validator},
                               {"there", std::move(ranges)}};
  const std::string text = dump_json(json) + "\n";
  if (fdatasync(file()) != 0) throw system_error(path_.string(), "write", errno);
  AtomicFile file(note_path(path_));
  file.write(std::as_bytes(std::span(text)));
  file.commit();
  is_noted_ = true;
}

std::string PartialFile::beginning() const {
  std::string bytes(512, '\0');
  const ssize_t read = pread(file(), bytes.data(), bytes.size(), 0);
  bytes.resize(read < 0 ? 0 : static_cast<std::size_t>(read));
  return bytes;
}

void PartialFile::move_to(const fs::path& target) {
  if (fdatasync(file()) != 0) throw system_error(path_.string(), "write", errno);
  if (fchmod(file(), kReadOnly) != 0) errno = 0;  // some file systems have no permissions
  if (rename(path_.c_str(), target.c_str()) != 0) throw system_error(target.string(), "create", errno);
  std::error_code ignored;
  fs::remove(note_path(path_), ignored);
}

void PartialFile::discard() { remove(path_); }

void PartialFile::keep_if_worth() {
  if (there_.total() == 0) return discard();
  try {
    note();
  } catch (const Error& problem) {  // the original failure is being reported; the previous note remains valid
    log::debug("{}", problem.message());
  }
}

std::uint64_t PartialFile::allocated_bytes(const fs::path& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

std::uint64_t PartialFile::noted_bytes(const fs::path& path) { return read(path).there.total(); }

void PartialFile::remove(const fs::path& path) {
  std::error_code ignored;
  fs::remove(note_path(path), ignored);
  fs::remove(path, ignored);
}

}  // namespace rocmforge::store
