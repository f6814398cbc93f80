#include "cli/did_you_mean.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/model_source.h"
#include "store/source.h"

namespace rocmforge::cli {
namespace {

struct OtherName {
  std::string_view known_elsewhere;
  std::string_view ours;
};

constexpr OtherName kCommandsElsewhere[] = {
    {"list", "rocmforge models"},
    {"ls", "rocmforge models"},
    {"ps", "rocmforge models"},
    {"show", "rocmforge inspect MODEL"},
    {"info", "rocmforge inspect MODEL"},
    {"chat", "rocmforge run MODEL"},
    {"generate", "rocmforge run MODEL PROMPT"},
    {"download", "rocmforge pull SOURCE"},
    {"delete", "rocmforge rm NAME"},
    {"help", "rocmforge --help"},
    {"version", "rocmforge --version"},
    {"devices", "rocmforge bench --roofline"},
};

constexpr OtherName kOptionsElsewhere[] = {
    {"--max-tokens", "-n"},
    {"--n-predict", "-n"},
    {"--predict", "-n"},
    {"--num-predict", "-n"},
    {"--max-new-tokens", "-n"},
    {"--ctx-size", "--ctx"},
    {"--num-ctx", "--ctx"},
    {"--context", "--ctx"},
    {"--max-model-len", "--ctx"},
    {"--cache-type-k", "--kv-type-k"},
    {"--cache-type-v", "--kv-type-v"},
    {"-ctk", "--kv-type-k"},
    {"-ctv", "--kv-type-v"},
    {"--system-prompt", "--system"},
    {"-sys", "--system"},
};

std::optional<std::string_view> name_here(std::span<const OtherName> names, std::string_view word) {
  const auto found = std::ranges::find(names, word, &OtherName::known_elsewhere);
  return found == names.end() ? std::nullopt : std::optional(found->ours);
}

}  // namespace

Error unknown_command(const std::string& word, std::span<const std::string_view> commands) {
  if (const auto ours = name_here(kCommandsElsewhere, word)) {
    return Error(ErrorCode::kUsage, fmt::format("there is no command '{}'; did you mean `{}`?", word, *ours));
  }
  const std::string message = fmt::format("there is no command '{}'", printable(word));
  if (!is_one_word(word)) {
    return Error(ErrorCode::kUsage, message,
                 "`rocmforge run \"a prompt\"` asks the demo model, `rocmforge run MODEL \"a prompt\"` another");
  }
  if (store::is_repository_name(word)) {
    return Error(ErrorCode::kUsage, message + ", and no such file",
                 fmt::format("`rocmforge run hf:{}` fetches that model from the hub", word));
  }
  const auto near = closest(word, commands);
  return Error(ErrorCode::kUsage, near ? fmt::format("{}; did you mean '{}'?", message, *near) : message);
}

std::optional<std::string> option_near(const std::string& word, std::span<const std::string> options) {
  const std::string name = word.substr(0, word.find('='));
  if (const auto ours = name_here(kOptionsElsewhere, name)) {
    if (std::ranges::find(options, *ours) != options.end()) return std::string(*ours);
  }
  // One name may be a prefix of the other, as --temp is of --temperature.
  for (const std::string& known : options) {
    constexpr std::size_t kTelling = 5;
    if (std::min(known.size(), name.size()) >= kTelling && (known.starts_with(name) || name.starts_with(known))) {
      return known;
    }
  }
  const std::vector<std::string_view> views(options.begin(), options.end());
  const auto near = closest(name, views);
  return near ? std::optional(std::string(*near)) : std::nullopt;
}

}  // namespace rocmforge::cli
