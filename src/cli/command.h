// Describes a command of the program: its name, arguments and action. commands.cpp has the table of all commands.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rocmforge::cli {

// What shell completion offers for a value.
enum class Completes { kNothing, kFile, kChoices };

// An optional number and its range.
template <typename Number>
struct Bounded {
  std::optional<Number>* number;
  Number least;
  Number greatest;
};

// The variable that receives the parsed value. A bool is a switch without a value. An optional string distinguishes an
// empty text from no text. A vector receives the values of all repetitions, and as a positional all words.
using Place = std::variant<bool*, int*, std::uint64_t*, std::string*, std::optional<std::string>*,
                           std::vector<std::string>*, Bounded<int>, Bounded<float>, Bounded<std::uint64_t>>;

struct Argument {
  std::string names;  // "--json", "-t,--threads"; a positional has no dashes
  std::string value;  // name of the value in the help; empty for a switch
  std::string help;
  Place place;
  std::uint64_t least = 1;  // smallest valid number
  std::uint64_t greatest = 1'000'000'000'000;
  bool required = false;
  Completes completes = Completes::kNothing;
  std::vector<std::string> choices = {};  // for shell completion only; the command itself checks the value
  std::string group = {};                 // heading in the help; empty: "Options"

  bool is_positional() const { return names.front() != '-'; }
  bool is_switch() const { return std::holds_alternative<bool*>(place); }
};

struct Command {
  std::string_view name;
  std::string_view summary;   // one line
  std::string details;        // paragraphs for the help; may be empty
  std::string_view examples;  // lines of "rocmforge …"
  std::vector<Argument> arguments;
  std::function<void()> run;
};

}  // namespace rocmforge::cli
