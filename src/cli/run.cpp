// `rocmforge run`: starts a conversation with a model, answers one prompt, or continues a text.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/chat/talk.h"
#include "cli/commands.h"
#include "cli/demo_model.h"
#include "cli/model_and_prompt.h"
#include "cli/model_arguments.h"
#include "cli/model_source.h"
#include "cli/sampling_arguments.h"

namespace rocmforge::cli {
namespace {

// The default of -n with --raw, because a base model may never end its text.
constexpr int kNewTokensOfAText = 128;
constexpr std::size_t kLongestInput = 256 << 20;

struct RunArguments {
  ModelArguments model;
  SamplingArguments sampling;
  std::string first;
  std::string second;
  std::string tokens;
  std::string system;
  bool raw = false;
  bool lines = false;
  bool think = false;
  bool no_think = false;
  bool statistics = false;
  bool no_history = false;
};

bool input_is_terminal() { return isatty(STDIN_FILENO) == 1; }

// Returns all of standard input, or nothing if it is a terminal or closed.
std::string piped_text() {
  std::string text;
  if (input_is_terminal()) return text;
  std::array<char, 65536> bytes{};
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(count));
    if (text.size() > kLongestInput) {
      throw error(ErrorCode::kTooLarge, "standard input: more than {}", format_bytes(kLongestInput));
    }
  }
}

void check(const RunArguments& arguments) {
  if (arguments.think && arguments.no_think)
    throw error(ErrorCode::kUsage, "--think and --no-think exclude each other");
  if (!arguments.tokens.empty() && !arguments.raw) {
    throw error(ErrorCode::kUsage, "--tokens: ids are continued as they stand; that takes --raw too");
  }
  if (arguments.lines && (arguments.raw || !arguments.tokens.empty())) {
    throw error(ErrorCode::kUsage, "--jsonl: conversations go through the template; --raw and --tokens do not");
  }
  if (arguments.lines && arguments.statistics) {
    throw error(ErrorCode::kUsage, "--stats: with --jsonl every answer holds its numbers of tokens, under \"usage\"");
  }
  if (arguments.raw && !arguments.system.empty()) {
    throw error(ErrorCode::kUsage, "--system: with --raw there is no template that could hold it");
  }
  if (arguments.raw && (arguments.think || arguments.no_think)) {
    throw error(ErrorCode::kUsage, "{}: with --raw there is no template that could ask for it",
                arguments.think ? "--think" : "--no-think");
  }
}

// Throws Error if --no-history is given without a conversation.
void check_history(const RunArguments& arguments, bool is_conversation) {
  if (!arguments.no_history || is_conversation) return;
  throw error(ErrorCode::kUsage, "--no-history: only a conversation on a terminal has a history");
}

TalkOptions talk_options(const RunArguments& arguments) {
  TalkOptions options;
  static_cast<GenerationOptions&>(options.generation) = generation_options(arguments.sampling);
  if (arguments.think) options.generation.thinking = true;
  if (arguments.no_think) options.generation.thinking = false;
  if (arguments.raw && !arguments.sampling.new_tokens) options.generation.max_tokens = kNewTokensOfAText;
  options.system = arguments.system;
  options.shows_statistics = arguments.statistics;
  options.keeps_history = !arguments.no_history;
  return options;
}

Model load(const std::string& path, const RunArguments& arguments, bool reports) {
  Model model = load_model(path_of_model(path), arguments.model);
  const ModelInfo info = model.info();
  if (!info.can_generate) {
    throw error(ErrorCode::kUnsupported, "{}: {} is an encoder, which continues nothing", path, info.description);
  }
  if (!info.has_tokenizer && arguments.tokens.empty()) {
    throw Error(ErrorCode::kUnsupported, path + ": the file holds no tokenizer, so the model cannot read text",
                "--raw --tokens F.json gives it the prompt as ids");
  }
  if (reports) report_load(info, path);
  return model;
}

void continue_tokens(const ModelAndPrompt& words, const RunArguments& arguments, const TalkOptions& options) {
  if (!words.prompt.empty()) throw error(ErrorCode::kUsage, "the prompt is given twice: as text and by --tokens");
  const std::vector<std::int32_t> prompt = read_tokens(arguments.tokens);
  Model model = load(words.model, arguments, true);
  continue_tokens_once(model, prompt, options);
}

// Removes line feeds at the end, which usually come from the shell and not from the user.
std::string without_last_line_feeds(std::string text) {
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

void converse_in_lines(const ModelAndPrompt& words, const RunArguments& arguments, const TalkOptions& options) {
  if (!words.prompt.empty()) throw error(ErrorCode::kUsage, "with --jsonl the prompts come from standard input");
  Model model = load(words.model, arguments, true);
  answer_lines(model, options);
}

// Lets the demo model answer a few questions. `make run` does this without a terminal.
void show_demo(const RunArguments& arguments, const TalkOptions& options) {
  constexpr std::array kQuestions = {"What is 7 plus 8?", "Which is larger, 15 or 51?",
                                     "Say the word moon three times."};
  Model model = load(std::string(kDemoModel), arguments, true);
  for (const std::string_view question : kQuestions) {
    fmt::print("> {}\n", question);
    answer_once(model, std::string(question), options);
    fmt::print("\n");
  }
  fmt::print(
      "In a terminal, `rocmforge run` begins a conversation; `rocmforge run \"a prompt\"` asks one question,\n"
      "and `rocmforge run MODEL` talks with another model.\n");
}

void run(const RunArguments& arguments) {
  check(arguments);
  const TalkOptions options = talk_options(arguments);
  const ModelAndPrompt words = find_model_and_prompt(arguments.first, arguments.second, arguments.model.model);
  if (!arguments.tokens.empty()) return continue_tokens(words, arguments, options);

  if (arguments.lines) return converse_in_lines(words, arguments, options);

  const std::string piped = piped_text();
  const std::string prompt = joined_prompt(words.prompt, arguments.raw ? piped : without_last_line_feeds(piped));
  const bool is_conversation = prompt.empty() && input_is_terminal() && !arguments.raw;
  check_history(arguments, is_conversation);
  if (prompt.empty() && !is_conversation) {
    if (arguments.first.empty() && arguments.model.model.empty() && !arguments.raw)
      return show_demo(arguments, options);
    throw Error(ErrorCode::kUsage, "there is no prompt, and nothing comes from standard input",
                "rocmforge run \"What is 7 plus 8?\"");
  }
  Model model = load(words.model, arguments, !is_conversation);
  if (is_conversation) return converse(model, options);
  if (arguments.raw) return continue_once(model, prompt, options);
  answer_once(model, prompt, options);
}

std::vector<Argument> own_arguments(RunArguments& arguments) {
  return {
      {.names = "MODEL",
       .value = "MODEL",
       .help = kModelHelp,
       .place = &arguments.first,
       .completes = Completes::kFile},
      {.names = "PROMPT",
       .value = "PROMPT",
       .help = "Prompt to answer (default: standard input if it is not a terminal; otherwise a conversation)",
       .place = &arguments.second},
      {.names = "--system",
       .value = "TEXT",
       .help = "System message: how the model should behave",
       .place = &arguments.system},
      {.names = "--think",
       .value = "",
       .help = "Let the model reason before it answers, if it can",
       .place = &arguments.think},
      {.names = "--no-think",
       .value = "",
       .help = "Do not let the model reason before it answers",
       .place = &arguments.no_think},
      {.names = "--raw",
       .value = "",
       .help = "Continue the prompt as plain text, without the chat template",
       .place = &arguments.raw},
      {.names = "--jsonl",
       .value = "",
       .help = "Read lines {\"messages\":[…],\"tools\":[…]} and answer each with a line",
       .place = &arguments.lines},
      {.names = "--tokens",
       .value = "F.json",
       .help = "File with the prompt as token ids: {\"tokens\":[…]}; requires --raw",
       .place = &arguments.tokens,
       .completes = Completes::kFile},
      {.names = "--stats",
       .value = "",
       .help = "Print speed and token counts after every answer",
       .place = &arguments.statistics},
      {.names = "--no-history",
       .value = "",
       .help = "Neither read nor write the history of typed lines",
       .place = &arguments.no_history},
  };
}

constexpr std::string_view kDetails =
    "A single word is the model if it is a file, a name in the store or hf:ORG/REPO,\n"
    "which is pulled if necessary; otherwise it is the prompt. Without a model the\n"
    "small built-in demo model answers.\n"
    "Text from standard input is appended to the prompt, or is the prompt. With\n"
    "--jsonl the answer to an invalid line is {\"error\":…}; later lines are read.\n"
    "\n"
    "Sampling options that are not given take the values that the model's file\n"
    "recommends or, without a recommendation, the defaults above.\n"
    "\n"
    "A pipe or a file receives only the answer, byte for byte. Reasoning before the\n"
    "answer is shown only on a terminal, dimmed. A model without a tokenizer prints\n"
    "the new token ids as a JSON list.\n"
    "\n"
    "In a conversation /help shows the commands. Ctrl-C stops the answer; pressing it\n"
    "twice leaves. Typed lines are kept in ~/.local/state/rocmforge/history.";

}  // namespace

Command run_command() {
  const auto arguments = std::make_shared<RunArguments>();
  std::vector<Argument> list = own_arguments(*arguments);
  Argument model = model_argument(arguments->model);
  model.required = false;
  list.insert(list.begin() + 2, std::move(model));
  for (Argument& argument : sampling_arguments(arguments->sampling, "until the context is full; 128 with --raw")) {
    list.push_back(std::move(argument));
  }
  for (Argument& argument : device_arguments(arguments->model)) list.push_back(std::move(argument));
  return {
      .name = "run",
      .summary = "Chat with a model, or let it answer one prompt",
      .details = std::string(kDetails),
      .examples =
          "  rocmforge run\n"
          "  rocmforge run \"What is 7 plus 8?\"\n"
          "  rocmforge run model.gguf\n"
          "  rocmforge run model.gguf \"Why is the sky blue?\"\n"
          "  git diff | rocmforge run model.gguf \"Describe this change:\"\n"
          "  rocmforge run model.gguf --raw \"Once upon a time\" -n 64 --temp 0",
      .arguments = std::move(list),
      .run = [arguments] { run(*arguments); },
  };
}

}  // namespace rocmforge::cli
