// Prints a single answer, to a terminal or a pipe.
#include <unistd.h>

#include <cstdio>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/log.h"
#include "cli/chat/reply_view.h"
#include "cli/chat/signals.h"
#include "cli/chat/talk.h"

namespace rocmforge::cli {
namespace {

using Generate = std::function<Generation(const std::stop_token&, const OnPiece&)>;

// Runs one generation, passes its pieces to `show`, and reports how it ended.
void answer(const Model& model, const TalkOptions& options, const Generate& generate,
            const std::function<void(const Piece&)>& show, const std::function<void()>& finish) {
  Signals signals({.input = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : -1,
                   .output = is_terminal(stdout) ? STDOUT_FILENO : -1,
                   .has_escapes = false});
  const CancelOnInterrupt interrupt(signals);
  const Generation generation = generate(interrupt.token(), [&](const Piece& piece) {
    show(piece);
    return true;
  });
  finish();
  const std::string ending = describe_ending(generation, model.info(), false);
  if (!ending.empty()) log::warning("{}", ending);
  if (options.shows_statistics) log::info("{}", describe_statistics(generation));
  if (generation.finish == FinishReason::kCancelled) throw Error(ErrorCode::kCancelled, "");
}

void answer_in_text(const Model& model, const TalkOptions& options, const Generate& generate) {
  ReplyView view(stdout, stderr);
  try {
    answer(model, options, generate, [&](const Piece& piece) { view.show(piece); }, [&] { view.finish(); });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) view.abandon();
    throw;
  }
}

ChatOptions with(ChatOptions options, const std::stop_token& cancel) {
  options.cancel = cancel;
  return options;
}

}  // namespace

void answer_once(Model& model, const std::string& prompt, const TalkOptions& options) {
  std::vector<Message> messages;
  if (!options.system.empty()) messages.push_back({Role::kSystem, options.system});
  messages.push_back({Role::kUser, prompt});
  answer_in_text(model, options, [&](const std::stop_token& cancel, const OnPiece& on_piece) {
    return model.chat(messages, with(options.generation, cancel), on_piece);
  });
}

void continue_once(Model& model, const std::string& prompt, const TalkOptions& options) {
  answer_in_text(model, options, [&](const std::stop_token& cancel, const OnPiece& on_piece) {
    return model.generate(prompt, with(options.generation, cancel), on_piece);
  });
}

void continue_tokens_once(Model& model, const std::vector<std::int32_t>& prompt, const TalkOptions& options) {
  const auto generate = [&](const std::stop_token& cancel, const OnPiece& on_piece) {
    return model.generate_from(prompt, with(options.generation, cancel), on_piece);
  };
  if (model.info().has_tokenizer) return answer_in_text(model, options, generate);
  std::vector<std::int32_t> ids;
  const auto collect = [&](const Piece& piece) {
    for (const GeneratedToken& token : piece.tokens) ids.push_back(token.token);
  };
  answer(model, options, generate, collect, [&] { fmt::print("{}\n", ids); });
}

}  // namespace rocmforge::cli
