// `rocmforge tokenize`: converts text to tokens.
#include <array>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/terminal.h"
#include "cli/tokenizer_arguments.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;
using text::TokenId;

struct TokenizeArguments {
  TokenizerArguments tokenizer;
  std::optional<std::string> text;
  bool parse_special = false;
  bool no_special = false;
  bool lines = false;
  bool json = false;
};

text::EncodeOptions options_of(bool add_special, bool parse_special) {
  return {.add_special = add_special ? text::AddSpecial::kYes : text::AddSpecial::kNo, .parse_special = parse_special};
}

ordered_json tokenized_line(const text::Tokenizer& tokenizer, const ordered_json& line) {
  const std::string input = text_field(line, "text");
  const bool add_special = bool_field(line, "add_special", true);
  const bool parse_special = bool_field(line, "parse_special", false);
  return {{"ids", tokenizer.encode(input, options_of(add_special, parse_special))}};
}

// Shows tokens with alternating background colours and highlights control tokens; without colour, separates them by
// bars.
void print_pieces(const text::Tokenizer& tokenizer, const std::vector<TokenId>& tokens, std::size_t characters) {
  static constexpr std::array<std::string_view, 5> kBackgrounds = {
      "\x1b[30;48;5;189m", "\x1b[30;48;5;194m", "\x1b[30;48;5;223m", "\x1b[30;48;5;224m", "\x1b[30;48;5;195m"};
  constexpr std::string_view kControl = "\x1b[97;48;5;61m";
  const TerminalStyle style = style_of(stdout);
  const bool colour = !style.reset.empty();
  std::string out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view bytes = tokenizer.bytes(tokens[i]);
    const bool control = tokenizer.vocabulary().is_control(tokens[i]);
    if (colour) out += control ? kControl : kBackgrounds[i % kBackgrounds.size()];
    if (!colour && i > 0) out += '|';
    out.append(printable(bytes, bytes.size() + 1)).append(style.reset);
    if (bytes.ends_with('\n')) out += '\n';
  }
  fmt::print("{}\n{}{} token{}{} for {} character{}\n", out, style.dim, group_digits(tokens.size()),
             tokens.size() == 1 ? "" : "s", style.reset, group_digits(characters), characters == 1 ? "" : "s");
}

std::size_t count_characters(std::string_view input) {
  std::size_t count = 0;
  for (const char c : input) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

void tokenize(const TokenizeArguments& arguments) {
  const text::Tokenizer tokenizer = arguments.tokenizer.load();
  if (arguments.lines) {
    if (arguments.text) throw error(ErrorCode::kUsage, "--text and --jsonl exclude each other");
    answer_json_lines([&](const ordered_json& line) { return tokenized_line(tokenizer, line); });
    return;
  }
  const std::string input = input_of(arguments.text, text::Tokenizer::kMostBytes);
  const auto tokens = tokenizer.encode(input, options_of(!arguments.no_special, arguments.parse_special));
  if (!arguments.json && is_terminal(stdout)) {
    print_pieces(tokenizer, tokens, count_characters(input));
  } else {
    fmt::print("{}\n", dump_json(ordered_json(tokens)));
  }
}

}  // namespace

Command tokenize_command() {
  const auto arguments = std::make_shared<TokenizeArguments>();
  std::vector<Argument> list = arguments->tokenizer.list();
  list.insert(
      list.end(),
      {{.names = "--text", .value = "T", .help = "The text (default: standard input)", .place = &arguments->text},
       {.names = "--no-special",
        .value = "",
        .help = "Do not add BOS and other special tokens around the text",
        .place = &arguments->no_special},
       {.names = "--parse-special",
        .value = "",
        .help = "Recognize the names of control tokens in the text",
        .place = &arguments->parse_special},
       {.names = "--jsonl",
        .value = "",
        .help = "Read lines of JSON and answer each with a line of JSON",
        .place = &arguments->lines},
       {.names = "--json",
        .value = "",
        .help = "Print ids as a JSON list, also on a terminal",
        .place = &arguments->json}});
  return {
      .name = "tokenize",
      .summary = "Show the tokens of a text",
      .details =
          "A terminal shows the tokens in colour, with their count; a pipe receives their\n"
          "ids as a JSON list. With --jsonl every line is {\"text\": T}, optionally with\n"
          "\"add_special\" (default: true) and \"parse_special\" (default: false). The answer\n"
          "is {\"ids\": [...]}, or {\"error\": ...} if the line is invalid.",
      .examples =
          "  rocmforge tokenize -m model.gguf --text \"Hello, world\"\n"
          "  rocmforge tokenize -m model.gguf <book.txt | python3 -c \\\n"
          "    \"import json, sys; print(len(json.load(sys.stdin)), 'tokens')\"\n"
          "  echo '{\"text\": \"Hi\"}' | rocmforge tokenize -m model.gguf --jsonl",
      .arguments = std::move(list),
      .run = [arguments] { tokenize(*arguments); },
  };
}

}  // namespace rocmforge::cli
