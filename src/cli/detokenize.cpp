// `rocmforge detokenize`: converts tokens to text.
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/tokenizer_arguments.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;
using text::TokenId;

struct DetokenizeArguments {
  TokenizerArguments tokenizer;
  std::optional<std::string> ids;
  bool no_special = false;
  bool lines = false;
};

std::vector<TokenId> ids_of(const ordered_json& list) {
  if (!list.is_array()) {
    throw error(ErrorCode::kMalformed, "the ids are {}, expected a list of numbers", printable(dump_json(list)));
  }
  std::vector<TokenId> ids;
  for (const ordered_json& id : list) {
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX) {
      throw error(ErrorCode::kMalformed, "'{}' in the list of ids is no token id", printable(dump_json(id)));
    }
    ids.push_back(id.get<TokenId>());
  }
  return ids;
}

ordered_json detokenized_line(const text::Tokenizer& tokenizer, const ordered_json& line) {
  if (!line.is_object() || !line.contains("ids")) {
    throw error(ErrorCode::kMalformed, "expected an object with the field 'ids'");
  }
  return {{"text", tokenizer.decode(ids_of(line["ids"]), bool_field(line, "special", true))}};
}

void detokenize(const DetokenizeArguments& arguments) {
  const text::Tokenizer tokenizer = arguments.tokenizer.load();
  if (arguments.lines) {
    if (arguments.ids) throw error(ErrorCode::kUsage, "--ids and --jsonl exclude each other");
    answer_json_lines([&](const ordered_json& line) { return detokenized_line(tokenizer, line); });
    return;
  }
  const std::string input = input_of(arguments.ids, kLongestJsonLine);
  if (input.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw error(ErrorCode::kUsage, "there are no ids; --ids or standard input gives them, as a JSON list");
  }
  const auto ids = ids_of(parse_ordered_json(input, "the ids"));
  fmt::print("{}\n", tokenizer.decode(ids, !arguments.no_special));
}

}  // namespace

Command detokenize_command() {
  const auto arguments = std::make_shared<DetokenizeArguments>();
  std::vector<Argument> list = arguments->tokenizer.list();
  list.insert(list.end(), {{.names = "--ids",
                            .value = "LIST",
                            .help = "Token ids as a JSON list (default: standard input)",
                            .place = &arguments->ids},
                           {.names = "--no-special",
                            .value = "",
                            .help = "Leave control tokens out of the text",
                            .place = &arguments->no_special},
                           {.names = "--jsonl",
                            .value = "",
                            .help = "Read lines of JSON and answer each with a line of JSON",
                            .place = &arguments->lines}});
  return {
      .name = "detokenize",
      .summary = "Show the text of tokens",
      .details =
          "With --jsonl every line is {\"ids\": [...]}, with \"special\": false to leave out\n"
          "control tokens. The answer is {\"text\": T}, or {\"error\": ...} if the line is\n"
          "invalid. Bytes that are not UTF-8 become U+FFFD.",
      .examples =
          "  rocmforge detokenize -m model.gguf --ids '[9906, 11, 1917]'\n"
          "  rocmforge tokenize -m m.gguf --text Hi | rocmforge detokenize -m m.gguf\n"
          "  echo '{\"ids\": [9906]}' | rocmforge detokenize -m model.gguf --jsonl",
      .arguments = std::move(list),
      .run = [arguments] { detokenize(*arguments); },
  };
}

}  // namespace rocmforge::cli
