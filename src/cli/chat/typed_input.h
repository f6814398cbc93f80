// Interprets typed lines of a conversation: a message, a command that begins with a slash, or a line of a message of
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
  // Interprets a line, or a text of several lines that was pasted or comes from the history. Such a text is a message
  // or a part of one, never a command. Returns nothing if the input is empty or the message is not complete.
  std::optional<Typed> feed(std::string_view line);

  // Returns whether the message is not complete.
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

// Returns the help: one line for each command and key.
std::string describe_commands();

}  // namespace rocmforge::cli
