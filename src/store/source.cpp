#include "store/source.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::store {
namespace {

constexpr std::string_view kHubScheme = "hf:";
constexpr std::size_t kLongestPart = 96;  // the hub's limit
constexpr std::size_t kLongestPath = 1024;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool has_scheme(std::string_view text, std::string_view scheme) {
  return equal_ignoring_case(text.substr(0, scheme.size()), scheme);
}

// Returns "ftp" for "ftp://host/file", or an empty string if the text may be a path.
std::string_view foreign_scheme(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == text.npos) return {};
  const std::string_view scheme = text.substr(0, end);
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return std::ranges::all_of(scheme, is_plain) ? scheme : std::string_view();
}

bool is_part_of_a_repository(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= kLongestPart && name.front() != '.' && name.find("..") == name.npos &&
         std::ranges::all_of(name, is_plain);
}

HubSource parse_hub_source(std::string_view text) {
  const std::string_view rest = text.substr(kHubScheme.size());
  const std::size_t colon = rest.find(':');
  const std::string_view repository = rest.substr(0, colon);
  const std::string_view choice = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
  if (!is_repository_name(repository) || (colon != rest.npos && !is_sound_path(choice))) {
    throw Error(ErrorCode::kUsage, printable(text) + ": no model of the hub can have this name",
                "expected hf:ORG/REPOSITORY or hf:ORG/REPOSITORY:QUANT, as hf:ggml-org/gemma-3-1b-it-GGUF:Q4_K_M");
  }
  return {std::string(repository), std::string(choice)};
}

// Returns the model to which an address of the hub's own pages refers, or nothing for other addresses.
std::optional<HubSource> hub_source_of(const Url& url, const Url& hub) {
  std::string base = hub.path();
  while (base.ends_with('/')) base.pop_back();
  const std::string path = url.path();
  if (url.origin() != hub.origin() || !path.starts_with(base + "/")) return std::nullopt;
  const auto decoded = percent_decoded(path.substr(base.size() + 1));
  if (!decoded) return std::nullopt;
  auto parts = split(*decoded, '/');
  if (parts.size() > 2 && parts.back().empty()) parts.pop_back();
  if (parts.size() < 2 || !is_part_of_a_repository(parts[0]) || !is_part_of_a_repository(parts[1])) return std::nullopt;
  const std::string repository = std::string(parts[0]) + "/" + std::string(parts[1]);
  const bool is_page = parts.size() == 2 || (parts.size() == 4 && parts[2] == "tree" && parts[3] == "main");
  if (is_page) return HubSource{repository, ""};
  const bool is_file = parts.size() > 4 && (parts[2] == "resolve" || parts[2] == "blob") && parts[3] == "main";
  if (!is_file) return std::nullopt;
  const std::string file = decoded->substr(repository.size() + parts[2].size() + parts[3].size() + 3);
  return is_sound_path(file) ? std::optional(HubSource{repository, file}) : std::nullopt;
}

}  // namespace

std::string HubSource::text() const {
  return std::string(kHubScheme) + repository + (choice.empty() ? "" : ":" + choice);
}

bool names_the_web(std::string_view text) {
  return has_scheme(text, kHubScheme) || has_scheme(text, "https:") || has_scheme(text, "http:");
}

bool is_repository_name(std::string_view text) {
  const auto parts = split(text, '/');
  return parts.size() == 2 && std::ranges::all_of(parts, is_part_of_a_repository);
}

bool is_sound_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || path.front() == '/' || path.find('\\') != path.npos) return false;
  // A name that would have to be escaped cannot be shown or stored.
  if (printable(path, kLongestPath) != path) return false;
  return std::ranges::none_of(split(path, '/'),
                              [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

Source parse_source(std::string_view text, const Url& hub) {
  constexpr const char* kExpected = "expected hf:ORG/REPOSITORY, an https: address or a file";
  if (text.empty()) throw Error(ErrorCode::kUsage, "the source is empty", kExpected);
  if (has_scheme(text, kHubScheme)) return parse_hub_source(text);
  if (!names_the_web(text)) {
    const std::string_view scheme = foreign_scheme(text);
    if (scheme.empty()) return FileSource{std::string(text)};
    throw Error(ErrorCode::kUsage, fmt::format("{}: the scheme {}: is not supported", Url::shown_of(text), scheme),
                kExpected);
  }
  const Url url = Url::parse(text);
  if (const auto source = hub_source_of(url, hub)) return *source;
  return WebSource{url};
}

}  // namespace rocmforge::store
