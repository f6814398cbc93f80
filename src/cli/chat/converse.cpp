// Runs the loop of a conversation: reads a line, then executes a command or answers a message.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/chat/conversation.h"
#include "cli/chat/history_file.h"
#include "cli/chat/line_editor.h"
#include "cli/chat/reply_view.h"
#include "cli/chat/signals.h"
#include "cli/chat/talk.h"
#include "cli/chat/typed_input.h"

namespace rocmforge::cli {
namespace {

constexpr std::string_view kPrompt = ">";
constexpr std::string_view kPromptInBlock = ".";
// The temperature for another answer if the model's file recommends the likeliest token, which would give the same
// answer.
constexpr float kTemperatureOfAnotherAnswer = 0.8f;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OwnedFile = std::unique_ptr<std::FILE, CloseFile>;

// The terminal for the prompt and remarks. Answers may go elsewhere.
class Screen {
 public:
  Screen() {
    if (is_terminal(stdout)) {
      stream_ = stdout;
    } else if (is_terminal(stderr)) {
      stream_ = stderr;
    } else {
      opened_.reset(std::fopen("/dev/tty", "we"));
      stream_ = opened_ != nullptr ? opened_.get() : stderr;
    }
    style_ = style_of(stream_);
  }

  std::FILE* stream() const { return stream_; }
  const TerminalStyle& style() const { return style_; }
  ConversationTerminal terminal() const { return {STDIN_FILENO, fileno(stream_), understands_escapes(stream_)}; }

  void say(std::string_view text) const { print(style_.dim, text); }
  void complain(const Error& error) const {
    print_error(stream_, error);
    std::fflush(stream_);
  }
  void print(std::string_view style, std::string_view text) const {
    fmt::print(stream_, "{}{}{}\n", style, text, style.empty() ? "" : style_.reset);
    std::fflush(stream_);
  }

 private:
  OwnedFile opened_;
  std::FILE* stream_ = nullptr;
  TerminalStyle style_;
};

class Talk {
 public:
  Talk(Model& model, const TalkOptions& options)
      : model_(model),
        options_(options),
        signals_(screen_.terminal()),
        editor_(screen_.stream(), screen_.style(), signals_),
        history_(options.keeps_history ? default_history_path() : "") {
    conversation_.system = options.system;
    for (const std::string& entry : history_.load()) editor_.remember(entry);
  }

  void run();

 private:
  void greet() const;
  bool leave_after_interrupt(const EditedLine& line);
  void remember(const std::string& text);
  void obey(const TypedCommand& command);
  void send(std::string text);
  void answer_again();
  bool answer();
  bool keep_answer();
  bool takes_the_likeliest() const;
  bool confirms(const std::string& question);
  void show_or_set_system(const std::string& text);
  void show_or_set_thinking(const std::string& choice);
  void save(const std::string& path);
  void load(const std::string& path);

  Model& model_;
  TalkOptions options_;
  Screen screen_;
  Signals signals_;
  LineEditor editor_;
  HistoryFile history_;
  TypedInput input_;
  Conversation conversation_;
  std::optional<Generation> last_;
  bool is_leaving_ = false;
  bool was_interrupted_ = false;  // the last input was a Ctrl-C at an empty prompt
  bool history_fails_ = false;
};

void Talk::greet() const {
  const ModelInfo model = model_.info();
  const std::string name = model.name.empty() ? std::filesystem::path(model.path).filename().string() : model.name;
  screen_.print(screen_.style().bold, printable(name));
  for (const std::string& line : model.placement) screen_.say(line);
  screen_.say(fmt::format("context {} ({}); /help shows what you can type",
                          group_digits(static_cast<std::uint64_t>(model.context)), model.context_reason));
}

void Talk::run() {
  greet();
  while (!is_leaving_) {
    const EditedLine line = editor_.read(input_.is_open() ? kPromptInBlock : kPrompt);
    if (line.kind == EditedLine::Kind::kEnd) break;
    if (line.kind == EditedLine::Kind::kInterrupted) {
      if (leave_after_interrupt(line)) break;
      continue;
    }
    was_interrupted_ = false;
    const auto typed = input_.feed(line.text);
    if (!typed) continue;
    if (const auto* message = std::get_if<TypedMessage>(&*typed)) {
      remember(message->text == line.text || line.text.starts_with("//") ? line.text : message->text);
      send(message->text);
    } else {
      remember(line.text);
      if (const auto* command = std::get_if<TypedCommand>(&*typed)) obey(*command);
      if (const auto* mistake = std::get_if<TypedMistake>(&*typed)) screen_.say(mistake->complaint);
    }
  }
}

// The first Ctrl-C clears the line or drops an unfinished message; the next one leaves.
bool Talk::leave_after_interrupt(const EditedLine& line) {
  const bool had_something = !line.text.empty() || input_.is_open();
  input_.forget();
  if (had_something) {
    was_interrupted_ = false;
    return false;
  }
  if (std::exchange(was_interrupted_, true)) return true;
  screen_.say("Ctrl-C again, Ctrl-D or /exit leaves");
  return false;
}

void Talk::remember(const std::string& text) {
  editor_.remember(text);
  if (history_.add(text) || std::exchange(history_fails_, true)) return;
  log::warning("{}: cannot be written; what you type is remembered until you leave", default_history_path());
}

void Talk::obey(const TypedCommand& command) {
  try {
    switch (command.command) {
      case SlashCommand::kHelp: return screen_.print("", describe_commands());
      case SlashCommand::kClear:
        conversation_.turns.clear();
        last_.reset();
        return screen_.say("The conversation is forgotten.");
      case SlashCommand::kSystem: return show_or_set_system(command.argument);
      case SlashCommand::kRegenerate: return answer_again();
      case SlashCommand::kThink: return show_or_set_thinking(command.argument);
      case SlashCommand::kStatistics:
        return screen_.say(last_ ? describe_statistics(*last_) : "There has been no answer yet.");
      case SlashCommand::kSave: return save(command.argument);
      case SlashCommand::kLoad: return load(command.argument);
      case SlashCommand::kExit: is_leaving_ = true; return;
    }
  } catch (const Error& error) {
    screen_.complain(error);
  }
}

bool Talk::takes_the_likeliest() const {
  const SamplingOptions& asked = options_.generation.sampling;
  if (asked.temperature) return false;  // the user has chosen it
  const auto recommended = model_.recommended_sampling().temperature;
  return recommended && *recommended <= 0;
}

void Talk::send(std::string text) {
  conversation_.turns.push_back({Role::kUser, std::move(text)});
  // Without an answer, remove the message, because templates require alternating roles.
  if (!answer()) conversation_.turns.pop_back();
}

void Talk::answer_again() {
  if (conversation_.turns.empty()) return screen_.say("There is nothing to answer again yet.");
  Message answer_before = std::move(conversation_.turns.back());
  conversation_.turns.pop_back();
  SamplingOptions& sampling = options_.generation.sampling;
  const auto usual_temperature = sampling.temperature;
  // Without these changes the answer would be the same: from the same seed, or always with the likeliest tokens.
  if (sampling.seed) ++*sampling.seed;
  if (takes_the_likeliest()) sampling.temperature = kTemperatureOfAnotherAnswer;
  const bool is_answered = answer();
  sampling.temperature = usual_temperature;
  if (!is_answered) conversation_.turns.push_back(std::move(answer_before));
}

// Answers the last message, which is the user's. Returns false if there is no answer.
bool Talk::answer() {
  const std::vector<Message> messages = conversation_.messages();
  ReplyView view(stdout, stderr);
  try {
    const QuietInput quiet(STDIN_FILENO);
    const log::Pause no_lines_within_the_answer;
    const CancelOnInterrupt interrupt(signals_);
    ChatOptions options = options_.generation;
    options.cancel = interrupt.token();
    last_ = model_.chat(messages, options, [&](const Piece& piece) {
      view.show(piece);
      return true;
    });
  } catch (const Error& error) {
    view.abandon();
    signals_.take_interrupt();
    screen_.complain(error);
    if (error.code() == ErrorCode::kTooLarge && messages.size() > 1) screen_.say("/clear forgets what was said so far");
    return false;
  }
  signals_.take_interrupt();
  view.finish(last_->finish == FinishReason::kCancelled ? "(stopped)" : "");
  const bool is_kept = keep_answer();
  if (is_terminal(stdout)) screen_.print("", "");
  return is_kept;
}

bool Talk::keep_answer() {
  if (last_->text.empty() && last_->reasoning.empty() && last_->finish == FinishReason::kCancelled) return false;
  conversation_.turns.push_back({Role::kAssistant, last_->text, last_->reasoning});
  if (const std::string ending = describe_ending(*last_, model_.info(), true); !ending.empty()) screen_.say(ending);
  if (options_.shows_statistics) screen_.say(describe_statistics(*last_));
  return true;
}

void Talk::show_or_set_system(const std::string& text) {
  if (text.empty()) {
    return screen_.say(conversation_.system.empty() ? "There is no system message."
                                                    : printable(conversation_.system, 4000));
  }
  conversation_.system = text == "none" ? "" : text;
  const std::string_view done = conversation_.system.empty() ? "taken away" : "set";
  screen_.say(fmt::format("The system message is {}{}", done,
                          conversation_.turns.empty() ? "." : ", also for what was said so far; /clear begins anew."));
}

void Talk::show_or_set_thinking(const std::string& choice) {
  std::optional<bool>& thinking = options_.generation.thinking;
  if (choice == "on" || choice == "off") {
    thinking = choice == "on";
  } else if (!choice.empty()) {
    return screen_.say(fmt::format("/think {}: expected on or off", printable(choice, 40)));
  }
  screen_.say(!thinking   ? "Whether the model reasons first is left to it."
              : *thinking ? "The model reasons first, if it can."
                          : "The model answers at once, if it can.");
}

bool Talk::confirms(const std::string& question) {
  const EditedLine line = editor_.read(question + " [y/N]");
  return line.kind == EditedLine::Kind::kLine &&
         (equal_ignoring_case(line.text, "y") || equal_ignoring_case(line.text, "yes"));
}

void Talk::save(const std::string& path) {
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(path, ignored);
  if (is_there && !confirms(fmt::format("{} exists. Replace it?", printable(path))))
    return screen_.say("Nothing is written.");
  save_conversation(conversation_, path);
  screen_.say(fmt::format("{} messages are in {}.", conversation_.messages().size(), printable(path)));
}

void Talk::load(const std::string& path) {
  conversation_ = load_conversation(path);
  last_.reset();
  screen_.say(fmt::format("{} messages come from {}.", conversation_.messages().size(), printable(path)));
}

}  // namespace

void converse(Model& model, const TalkOptions& options) { Talk(model, options).run(); }

}  // namespace rocmforge::cli
