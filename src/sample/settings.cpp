#include "sample/settings.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

// Every stage takes time for every token, and that delays all requests.
constexpr std::size_t kMostStages = 64;
constexpr std::size_t kLongestName = 32;

// Returns the name in the form in which names are compared: lower case, without '-', '_' and spaces.
std::string plain(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

const StageEntry* find_by_any_name(std::string_view name) {
  const std::string wanted = plain(name);
  if (wanted.empty()) return nullptr;
  for (const StageEntry& stage : stages()) {
    if (plain(stage.name) == wanted) return &stage;
    if (std::find(stage.aliases.begin(), stage.aliases.end(), wanted) != stage.aliases.end()) return &stage;
  }
  return nullptr;
}

std::string known_names() {
  std::string names;
  for (const StageEntry& stage : stages()) {
    if (!names.empty()) names += ", ";
    names += stage.name;
  }
  return names;
}

Error unknown_stage(std::string_view name) {
  return error(ErrorCode::kUsage, "there is no sampling stage '{}', expected one of {}", name, known_names());
}

constexpr double kNoLimit = std::numeric_limits<double>::max();

struct SettingRange {
  double least = -kNoLimit;
  double most = kNoLimit;
};

template <typename Number>
void check_number(std::string_view name, Number value, SettingRange range, std::string_view expected) {
  const auto number = static_cast<double>(value);
  if (std::isfinite(number) && number >= range.least && number <= range.most) return;
  throw error(ErrorCode::kUsage, "{} is {}, expected {}", name, value, expected);
}

void check_chain(const Settings& settings) {
  constexpr SettingRange kShare = {0, 1};
  constexpr SettingRange kNotNegative = {0, kNoLimit};
  check_number("temperature", settings.temperature, {}, "a finite number");
  check_number("dynatemp_range", settings.dynatemp_range, kNotNegative, "0 (off) or more");
  check_number("dynatemp_exponent", settings.dynatemp_exponent, kNotNegative, "0 or more");
  check_number("top_k", settings.top_k, kNotNegative, "0 (off) or more");
  check_number("top_p", settings.top_p, kShare, "a number from 0 to 1 (off)");
  check_number("min_p", settings.min_p, kShare, "a number from 0 (off) to 1");
  check_number("typical_p", settings.typical_p, kShare, "a number from 0 to 1 (off)");
  check_number("top_n_sigma", settings.top_n_sigma, {}, "a finite number, 0 or less for off");
  check_number("xtc_probability", settings.xtc_probability, kShare, "a number from 0 (off) to 1");
  check_number("xtc_threshold", settings.xtc_threshold, kShare, "a number from 0 to 1");
  check_number("min_keep", settings.min_keep, kNotNegative, "0 or more");
}

void check_penalties(const Settings& settings) {
  constexpr SettingRange kWindow = {-1, kNoLimit};
  constexpr std::string_view kWindowExpected = "-1 (all), 0 (off) or more";
  check_number("penalty_last_n", settings.penalty_last_n, kWindow, kWindowExpected);
  const double least_float = static_cast<double>(std::numeric_limits<float>::min());
  check_number("repeat_penalty", settings.repeat_penalty, {least_float, kNoLimit}, "a number above 0, 1 for off");
  check_number("frequency_penalty", settings.frequency_penalty, {}, "a finite number, 0 for off");
  check_number("presence_penalty", settings.presence_penalty, {}, "a finite number, 0 for off");
  check_number("dry_multiplier", settings.dry_multiplier, {0, kNoLimit}, "0 (off) or more");
  check_number("dry_base", settings.dry_base, {}, "a finite number, below 1 for off");
  check_number("dry_allowed_length", settings.dry_allowed_length, {0, kNoLimit}, "0 or more");
  check_number("dry_penalty_last_n", settings.dry_penalty_last_n, kWindow, kWindowExpected);
  for (const Breakers::Sequence& breaker : settings.dry_breakers.sequences()) {
    if (breaker.empty()) throw error(ErrorCode::kUsage, "a sequence breaker is empty, expected one or more tokens");
  }
}

void check_bias(const Settings& settings) {
  for (const auto& [token, bias] : settings.logit_bias) {
    if (std::isfinite(bias) || bias == -std::numeric_limits<float>::infinity()) continue;
    throw error(ErrorCode::kUsage, "logit_bias of token {} is {}, expected a finite number or minus infinity", token,
                bias);
  }
}

}  // namespace

std::vector<std::string> parse_stages(std::string_view text, std::vector<std::string>* unknown) {
  if (text.size() > kMostStages * kLongestName) {
    throw error(ErrorCode::kUsage, "the list of sampling stages has {} bytes, expected at most {} stages", text.size(),
                kMostStages);
  }
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(";,", begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    begin = end + 1;
    if (const StageEntry* const stage = find_by_any_name(name)) {
      names.emplace_back(stage->name);
    } else if (unknown != nullptr) {
      unknown->emplace_back(name);
    } else {
      throw unknown_stage(name);
    }
  }
  return names;
}

void check(const Settings& settings) {
  if (settings.stages.size() > kMostStages) {
    throw error(ErrorCode::kUsage, "{} sampling stages, expected at most {}", settings.stages.size(), kMostStages);
  }
  for (const std::string& name : settings.stages) {
    if (find_stage(name) == nullptr) throw unknown_stage(name);
  }
  check_chain(settings);
  check_penalties(settings);
  check_number("mirostat", settings.mirostat, {0, 2}, "0 (off), 1 or 2");
  check_number("mirostat_tau", settings.mirostat_tau, {0, kNoLimit}, "0 or more");
  check_number("mirostat_eta", settings.mirostat_eta, {0, kNoLimit}, "0 or more");
  check_bias(settings);
}

}  // namespace rocmforge::sample
