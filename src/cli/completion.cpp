// `rocmforge completion SHELL`: prints a script that completes commands, options and their values.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"

namespace rocmforge::cli {
namespace {

// The options that every command takes.
constexpr std::string_view kGlobalOptions = "--help --help-all --log-level --version";

// Converts "-t,--threads" to "-t --threads".
std::string spaced(std::string names) {
  std::ranges::replace(names, ',', ' ');
  return names;
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::string option_words(const Command& command) {
  std::string words;
  for (const Argument& argument : command.arguments) {
    if (!argument.is_positional()) words += spaced(argument.names) + " ";
  }
  return words + std::string(kGlobalOptions);
}

std::string positional_choices(const Command& command) {
  std::string words;
  for (const Argument& argument : command.arguments) {
    if (argument.is_positional() && argument.completes == Completes::kChoices) words += joined(argument.choices) + " ";
  }
  return words;
}

bool takes_files(const Command& command) {
  return std::ranges::any_of(command.arguments, [](const Argument& argument) {
    return argument.is_positional() && argument.completes == Completes::kFile;
  });
}

// Returns the cases for the option before the cursor, whose value is a file, one of some words, or anything.
std::string bash_value_cases(const Command& command) {
  std::string cases;
  for (const Argument& argument : command.arguments) {
    if (argument.is_positional() || argument.is_switch()) continue;
    std::string names = argument.names;
    for (std::size_t comma; (comma = names.find(',')) != std::string::npos;) names.replace(comma, 1, "|");
    const std::string reply = argument.completes == Completes::kFile ? "compgen -f -- \"$word\""
                              : argument.completes == Completes::kChoices
                                  ? fmt::format("compgen -W '{}' -- \"$word\"", joined(argument.choices))
                                  : "true";
    cases += fmt::format("        {}) mapfile -t COMPREPLY < <({}); return ;;\n", names, reply);
  }
  return cases;
}

std::string bash_script(const std::vector<Command>& commands) {
  const std::vector<std::string_view> names = command_names(commands);
  std::string cases;
  for (const Command& command : commands) {
    cases += fmt::format("    {})\n", command.name);
    const std::string values = bash_value_cases(command);
    if (!values.empty()) cases += "      case $previous in\n" + values + "      esac\n";
    cases += fmt::format("      words='{}' choices='{}' files={} ;;\n", option_words(command),
                         positional_choices(command), takes_files(command) ? 1 : 0);
  }
  return fmt::format(R"(# bash completion for rocmforge
_rocmforge() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command= i
  local words='{0} {1}' choices= files=0
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in {2}) command=${{COMP_WORDS[i]}}; break ;; esac
  done
  if [[ $previous == --log-level ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'trace debug info warning error off' -- "$word")
    return
  fi
  case $command in
{3}  esac
  if [[ $word == -* || -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word"; ((files)) && compgen -f -- "$word")
  fi
}}
complete -o filenames -F _rocmforge rocmforge
)",
                     fmt::join(names, " "), kGlobalOptions, fmt::join(names, "|"), cases);
}

// Quotes a text for a shell: puts it in single quotes and escapes those in it.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string zsh_spec(const Argument& argument) {
  // Brackets and colons separate the fields of a specification.
  std::string help;
  for (const char c : argument.help) {
    if (c != ':') help += c == '[' || c == ']' ? ' ' : c;
  }
  const std::string action = argument.completes == Completes::kFile      ? "_files"
                             : argument.completes == Completes::kChoices ? fmt::format("({})", joined(argument.choices))
                                                                         : " ";
  if (argument.is_positional()) return quoted(fmt::format(":{}:{}", argument.value, action));
  std::string specs;
  std::string names = spaced(argument.names);
  for (std::size_t start = 0; start < names.size();) {
    const std::size_t end = std::min(names.find(' ', start), names.size());
    const std::string name = names.substr(start, end - start);
    const bool repeated = std::holds_alternative<std::vector<std::string>*>(argument.place);
    const std::string value = argument.is_switch() ? "" : fmt::format(":{}:{}", argument.value, action);
    specs += (specs.empty() ? "" : " ") + quoted(fmt::format("{}{}[{}]{}", repeated ? "*" : "", name, help, value));
    start = end + 1;
  }
  return specs;
}

std::string zsh_script(const std::vector<Command>& commands) {
  std::string descriptions;
  std::string cases;
  for (const Command& command : commands) {
    descriptions += fmt::format("    {}\n", quoted(fmt::format("{}:{}", command.name, command.summary)));
    std::string specs;
    for (const Argument& argument : command.arguments) specs += " \\\n        " + zsh_spec(argument);
    cases += fmt::format("    {})\n      _arguments '--help[explain]'{} ;;\n", command.name, specs);
  }
  return fmt::format(R"(#compdef rocmforge
_rocmforge() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
{}  esac
}}
if [[ $funcstack[1] == _rocmforge ]]; then _rocmforge "$@"; else compdef _rocmforge rocmforge; fi
)",
                     descriptions, cases);
}

std::string fish_flags(const Argument& argument) {
  std::string flags;
  std::string names = spaced(argument.names);
  for (std::size_t start = 0; start < names.size();) {
    const std::size_t end = std::min(names.find(' ', start), names.size());
    const std::string name = names.substr(start, end - start);
    flags += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    start = end + 1;
  }
  if (argument.is_switch()) return flags;
  flags += " -r";
  if (argument.completes == Completes::kChoices) flags += " -f -a " + quoted(joined(argument.choices));
  if (argument.completes == Completes::kNothing) flags += " -f";
  return flags;
}

std::string fish_script(const std::vector<Command>& commands) {
  std::string script = "# fish completion for rocmforge\n";
  for (const Command& command : commands) {
    script += fmt::format("complete -c rocmforge -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                          quoted(command.summary));
    const std::string seen = fmt::format("complete -c rocmforge -n '__fish_seen_subcommand_from {}'", command.name);
    for (const Argument& argument : command.arguments) {
      if (!argument.is_positional()) {
        script += fmt::format("{}{} -d {}\n", seen, fish_flags(argument), quoted(argument.help));
      } else if (argument.completes == Completes::kChoices) {
        script += fmt::format("{} -a {}\n", seen, quoted(joined(argument.choices)));
      }
    }
  }
  return script;
}

void print_script(std::string_view shell) {
  // Only the names of the commands and arguments are used, not their variables.
  const std::vector<Command> commands = all_commands();
  if (shell == "bash") return fmt::print("{}", bash_script(commands));
  if (shell == "zsh") return fmt::print("{}", zsh_script(commands));
  if (shell == "fish") return fmt::print("{}", fish_script(commands));
  throw error(ErrorCode::kUsage, "no completion for shell '{}': expected bash, zsh or fish", printable(shell));
}

}  // namespace

Command completion_command() {
  const auto shell = std::make_shared<std::string>();
  return {
      .name = "completion",
      .summary = "Print a script that completes commands in bash, zsh or fish",
      .details = "",
      .examples =
          "  source <(rocmforge completion bash)\n"
          "  rocmforge completion zsh > \"${fpath[1]}/_rocmforge\"\n"
          "  rocmforge completion fish > ~/.config/fish/completions/rocmforge.fish",
      .arguments = {{.names = "SHELL",
                     .value = "SHELL",
                     .help = "The shell: bash, zsh or fish",
                     .place = shell.get(),
                     .required = true,
                     .completes = Completes::kChoices,
                     .choices = {"bash", "zsh", "fish"}}},
      .run = [shell] { print_script(*shell); },
  };
}

}  // namespace rocmforge::cli
