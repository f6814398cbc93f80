#include "store/quant_name.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "gguf/split_name.h"

namespace rocmforge::store {
namespace {

constexpr std::string_view kModelEnding = ".gguf";
constexpr std::size_t kMostListed = 40;
constexpr std::array<std::string_view, 2> kUsual = {"Q4_K_M", "Q8_0"};

std::string capitals(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Returns whether the whole text, in capitals, is a quantization: Q4_K_M, IQ2_XXS, TQ1_0, MXFP4_MOE, FP8_E4M3, F16,
// BF16.
bool is_quant(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kPlain = {"F16", "BF16", "F32", "FP16", "FP32"};
  if (std::ranges::find(kPlain, text) != kPlain.end()) return true;
  static constexpr std::array<std::string_view, 6> kKinds = {"IQ", "TQ", "Q", "MXFP", "NVFP", "FP8"};
  for (const std::string_view kind : kKinds) {
    if (!text.starts_with(kind) || text.size() == kind.size()) continue;
    std::string_view rest = text.substr(kind.size());
    if (kind != "FP8") {
      if (!is_digit(rest.front()) || (rest.size() > 1 && rest[1] != '_')) continue;
      rest.remove_prefix(1);
    }
    const auto is_plain = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_'; };
    if ((rest.empty() || rest.size() > 1) && std::ranges::all_of(rest, is_plain)) return true;
  }
  return false;
}

// Returns the longest quantization at the end of a field that begins at an underscore or at the field's beginning.
std::string quant_at_end(std::string_view field) {
  for (std::size_t start = 0; start < field.size();) {
    if (is_quant(field.substr(start))) return std::string(field.substr(start));
    const std::size_t underscore = field.find('_', start);
    if (underscore == std::string_view::npos) break;
    start = underscore + 1;
  }
  return "";
}

std::string quant_in(std::string_view name) {
  const std::string text = capitals(name);
  std::string found;
  std::string before;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find_first_of("-.", start), text.size());
    const std::string field = text.substr(start, end - start);
    const std::string quant = quant_at_end(field);
    if (!quant.empty()) found = (before == "UD" ? "UD-" : "") + quant;
    before = field;
    start = end + 1;
  }
  return found;
}

std::string_view name_within(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name_within(path.substr(0, slash));
}

bool is_gguf(std::string_view path) {
  return path.size() > kModelEnding.size() &&
         equal_ignoring_case(path.substr(path.size() - kModelEnding.size()), kModelEnding);
}

// Returns whether the name is that of an importance matrix, which contains the model's name. In the name of a model
// that was made with one, a quantization follows.
bool is_importance_matrix(std::string_view path) {
  const std::string name = capitals(name_within(path));
  const std::size_t at = name.rfind("IMATRIX");
  return at != std::string::npos && quant_in(name.substr(at)).empty();
}

bool is_no_model(std::string_view path) { return is_projector(path) || is_importance_matrix(path); }

std::string listing(const std::vector<const Offer*>& offers, const std::vector<Offer>& all, const std::string& source) {
  std::string text;
  for (std::size_t i = 0; i < std::min(offers.size(), kMostListed); ++i) {
    const std::string name = source + ":" + choice_of(*offers[i], all);
    text += fmt::format("\n       {:<50} {:>10}", printable(name, 200), format_bytes(offers[i]->size()));
  }
  if (offers.size() > kMostListed) text += fmt::format("\n       and {} more", offers.size() - kMostListed);
  return text;
}

std::vector<const Offer*> all_of(const std::vector<Offer>& offers) {
  std::vector<const Offer*> list;
  for (const Offer& offer : offers) list.push_back(&offer);
  return list;
}

std::vector<const Offer*> with_quant(const std::vector<Offer>& offers, std::string_view quant) {
  std::vector<const Offer*> list;
  for (const Offer& offer : offers) {
    if (equal_ignoring_case(offer.quant, quant)) list.push_back(&offer);
  }
  return list;
}

// Returns the models with a file of this path, or else of this name without folders, which several may share. Any part
// of a split matches.
std::vector<const Offer*> with_file(const std::vector<Offer>& offers, std::string_view name) {
  std::vector<const Offer*> list;
  for (const Offer& offer : offers) {
    const auto is_it = [&](const RemoteEntry& file) { return file.path == name; };
    if (std::ranges::any_of(offer.files, is_it)) return {&offer};
    const auto is_called_so = [&](const RemoteEntry& file) { return name_within(file.path) == name; };
    if (std::ranges::any_of(offer.files, is_called_so)) list.push_back(&offer);
  }
  return list;
}

const Offer& the_one(const std::vector<const Offer*>& found, const std::vector<Offer>& all, const std::string& source,
                     std::string_view choice) {
  if (found.size() == 1) return *found.front();
  throw Error(
      ErrorCode::kUsage,
      fmt::format("{}: {} means {} models:{}", source, printable(choice), found.size(), listing(found, all, source)),
      "say which");
}

}  // namespace

std::string quant_of(std::string_view path) {
  std::string_view name = name_within(path);
  if (is_gguf(name)) name.remove_suffix(kModelEnding.size());
  const auto split = gguf::parse_split_name(path);
  const std::string prefix = split ? split->prefix : std::string(name);
  const std::string quant = quant_in(name_within(prefix));
  return quant.empty() ? quant_in(folder_of(path)) : quant;
}

bool is_projector(std::string_view path) { return capitals(path).find("MMPROJ") != std::string::npos; }

std::span<const std::string_view> usual_quants() { return kUsual; }

std::uint64_t Offer::size() const {
  return std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const RemoteEntry& file) { return sum + file.size; });
}

std::vector<Offer> offers_of(const std::vector<RemoteEntry>& files) {
  std::vector<Offer> offers;
  std::map<std::pair<std::string, std::uint64_t>, std::map<std::uint64_t, RemoteEntry>> splits;
  for (const RemoteEntry& file : files) {
    if (!is_gguf(file.path) || is_no_model(file.path)) continue;
    if (const auto split = gguf::parse_split_name(file.path)) {
      splits[{split->prefix, split->count}].emplace(split->number, file);
    } else {
      offers.push_back({quant_of(file.path), {file}});
    }
  }
  for (const auto& [name, parts] : splits) {
    if (parts.size() != name.second) continue;
    Offer offer{quant_of(parts.begin()->second.path), {}};
    for (const auto& [number, file] : parts) offer.files.push_back(file);
    offers.push_back(std::move(offer));
  }
  std::ranges::stable_sort(offers, {}, &Offer::size);
  return offers;
}

std::string choice_of(const Offer& offer, const std::vector<Offer>& offers) {
  const bool is_alone = !offer.quant.empty() && with_quant(offers, offer.quant).size() == 1;
  return is_alone ? offer.quant : offer.files.front().path;
}

std::array<std::string, 2> quants_meant_by(const std::string& choice) { return {choice, "UD-" + choice}; }

const Offer& pick(const std::vector<Offer>& offers, const std::string& source, const std::string& choice) {
  if (choice.empty()) {
    for (const std::string_view usual : kUsual) {
      const auto found = with_quant(offers, usual);
      if (!found.empty()) return the_one(found, offers, source, usual);
    }
    if (offers.size() == 1) return offers.front();
    throw Error(ErrorCode::kUsage,
                fmt::format("{}: has {} models, none of them the usual one:{}", source, offers.size(),
                            listing(all_of(offers), offers, source)),
                "say which");
  }
  if (const auto files = with_file(offers, choice); !files.empty()) return the_one(files, offers, source, choice);
  for (const std::string& quant : quants_meant_by(choice)) {
    const auto found = with_quant(offers, quant);
    if (!found.empty()) return the_one(found, offers, source, quant);
  }
  throw error(ErrorCode::kNotFound, "{}: has no {}; there {}:{}", source, printable(choice),
              offers.size() == 1 ? "is" : "are", listing(all_of(offers), offers, source));
}

}  // namespace rocmforge::store
