// One answer, for people at a terminal and for pipes alike.
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

// Runs one generation, whose pieces go to `show`, and says how it ended.
void generate(const Model& model, const TalkOptions& options, const std::function<void(const Piece&)>& show,
              const std::function<void()>& finish, const std::function<Generation(const OnPiece&)>& generation_with) {
  const bool has_terminal = is_terminal(stdout);
  Signals signals({.input = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : -1,
                   .output = has_terminal ? STDOUT_FILENO : -1,
                   .has_escapes = false});
  // As long as nothing has been said there is nothing to end properly.
  signals.leave_at_next_interrupt();
  bool has_begun = false;
  const Generation generation = generation_with([&](const Piece& piece) {
    if (!std::exchange(has_begun, true)) signals.take_interrupt();
    show(piece);
    return !signals.interrupted();
  });
  finish();
  if (const std::string ending = describe_ending(generation, model.info(), false); !ending.empty()) {
    log::info("{}", ending);
  }
  if (options.shows_statistics) log::info("{}", describe_statistics(generation));
  if (generation.finish == FinishReason::kCancelled) throw error(ErrorCode::kCancelled, "interrupted");
}

void generate_text(const Model& model, const TalkOptions& options,
                   const std::function<Generation(const OnPiece&)>& generation_with) {
  ReplyView view(stdout, stderr);
  generate(model, options, [&](const Piece& piece) { view.show(piece); }, [&] { view.finish(); }, generation_with);
}

}  // namespace

void answer_once(Model& model, const std::string& prompt, const TalkOptions& options) {
  std::vector<Message> messages;
  if (!options.system.empty()) messages.push_back({Role::kSystem, options.system});
  messages.push_back({Role::kUser, prompt});
  generate_text(model, options,
                [&](const OnPiece& on_piece) { return model.chat(messages, options.generation, on_piece); });
}

void continue_once(Model& model, const std::string& prompt, const TalkOptions& options) {
  generate_text(model, options,
                [&](const OnPiece& on_piece) { return model.generate(prompt, options.generation, on_piece); });
}

void continue_tokens_once(Model& model, const std::vector<std::int32_t>& prompt, const TalkOptions& options) {
  const auto generation_with = [&](const OnPiece& on_piece) {
    return model.generate_from(prompt, options.generation, on_piece);
  };
  if (model.info().has_tokenizer) return generate_text(model, options, generation_with);
  std::vector<std::int32_t> ids;
  const auto collect = [&](const Piece& piece) {
    for (const GeneratedToken& token : piece.tokens) ids.push_back(token.token);
  };
  generate(model, options, collect, [&] { fmt::print("{}\n", ids); }, generation_with);
}

}  // namespace rocmforge::cli
