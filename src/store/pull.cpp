#include "store/pull.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "store/download.h"
#include "store/local_copy.h"
#include "store/partial_file.h"
#include "store/pull_plan.h"

namespace rocmforge::store {
namespace {

namespace fs = std::filesystem;

constexpr int kMostRounds = 3;

class Pull {
 public:
  Pull(const ModelStore& store, Web& web, const PullOptions& options, PullPlan plan)
      : store_(store), web_(web), options_(options), plan_(std::move(plan)), model_(plan_.model) {}

  PullResult run();

 private:
  bool is_there_already();
  void check_space() const;
  void fetch_all_or_give_up();
  void fetch_files();
  void fetch_file(std::size_t index);
  std::string fetch_into(PartialFile& partial, std::size_t index);
  FileLock::WhileWaiting waiting_for(std::string what) const;
  void report(std::size_t index, std::uint64_t done, std::uint64_t summed) const;
  void say(const std::string& text) const {
    if (options_.on_message) options_.on_message(text);
  }
  bool has_blob(const ManifestFile& file) const;

  const ModelStore& store_;
  Web& web_;
  const PullOptions& options_;
  PullPlan plan_;
  Manifest model_;  // the plan's manifest, completed with what becomes known
  std::uint64_t before_ = 0;
  std::uint64_t finished_files_ = 0;  // bytes of the finished files
};

PullResult Pull::run() {
  const FileLock lock = store_.lock_name(model_.name, waiting_for(model_.name));
  if (is_there_already()) return {model_, true, 0};
  check_space();
  before_ = store_.bytes_there(model_);
  say(fmt::format("{} {}, {}{}", plan_.is_local ? "copying" : "fetching", printable(model_.source, 300),
                  format_bytes(model_.size()),
                  before_ > 0 ? fmt::format(", of which {} are there already", format_bytes(before_)) : ""));
  for (int rounds = 0; rounds < kMostRounds; ++rounds) {
    store_.begin(plan_.model);
    model_ = plan_.model;
    fetch_all_or_give_up();
    model_.pulled = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    if (store_.finish(model_)) return {model_, false, model_.size() - std::min(before_, model_.size())};
  }
  throw error(ErrorCode::kIo, "{}: its files are removed while they are fetched", model_.name);
}

// Returns whether the store has the same files from the same source; files that have changed there are fetched.
bool Pull::is_there_already() {
  std::optional<Manifest> known;
  try {
    known = store_.find(model_.name);
  } catch (const Error& problem) {
    say(problem.message());
  }
  if (!known) return false;
  const bool same_source = known->source == model_.source && known->source_id == model_.source_id;
  if (!same_source) {
    throw Error(ErrorCode::kUsage, fmt::format("{}: is the name of what came from {}", model_.name, known->source),
                fmt::format("--name gives this one another, or `rocmforge rm {}` frees it", model_.name));
  }
  const auto same_file = [](const ManifestFile& a, const ManifestFile& b) {
    return a.name == b.name && a.size == b.size && (b.sha256.empty() || a.sha256 == b.sha256);
  };
  const auto& files = model_.files;
  const bool has_sums = std::ranges::none_of(files, [](const ManifestFile& file) { return file.sha256.empty(); });
  const bool is_same = (has_sums || (!model_.commit.empty() && known->commit == model_.commit)) &&
                       std::ranges::equal(known->files, files, same_file) && store_.is_complete(*known);
  if (is_same) {
    model_ = *std::move(known);
    model_.commit = plan_.model.commit;
    return store_.finish(model_);
  }
  say(fmt::format("{}: what is there is not what {} has now", model_.name, model_.source));
  return false;
}

void Pull::check_space() const {
  std::uint64_t needed = 0;
  for (const ManifestFile& file : model_.files) {
    if (has_blob(file)) continue;
    needed += file.size - std::min(file.size, PartialFile::allocated_bytes(store_.partial(file)));
  }
  const std::optional<std::uint64_t> free = free_bytes(store_.root());
  if (plan_.is_local || !free || needed <= *free) return;  // a local copy may share its space with the original
  throw lack_of_space(model_.name, needed, *free);
}

bool Pull::has_blob(const ManifestFile& file) const {
  std::error_code ignored;
  return !file.sha256.empty() && fs::file_size(store_.blob(file.sha256), ignored) == file.size && !ignored;
}

void Pull::fetch_all_or_give_up() {
  try {
    fetch_files();
  } catch (...) {
    store_.give_up(model_.name, !plan_.is_local);
    throw;
  }
}

void Pull::fetch_files() {
  finished_files_ = 0;
  for (std::size_t i = 0; i < model_.files.size(); ++i) {
    if (!has_blob(model_.files[i])) fetch_file(i);
    finished_files_ += model_.files[i].size;
  }
}

void Pull::fetch_file(std::size_t index) {
  ManifestFile& file = model_.files[index];
  PartialFile partial(store_.partial(file), waiting_for(file.name));
  // The process that held the lock may have completed the file.
  if (has_blob(file)) return partial.discard();
  file.sha256 = fetch_into(partial, index);
  file.url_id.clear();
  store_.keep(partial, file.sha256, model_);
}

std::string Pull::fetch_into(PartialFile& partial, std::size_t index) {
  const ManifestFile& file = model_.files[index];
  if (plan_.is_local) {
    try {
      return copy_file(plan_.origin[index], file.size, partial, [&](std::uint64_t done) {
        web_.check_cancelled();
        report(index, done, done);
      });
    } catch (...) {
      partial.discard();  // a copy starts over
      throw;
    }
  }
  const Download download{
      .url = Url::parse(plan_.origin[index]),
      .name = file.name,
      .expected_size = file.size,
      .expected_sha256 = file.sha256,
      .connections = options_.connections,
      .on_progress = [&](const DownloadProgress& now) { report(index, now.done, now.summed); },
  };
  return fetch(web_, partial, download);
}

FileLock::WhileWaiting Pull::waiting_for(std::string what) const {
  return [this, what = std::move(what), has_said = false]() mutable {
    web_.check_cancelled();
    if (!std::exchange(has_said, true)) say(what + ": somebody else is pulling it; waiting for them");
  };
}

void Pull::report(std::size_t index, std::uint64_t done, std::uint64_t summed) const {
  if (!options_.on_progress) return;
  const ManifestFile& file = model_.files[index];
  const bool is_checking = done == file.size && summed < file.size;
  options_.on_progress({file.name, finished_files_ + (is_checking ? summed : done), model_.size(), is_checking});
}

}  // namespace

PullResult pull(const ModelStore& store, Web& web, const Source& source, const PullOptions& options) {
  PullPlan plan = plan_pull(web, source, options.name);
  const std::string& name = plan.model.name;
  if (std::ranges::find(options.reserved_names, name) != options.reserved_names.end()) {
    throw Error(ErrorCode::kUsage, name + ": is the name of a model that is built in", "--name gives this one another");
  }
  return Pull(store, web, options, std::move(plan)).run();
}

}  // namespace rocmforge::store
