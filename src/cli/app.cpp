#include "cli/app.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <new>
#include <system_error>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/did_you_mean.h"
#include "cli/model_source.h"
#include "cli/notice.h"
#include "cli/terminal.h"

namespace rocmforge::cli {
namespace {

constexpr std::string_view kDescription =
    "ROCmForge runs large language models from GGUF files, on AMD GPUs and any CPU.\n"
    "This version runs them on the CPU; a server and GPU support are planned.";

constexpr std::string_view kFooter =
    "`rocmforge COMMAND --help` explains a command and shows examples.\n"
    "`rocmforge model.gguf` is short for `rocmforge run model.gguf`.\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

// Formats the help in two columns, names and explanations, within 80 columns.
class HelpFormat : public CLI::Formatter {
 public:
  HelpFormat() {
    column_width(28);
    label("SUBCOMMAND", "COMMAND");
  }

  // Shows "-t,--threads N" without types, which the explanation names if necessary.
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }

  // Shows "NAME..." for an argument that can be repeated.
  std::string make_option_usage(const CLI::Option* option) const override {
    const std::string name = make_option_name(option, true) + (option->get_expected_max() > 1 ? "..." : "");
    return option->get_required() ? name : "[" + name + "]";
  }

  // Replaces the library's heading for positional arguments.
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    return CLI::Formatter::make_group(is_positional ? "Arguments" : std::move(group), is_positional,
                                      std::move(options));
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return "  " + fmt::format("{:<12} {}\n", command->get_name(), command->get_description());
  }

  std::string make_option_desc(const CLI::Option* option) const override { return wrapped(option->get_description()); }

 private:
  std::string wrapped(const std::string& text) const {
    const std::size_t width = 80 - get_column_width();
    std::string lines;
    std::size_t line_start = 0;
    while (text.size() - line_start > width) {
      const std::size_t space = text.rfind(' ', line_start + width);
      if (space == std::string::npos || space <= line_start) break;
      lines += text.substr(line_start, space - line_start) + "\n";
      line_start = space + 1;
    }
    return lines + text.substr(line_start);
  }
};

// Checks that a value is a whole number in range. The library itself would read -5 as a very large number.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t greatest) {
  const auto check = [least, greatest](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool sound =
        failure == std::errc() && end == text.data() + text.size() && number >= least && number <= greatest;
    return sound ? ""
                 : fmt::format("'{}' is no whole number from {} to {}", printable(text), least, group_digits(greatest));
  };
  return {check, ""};
}

template <typename Number>
std::optional<Number> number_in(const std::string& text, const Bounded<Number>& place) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  // NaN fails both comparisons.
  const bool sound =
      failure == std::errc() && end == text.data() + text.size() && number >= place.least && number <= place.greatest;
  return sound ? std::optional(number) : std::nullopt;
}

// "1,073,741,824", "0.5".
template <typename Number>
std::string shown(Number number) {
  if constexpr (std::is_floating_point_v<Number>) {
    return fmt::format("{}", number);
  } else {
    return number < 0 ? fmt::format("{}", number) : group_digits(static_cast<std::uint64_t>(number));
  }
}

template <typename Number>
std::string expectation(const Bounded<Number>& place) {
  const std::string kind = std::is_floating_point_v<Number> ? "number" : "whole number";
  const bool open = place.greatest == std::numeric_limits<Number>::max();
  if (open && place.least != 0) return kind;
  if (open) return fmt::format("{} from {}", kind, shown(place.least));
  return fmt::format("{} from {} to {}", kind, shown(place.least), shown(place.greatest));
}

template <typename Number>
CLI::Option* add_bounded(CLI::App& app, const Argument& argument, const Bounded<Number>& place) {
  const auto store = [place](const std::string& text) { *place.number = number_in(text, place); };
  const auto check = [place](const std::string& text) -> std::string {
    return number_in(text, place) ? "" : fmt::format("'{}' is no {}", printable(text), expectation(place));
  };
  return app.add_option_function<std::string>(argument.names, store, argument.help)->check(CLI::Validator(check, ""));
}

// Refuses empty values, because commands use an empty string for an option that is not given.
std::string refuse_empty(const std::string& text) { return text.empty() ? "the value is empty" : ""; }

template <typename Value>
CLI::Option* add_value(CLI::App& app, const Argument& argument, Value* place) {
  if constexpr (std::is_same_v<Value, bool>) {
    return app.add_flag(argument.names, *place, argument.help);
  } else if constexpr (std::is_same_v<Value, std::optional<std::string>>) {
    const auto store = [place](const std::string& value) { *place = value; };
    return app.add_option_function<std::string>(argument.names, store, argument.help);
  } else {
    CLI::Option* option = app.add_option(argument.names, *place, argument.help);
    if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
      constexpr int kMostWords = 4096;
      if (argument.is_positional()) option->expected(1, kMostWords);
      // Each occurrence of an option takes one value.
      option->allow_extra_args(argument.is_positional())->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    if constexpr (std::is_same_v<Value, std::string>) option->check(CLI::Validator(refuse_empty, ""));
    if constexpr (std::is_same_v<Value, int> || std::is_same_v<Value, std::uint64_t>) {
      option->check(whole_number(argument.least, argument.greatest));
    }
    return option;
  }
}

void declare(CLI::App& app, const Argument& argument) {
  const auto add = [&](const auto& place) -> CLI::Option* {
    if constexpr (std::is_pointer_v<std::decay_t<decltype(place)>>) {
      return add_value(app, argument, place);
    } else {
      return add_bounded(app, argument, place);
    }
  };
  CLI::Option* option = std::visit(add, argument.place);
  option->required(argument.required);
  if (!argument.group.empty()) option->group(argument.group);
  if (!argument.is_switch()) option->type_name(argument.is_positional() ? "" : argument.value);
}

void declare(CLI::App& app, Command& command, const Command*& chosen) {
  CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
  sub->group("Commands");
  for (const Argument& argument : command.arguments) declare(*sub, argument);
  std::string footer = command.details;
  if (!footer.empty()) footer += "\n\n";
  footer += "Examples:\n" + std::string(command.examples);
  sub->footer(footer);
  sub->callback([&command, &chosen] { chosen = &command; });
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
    for (const std::string& known : option->get_snames()) names.push_back("-" + known);
  }
  return names;
}

const CLI::App& chosen_command(const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  return *deepest;
}

// Translates the library's error messages.
std::string message_of(const CLI::ParseError& problem, const CLI::App& app) {
  const std::string text = problem.what();
  const std::string option = text.substr(0, text.find(':'));
  const std::vector<std::string> words = app.remaining(true);
  const bool has_unknown = !words.empty() && words.front().starts_with('-');
  if (has_unknown || dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr) {
    const std::string word = words.empty() ? "" : words.front();
    if (!has_unknown) return fmt::format("'{}' is one argument too many", printable(word));
    const auto near = option_near(word, option_names(chosen_command(app)));
    return fmt::format("there is no option {}{}", printable(word),
                       near ? fmt::format("; did you mean {}?", *near) : "");
  }
  if (dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr && text.ends_with(" is required")) {
    return text.substr(0, text.size() - std::string_view(" is required").size()) + " is missing";
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&problem) != nullptr) {
    const bool is_repeated = text.find("received") != std::string::npos;
    return is_repeated ? option + " is given more than once" : option + " needs a value";
  }
  return text;
}

int report_usage(const Error& error, const CLI::App& app) {
  const CLI::App& command = chosen_command(app);
  const std::string name = &command == &app ? "rocmforge" : "rocmforge " + command.get_name();
  print_error(stderr,
              Error(ErrorCode::kUsage, printable(error.message(), 300),
                    !error.hint().empty() ? error.hint() : fmt::format("`{} --help` shows how it is used", name)));
  return kUsageError;
}

bool is_command(std::string_view word, std::span<const Command> commands) {
  return std::ranges::any_of(commands, [&](const Command& command) { return command.name == word; });
}

// `rocmforge model.gguf` is short for `rocmforge run model.gguf`, as is any name of a model.
std::vector<const char*> with_command(int argc, const char* const* argv, std::span<const Command> commands) {
  std::vector<const char*> words(argv, argv + argc);
  const bool is_model = argc > 1 && argv[1][0] != '-' && !is_command(argv[1], commands) && names_a_model(argv[1]);
  if (is_model) words.insert(words.begin() + 1, "run");
  return words;
}

// Returns the exit code, or kFailure if standard output could not be written.
int finished(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  print_error(stderr, Error(ErrorCode::kIo, "cannot write to standard output"));
  return kFailure;
}

int run_command(const Command& command) {
  try {
    command.run();
    return finished(kSuccess);
  } catch (const Error& error) {
    // An error without a message is an interruption, which the user knows about.
    if (!error.message().empty()) print_error(stderr, error);
    if (error.code() == ErrorCode::kCancelled) return kInterruptedExit;
    return error.code() == ErrorCode::kUsage ? kUsageError : kFailure;
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(stderr, Error(ErrorCode::kIo,
                              fmt::format("{}: {}", printable(error.path1().string()), error.code().message())));
  } catch (const std::system_error& error) {
    const bool is_output = std::ferror(stdout) != 0;
    print_error(stderr,
                Error(ErrorCode::kIo,
                      fmt::format("{}: {}", is_output ? "cannot write to standard output" : "the system refuses",
                                  error.code().message())));
  } catch (const std::bad_alloc&) {
    print_error(stderr, Error(ErrorCode::kOutOfMemory, "out of memory"));
  } catch (const std::exception& error) {
    print_error(stderr, Error(ErrorCode::kInternal, error.what()));
  }
  return kFailure;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  std::vector<Command> commands = all_commands();
  CLI::App app{std::string(kDescription), "rocmforge"};
  app.formatter(std::make_shared<HelpFormat>());
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_help_all_flag("--help-all", "Print the help of every command and exit");
  app.set_version_flag("--version", "rocmforge " ROCMFORGE_VERSION, "Print the version and exit");
  bool wants_notice = false;
  app.add_flag("--licenses", wants_notice, "Print the licenses of the libraries in this program and exit");
  app.footer(std::string(kFooter));
  app.fallthrough();
  app.require_subcommand(0, 1);
  std::string log_level = "info";
  app.add_option("--log-level", log_level,
                 "Least severe messages to print: trace, debug, info, warning, error or off (default: info)")
      ->type_name("LEVEL");
  const Command* chosen = nullptr;
  for (Command& command : commands) declare(app, command, chosen);

  const std::vector<const char*> words = with_command(argc, argv, commands);
  if (words.size() > 1 && words[1][0] != '-' && words[1][0] != '\0' && !is_command(words[1], commands)) {
    return report_usage(unknown_command(words[1], command_names(commands)), app);
  }
  try {
    app.parse(static_cast<int>(words.size()), words.data());
    log::set_level(log::parse_level(log_level));
  } catch (const CLI::Success& asked_for_help) {
    return finished(app.exit(asked_for_help));
  } catch (const CLI::ParseError& error) {
    return report_usage(Error(ErrorCode::kUsage, message_of(error, app)), app);
  } catch (const Error& error) {
    return report_usage(error, app);
  }
  if (wants_notice) {
    fmt::print("{}", notice());
    return finished(kSuccess);
  }
  if (chosen == nullptr) {
    fmt::print("{}", app.help());
    return finished(kSuccess);
  }
  return run_command(*chosen);
}

}  // namespace rocmforge::cli
