#include "cli/chat/typed_input.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace rocmforge::cli {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";

enum class Takes { kNothing, kMaybeText, kText };

struct CommandEntry {
  std::string_view name;
  SlashCommand command;
  Takes takes;
  std::string_view argument;  // name of the argument in the help
  std::string_view help;      // empty: the entry is another name of the one before
};

constexpr std::array kCommands = {
    CommandEntry{"help", SlashCommand::kHelp, Takes::kNothing, "", "show this"},
    CommandEntry{"clear", SlashCommand::kClear, Takes::kNothing, "", "forget the conversation"},
    CommandEntry{"system", SlashCommand::kSystem, Takes::kMaybeText, "[TEXT]",
                 "show the system message, or set it (\"none\": remove it)"},
    CommandEntry{"regen", SlashCommand::kRegenerate, Takes::kNothing, "", "answer the last message again"},
    CommandEntry{"think", SlashCommand::kThink, Takes::kMaybeText, "[on|off]", "set whether the model reasons first"},
    CommandEntry{"stats", SlashCommand::kStatistics, Takes::kNothing, "", "show the statistics of the last answer"},
    CommandEntry{"save", SlashCommand::kSave, Takes::kText, "FILE", "write the conversation to a file, as JSON"},
    CommandEntry{"load", SlashCommand::kLoad, Takes::kText, "FILE", "continue a saved conversation"},
    CommandEntry{"exit", SlashCommand::kExit, Takes::kNothing, "", "leave; so does Ctrl-D"},
    CommandEntry{"quit", SlashCommand::kExit, Takes::kNothing, "", ""},
};

constexpr std::string_view kHelpOnTyping =
    "  \"\"\"                begin and end a message of several lines\n"
    "  //text             send \"/text\"\n"
    "  Ctrl-C             stop the answer, or clear the line; twice: leave\n"
    "  Up, Down, Ctrl-R   what was typed before\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::string unknown_command(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CommandEntry& entry : kCommands) names.push_back(entry.name);
  const auto near = closest(name, names);
  const std::string advice = near ? fmt::format("did you mean /{}?", *near) : "/help lists the commands";
  return fmt::format("there is no command /{}; {} To send it as a message: //{}", printable(name, 40),
                     near ? advice : advice + ".", printable(name, 40));
}

Typed parse_command(std::string_view line) {
  const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view name = line.substr(0, space);
  const std::string_view argument = trimmed(line.substr(space));
  const auto* const entry = std::ranges::find(kCommands, name, &CommandEntry::name);
  if (entry == kCommands.end()) return TypedMistake{unknown_command(name)};
  if (entry->takes == Takes::kNothing && !argument.empty()) {
    return TypedMistake{fmt::format("/{} takes nothing, but was given '{}'", name, printable(argument, 40))};
  }
  if (entry->takes == Takes::kText && argument.empty()) {
    return TypedMistake{fmt::format("/{} {}: it is missing", name, entry->argument)};
  }
  return TypedCommand{entry->command, std::string(argument)};
}

}  // namespace

std::optional<Typed> TypedInput::feed(std::string_view line) {
  if (open_) return continue_block(line);
  if (trimmed(line).empty()) return {};
  if (line.find('\n') != std::string_view::npos) return TypedMessage{std::string(line)};
  if (line.starts_with(kQuotes)) return begin_block(line.substr(kQuotes.size()));
  if (line.starts_with("//")) return TypedMessage{std::string(line.substr(1))};
  if (line.starts_with('/')) return parse_command(line.substr(1));
  return TypedMessage{std::string(line)};
}

std::optional<Typed> TypedInput::begin_block(std::string_view line) {
  open_ = true;
  // The text after the quotes is the first line; if there is none, the next line is the first.
  return line.empty() ? std::nullopt : continue_block(line);
}

std::optional<Typed> TypedInput::continue_block(std::string_view line) {
  const bool ends = line.find('\n') == std::string_view::npos && line.ends_with(kQuotes);
  if (!ends) {
    append(line);
    return {};
  }
  line.remove_suffix(kQuotes.size());
  if (!line.empty()) append(line);
  std::string text = std::move(block_);
  forget();
  if (trimmed(text).empty()) return {};
  return TypedMessage{std::move(text)};
}

void TypedInput::append(std::string_view line) {
  if (has_lines_) block_ += '\n';
  block_ += line;
  has_lines_ = true;
}

void TypedInput::forget() {
  open_ = false;
  has_lines_ = false;
  block_.clear();
}

std::string describe_commands() {
  std::string text;
  for (const CommandEntry& entry : kCommands) {
    if (entry.help.empty()) continue;
    text += fmt::format("  {:<18} {}\n", fmt::format("/{} {}", entry.name, entry.argument), entry.help);
  }
  return text + std::string(kHelpOnTyping);
}

}  // namespace rocmforge::cli
