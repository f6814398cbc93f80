#include "store/hub.h"

#include <algorithm>

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

constexpr std::size_t kLongestPage = std::size_t{2} << 20;
constexpr int kMostPages = 100;
constexpr std::size_t kMostRepositoryFiles = 100'000;
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 50;

Url hub_url(const Web& web, std::string_view path) {
  std::string base = web.options().hub.text();
  while (base.ends_with('/')) base.pop_back();
  return Url::parse(base + std::string(path));
}

std::string string_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<RemoteEntry> entry_of(const json& item, std::string_view what) {
  if (!item.is_object() || string_in(item, "type") != "file") return std::nullopt;
  RemoteEntry entry{.path = string_in(item, "path")};
  const auto size = item.find("size");
  const bool has_size = size != item.end() && size->is_number_unsigned();
  if (!has_size || !is_sound_path(entry.path)) return std::nullopt;
  entry.size = size->get<std::uint64_t>();
  if (entry.size > kLargestFile) return std::nullopt;
  const auto stored = item.find("lfs");
  if (stored == item.end() || !stored->is_object()) return entry;
  std::string sum = string_in(*stored, "oid");
  if (sum.empty()) sum = string_in(*stored, "sha256");
  if (sum.starts_with("sha256:")) sum.erase(0, 7);
  entry.sha256 = normal_sha256(sum);
  if (entry.sha256.empty() && !sum.empty()) {
    throw error(ErrorCode::kMalformed, "{}: {} has the SHA-256 '{}', expected 64 hexadecimal digits", what, entry.path,
                printable(sum));
  }
  return entry;
}

// Reads a page of JSON. If a network or another kind of server returned a web page instead, the error says so.
Web::Page read_json(Web& web, const Url& url) {
  Web::Page page = web.read(url, kLongestPage);
  if (page.head.field("content-type").starts_with("text/html")) {
    throw Error(ErrorCode::kMalformed, page.url.shown() + ": is a page for people, expected the hub's JSON",
                "a network that requires a login sends such pages, and so does a server that is not a hub: see --hub "
                "and HF_ENDPOINT");
  }
  return page;
}

// Reads the first of two addresses, or the second if the first is not found, and returns whether it was the first. If
// neither is found, the error is that of the first.
std::pair<Web::Page, bool> read_either(Web& web, const std::string& first, const std::string& second) {
  try {
    return {read_json(web, hub_url(web, first)), true};
  } catch (const Error& problem) {
    if (problem.code() != ErrorCode::kNotFound) throw;
    try {
      return {read_json(web, hub_url(web, second)), false};
    } catch (const Error& other) {
      if (other.code() != ErrorCode::kNotFound) throw;
    }
    throw;
  }
}

bool has_ending(const Repository& repository, std::string_view ending) {
  return std::ranges::any_of(repository.files, [&](const RemoteEntry& file) { return file.path.ends_with(ending); });
}

}  // namespace

RepositoryState parse_state(std::string_view text, std::string_view what) {
  const json answer = parse_json(text, what);
  const json& fields = answer.is_object() ? answer : json::object();
  RepositoryState state{.name = string_in(fields, "id"), .commit = string_in(fields, "sha")};
  const bool is_sound = state.commit.size() >= 7 && state.commit.size() <= 64 &&
                        state.commit.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!is_sound) throw error(ErrorCode::kMalformed, "{}: no commit in the field 'sha'", what);
  return state;
}

std::vector<RemoteEntry> parse_tree(std::string_view text, std::string_view what) {
  const json answer = parse_json(text, what);
  if (!answer.is_array()) throw error(ErrorCode::kMalformed, "{}: no list of files", what);
  std::vector<RemoteEntry> files;
  for (const json& item : answer) {
    if (auto entry = entry_of(item, what)) files.push_back(*std::move(entry));
  }
  return files;
}

std::optional<std::string> next_page(std::string_view link_field) {
  // <https://…>; rel="next", <https://…>; rel="last"
  while (!link_field.empty()) {
    const std::size_t open = link_field.find('<');
    const std::size_t close = link_field.find('>', open);
    if (open == link_field.npos || close == link_field.npos) break;
    const std::size_t next = link_field.find('<', close);
    const std::string_view parameters = link_field.substr(close + 1, next == link_field.npos ? next : next - close - 1);
    if (parameters.find("rel=\"next\"") != parameters.npos || parameters.find("rel=next") != parameters.npos) {
      return std::string(link_field.substr(open + 1, close - open - 1));
    }
    if (next == link_field.npos) break;
    link_field.remove_prefix(next);
  }
  return std::nullopt;
}

Repository list_repository(Web& web, const std::string& name) {
  const std::string api = "/api/models/" + name;
  const Web::Page described = read_either(web, api + "/revision/main", api).first;
  RepositoryState state = parse_state(described.body, described.url.shown());
  Repository repository{.name = name, .commit = std::move(state.commit), .revision = {}, .files = {}};
  // Use the hub's spelling, so that a model has one name however the user spells it.
  if (equal_ignoring_case(state.name, name)) repository.name = std::move(state.name);
  const auto tree = [&](const std::string& revision) { return api + "/tree/" + revision + "?recursive=true"; };
  auto [page, is_first] = read_either(web, tree(repository.commit), tree("main"));
  repository.revision = is_first ? repository.commit : "main";
  for (int pages = 0; pages < kMostPages; ++pages) {
    for (RemoteEntry& file : parse_tree(page.body, page.url.shown())) repository.files.push_back(std::move(file));
    if (repository.files.size() > kMostRepositoryFiles) break;
    const auto next = next_page(page.head.field("link"));
    if (!next) return repository;
    const Url url = page.url.resolve(*next);
    if (url.origin() != page.url.origin()) {
      throw error(ErrorCode::kMalformed, "{}: its next page is on another host, {}", page.url.shown(), url.shown());
    }
    page = read_json(web, url);
  }
  if (repository.files.size() > kMostRepositoryFiles) {
    throw error(ErrorCode::kTooLarge, "hf:{}: has more than {} files", name, group_digits(kMostRepositoryFiles));
  }
  throw error(ErrorCode::kTooLarge, "hf:{}: its list of files has more than {} pages", name, kMostPages);
}

Url file_url(const Web& web, const Repository& repository, std::string_view path) {
  return hub_url(web, fmt::format("/{}/resolve/{}/{}", repository.name, repository.revision, percent_encoded(path)));
}

std::vector<Offer> offers_in(const Repository& repository) {
  std::vector<Offer> offers = offers_of(repository.files);
  if (!offers.empty()) return offers;
  const std::string& name = repository.name;
  if (has_ending(repository, ".safetensors")) {
    const std::string folder = name.substr(name.find('/') + 1);
    throw Error(ErrorCode::kUnsupported,
                fmt::format("hf:{}: has no GGUF file, but the model as safetensors, which can be converted", name),
                fmt::format("`hf download {} --local-dir {}`, then `rocmforge convert {} {}.gguf`; or look for a "
                            "repository of the same name that ends in -GGUF",
                            name, folder, folder, folder));
  }
  const bool has_parts = std::ranges::any_of(repository.files, [](const RemoteEntry& file) {
    return file.path.ends_with(".gguf") && file.path.find("-of-") != std::string::npos;
  });
  throw error(ErrorCode::kUnsupported, "hf:{}: {}", name,
              has_parts ? "has GGUF files, but each model lacks some of its parts" : "has no GGUF file of a model");
}

}  // namespace rocmforge::store
