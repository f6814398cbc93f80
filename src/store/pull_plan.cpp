#include "store/pull_plan.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "gguf/split_name.h"
#include "store/hub.h"
#include "store/sha256.h"

namespace rocmforge::store {
namespace {

namespace fs = std::filesystem;

std::string last_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// Returns the paths of all parts of the split that `path` belongs to, or the path alone if it is not part of a split.
std::vector<std::string> all_parts(const std::string& path) {
  constexpr std::uint64_t kMostParts = 10'000;
  const auto split = gguf::parse_split_name(path);
  if (!split) return {path};
  if (split->count > kMostParts) {
    throw error(ErrorCode::kTooLarge, "{}: is one of {} parts", printable(path), group_digits(split->count));
  }
  std::vector<std::string> parts;
  for (std::uint64_t i = 1; i <= split->count; ++i) parts.push_back(gguf::split_name(split->prefix, i, split->count));
  return parts;
}

// Returns "llama-3-Q4_K_M" for a file of that name, with characters replaced that a name may not have.
std::string name_after(const std::string& file) {
  const auto split = gguf::parse_split_name(file);
  std::string name = last_name(split ? split->prefix : gguf::split_prefix(file));
  for (char& c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!is_plain) c = '-';
  }
  const std::size_t start = name.find_first_not_of(".-");
  return start == std::string::npos ? "model" : name.substr(start, 100);
}

void refuse_projector(const std::string& file, const std::string& source) {
  if (!is_projector(file)) return;
  throw Error(ErrorCode::kUnsupported,
              printable(source) + ": this is a projector by its name, which cannot be run alone",
              "pull the model that it belongs to");
}

PullPlan plan_from_hub(Web& web, const HubSource& source, const std::string& name) {
  const Repository repository = list_repository(web, source.repository);
  const std::vector<Offer> offers = offers_in(repository);
  const std::string whole = "hf:" + repository.name;
  const Offer& offer = pick(offers, whole, source.choice);
  PullPlan plan;
  plan.model.source = whole + ":" + choice_of(offer, offers);
  plan.model.name = name.empty() ? name_of_source(plan.model.source) : name;
  plan.model.repository = repository.name;
  plan.model.commit = repository.commit;
  plan.model.quant = offer.quant;
  for (const RemoteEntry& file : offer.files) {
    const Url url = file_url(web, repository, file.path);
    plan.origin.push_back(url.text());
    plan.model.files.push_back({.name = last_name(file.path),
                                .size = file.size,
                                .sha256 = file.sha256,
                                .url_id = file.sha256.empty() ? sha256_of(url.text()) : ""});
  }
  return plan;
}

// Returns the address with another file name.
std::string with_last_name(const std::string& url, std::string_view from, std::string_view to) {
  const std::size_t end = url.find_first_of("?#");
  const std::size_t at = url.rfind(from, end);
  return url.substr(0, at) + std::string(to) + url.substr(at + from.size());
}

PullPlan plan_from_web(Web& web, const WebSource& source, const std::string& name) {
  const std::string path = source.url.path();
  const auto decoded = percent_decoded(last_name(path));
  const std::string file =
      decoded && is_sound_path(*decoded) && decoded->find('/') == decoded->npos ? *decoded : std::string("model.gguf");
  refuse_projector(file, source.url.shown());
  const auto url_of = [&](const std::string& part) {
    return part == file ? source.url.text() : with_last_name(source.url.text(), last_name(path), percent_encoded(part));
  };
  const std::vector<std::string> parts = all_parts(file);
  const Url first = Url::parse(url_of(parts.front()));
  PullPlan plan;
  plan.model.source = first.shown();
  plan.model.source_id = source_id_of(first);
  plan.model.name = name.empty() ? name_after(file) : name;
  plan.model.quant = quant_of(file);
  for (const std::string& part : parts) {
    const std::string url = url_of(part);
    const RemoteFile remote = web.find(Url::parse(url));
    plan.origin.push_back(url);
    plan.model.commit += (plan.model.commit.empty() ? "" : " ") + printable(remote.validator);
    plan.model.files.push_back({.name = part,
                                .size = remote.size,
                                .sha256 = remote.sha256,
                                .url_id = remote.sha256.empty() ? sha256_of(url) : ""});
  }
  return plan;
}

PullPlan plan_from_file(const FileSource& source, const std::string& name) {
  PullPlan plan;
  plan.is_local = true;
  const std::string whole = fs::absolute(source.path).lexically_normal().string();
  refuse_projector(last_name(whole), whole);
  const std::vector<std::string> parts = all_parts(whole);
  plan.model.source = parts.front();  // whichever part the user named
  plan.model.name = name.empty() ? name_after(last_name(whole)) : name;
  plan.model.quant = quant_of(whole);
  for (const std::string& part : parts) {
    struct stat status{};
    if (stat(part.c_str(), &status) != 0) {
      const int problem = errno;
      const bool could_be_hub = is_repository_name(source.path) && !source.path.ends_with(".gguf");
      if (!could_be_hub) throw system_error(part, "open", problem);
      throw Error(ErrorCode::kNotFound, system_error(source.path, "open", problem).message(),
                  "a model of the hub is written hf:" + printable(source.path));
    }
    if (!S_ISREG(status.st_mode)) throw error(ErrorCode::kUsage, "{}: is not a regular file", printable(part));
    plan.origin.push_back(part);
    plan.model.commit +=
        fmt::format("{}{}.{:09}", plan.model.commit.empty() ? "" : " ", status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    plan.model.files.push_back({.name = last_name(part),
                                .size = static_cast<std::uint64_t>(status.st_size),
                                .sha256 = {},
                                .url_id = sha256_of(part)});
    if (!is_sound_path(plan.model.files.back().name)) {
      throw error(ErrorCode::kUsage, "{}: a file with this name cannot be stored", printable(part));
    }
  }
  return plan;
}

}  // namespace

PullPlan plan_pull(Web& web, const Source& source, const std::string& name) {
  if (!name.empty()) check_name(name);
  if (const auto* const hub = std::get_if<HubSource>(&source)) return plan_from_hub(web, *hub, name);
  if (const auto* const address = std::get_if<WebSource>(&source)) return plan_from_web(web, *address, name);
  return plan_from_file(std::get<FileSource>(source), name);
}

}  // namespace rocmforge::store
