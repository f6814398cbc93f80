// What a command of the program is: its name, its arguments, its action. The table of all is in commands.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rocmforge::cli {

// What a shell may offer where a value is wanted.
enum class Completes { kNothing, kFile, kChoices };

// A number that may be left out, and from where to where it makes sense.
template <typename Number>
struct Bounded {
  std::optional<Number>* number;
  Number least;
  Number greatest;
};

// Where the parsed value goes. A bool is a switch without a value; an optional tells an empty text from none; a vector
// takes every repetition, as a positional every word.
using Place = std::variant<bool*, int*, std::uint64_t*, std::string*, std::optional<std::string>*,
                           std::vector<std::string>*, Bounded<int>, Bounded<float>, Bounded<std::uint64_t>>;

struct Argument {
  std::string names;  // "--json", "-t,--threads"; a positional has no dashes
  std::string value;  // what the value is called in the help; empty for a switch
  std::string help;
  Place place;
  std::uint64_t least = 1;  // of a number
  std::uint64_t greatest = 1'000'000'000'000;
  bool required = false;
  Completes completes = Completes::kNothing;
  std::vector<std::string> choices = {};  // offered to the shell; the command itself judges what it is given
  std::string group = {};                 // under which the help lists it; empty: "Options"

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
