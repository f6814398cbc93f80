// What somebody types in a conversation: a message, a command that begins with a slash, or a line of a message of
// several lines between """ and """.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace rocmforge::cli {

enum class SlashCommand { kHelp, kClear, kSystem, kRegenerate, kStatistics, kSave, kLoad, kThink, kExit };

struct TypedMessage {
  std::string text;
};
struct TypedCommand {
  SlashCommand command;
  std::string argument;  // without spaces around it
};
struct TypedMistake {
  std::string complaint;
};
using Typed = std::variant<TypedMessage, TypedCommand, TypedMistake>;

class TypedInput {
 public:
  // A line, or a text of several lines that was pasted or comes from the history: that is a message as it stands, or a
  // part of one, and never a command. Nothing: there is nothing in it, or the message goes on.
  std::optional<Typed> feed(std::string_view line);

  // Whether the message goes on.
  bool is_open() const { return open_; }
  void forget();

 private:
  std::optional<Typed> begin_block(std::string_view line);
  std::optional<Typed> continue_block(std::string_view line);
  void append(std::string_view line);

  bool open_ = false;
  bool has_lines_ = false;
  std::string block_;
};

// The commands and keys, a line each.
std::string describe_commands();

}  // namespace rocmforge::cli
