#include "cli/chat/reply_view.h"

#include <cerrno>

#include <fmt/format.h>

#include "base/error.h"

namespace rocmforge::cli {
namespace {

// Throws Error if the output cannot be written, which ends the generation.
void write_answer(std::FILE* stream, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0) return;
  throw system_error("the answer", "be written", errno);
}

}  // namespace

ReplyView::ReplyView(std::FILE* answer, std::FILE* reasoning)
    : answer_(answer), answer_is_terminal_(is_terminal(answer)) {
  reasoning_ = answer_is_terminal_ ? answer : is_terminal(reasoning) ? reasoning : nullptr;
  if (reasoning_ != nullptr) style_ = style_of(reasoning_);
}

void ReplyView::show(const Piece& piece) {
  if (!piece.reasoning.empty()) show_reasoning(piece.reasoning);
  if (!piece.text.empty()) show_answer(piece.text);
}

void ReplyView::show_reasoning(std::string_view text) {
  if (reasoning_ == nullptr) return;
  const bool is_first = !reasoning_text_.has_begun();
  const std::string shown = reasoning_text_.feed(text);
  if (shown.empty()) return;
  // Without dimming, a heading marks the reasoning.
  if (is_first && style_.dim.empty()) fmt::print(reasoning_, "(thinking)\n");
  is_reasoning_ = true;
  has_shown_ = true;
  put_reasoning(reasoning_lines_.feed(shown, columns_of_terminal(reasoning_)));
}

// Dims each piece separately, so that other output between the pieces is not dimmed.
void ReplyView::put_reasoning(const std::string& shown) {
  if (shown.empty()) return;
  fmt::print(reasoning_, "{}{}{}", style_.dim, shown, style_.reset);
  std::fflush(reasoning_);
}

void ReplyView::end_reasoning() {
  if (!is_reasoning_) return;
  is_reasoning_ = false;
  put_reasoning(reasoning_lines_.finish());
  fmt::print(reasoning_, "{}", style_.dim.empty() ? "\n(answer)\n" : "\n\n");
  std::fflush(reasoning_);
}

void ReplyView::show_answer(std::string_view text) {
  const std::string shown = answer_is_terminal_ ? answer_text_.feed(text) : std::string(text);
  if (shown.empty()) return;
  end_reasoning();
  has_shown_ = true;
  put_answer(answer_is_terminal_ ? answer_lines_.feed(shown, columns_of_terminal(answer_)) : shown);
}

void ReplyView::put_answer(const std::string& shown) {
  if (!shown.empty()) write_answer(answer_, shown);
}

void ReplyView::finish(std::string_view remark) {
  if (is_reasoning_) put_reasoning(reasoning_lines_.finish());
  put_answer(answer_lines_.finish());
  if (is_reasoning_ && !answer_is_terminal_) fmt::print(reasoning_, "\n");
  is_reasoning_ = false;
  if (!remark.empty() && answer_is_terminal_) {
    fmt::print(answer_, "{}{}{}{}", has_shown_ ? " " : "", style_.dim, remark, style_.reset);
  }
  write_answer(answer_, "\n");
}

void ReplyView::abandon() {
  if (has_shown_) finish();
}

std::string describe_statistics(const Generation& generation) {
  const GenerationStatistics& numbers = generation.statistics;
  std::string text = fmt::format("prompt {} tokens", numbers.prompt_tokens);
  if (numbers.cached_tokens > 0 && numbers.prompt_tokens > 0) {
    text += fmt::format(", {} of them ({} %) from the cache", numbers.cached_tokens,
                        100 * static_cast<long>(numbers.cached_tokens) / numbers.prompt_tokens);
  }
  text +=
      fmt::format("; first token after {:.2f} s; answer {} tokens", numbers.first_token_seconds(), numbers.new_tokens);
  if (numbers.new_tokens > 1)
    text += fmt::format(", {:.{}f} a second", numbers.tokens_per_second(), numbers.tokens_per_second() < 100 ? 1 : 0);
  if (numbers.context_shifts > 0) text += fmt::format("; the context was shifted {} times", numbers.context_shifts);
  const auto reason = [&]() -> std::string_view {
    switch (generation.finish) {
      case FinishReason::kEnd: return "ended by the model";
      case FinishReason::kStopString: return "ended by a stop text";
      case FinishReason::kLength: return "ended by -n";
      case FinishReason::kContext: return "ended by the context";
      case FinishReason::kCancelled: return "stopped";
    }
    return name_of(generation.finish);
  };
  return text + fmt::format("; {}; seed {}", reason(), generation.seed);
}

std::string describe_ending(const Generation& generation, const ModelInfo& model, bool is_chat) {
  // In a single answer the user has just typed the limit.
  if (generation.finish == FinishReason::kLength && is_chat) {
    return fmt::format("the answer ended after {} tokens (-n)", generation.statistics.new_tokens);
  }
  if (generation.finish != FinishReason::kContext) return {};
  return fmt::format("the context of {} is full: {}--ctx makes it longer, --context-shift drops its older half instead",
                     model.context, is_chat ? "/clear begins anew, " : "");
}

}  // namespace rocmforge::cli
