#include "engine/generation.h"

#include <algorithm>

#include "base/error.h"
#include "engine/seconds.h"

namespace rocmforge::engine {
kv::TokenId likeliest(std::span<const float> logits) {
  return static_cast<kv::TokenId>(std::ranges::max_element(logits) - logits.begin());
}

GenerationStatistics continue_greedily(Runner& runner, std::span<const kv::TokenId> prompt, int most,
                                       const std::function<bool(kv::TokenId)>& on_token) {
  RF_CHECK(!prompt.empty());
  const auto context = static_cast<std::size_t>(runner.memory().context);
  if (prompt.size() > context) {
    throw error(ErrorCode::kTooLarge, "the prompt has {} tokens, more than the context of {}", prompt.size(), context);
  }
  GenerationStatistics statistics{.prompt_tokens = static_cast<int>(prompt.size())};
  auto start = Clock::now();
  const auto sequence = runner.start(prompt);
  if (!sequence) throw error(ErrorCode::kOutOfMemory, "as many sequences run as the context was made for");
  statistics.cached_tokens = sequence->cached;
  const auto compute = [&](std::span<const kv::TokenId> tokens, Wanted wanted) {
    const StepItem item{sequence->id, tokens, wanted};
    RF_CHECK(runner.run({&item, 1}));  // the cache holds the context
  };

  std::span<const kv::TokenId> beginning = prompt;
  if (runner.spec().encoder != nullptr) {
    runner.encode(sequence->id, prompt);
    beginning = {&runner.spec().start_token, 1};
  }
  const auto at_a_time = static_cast<std::size_t>(runner.step_tokens());
  for (auto done = static_cast<std::size_t>(sequence->cached); done < beginning.size(); done += at_a_time) {
    const auto part = beginning.subspan(done, std::min(at_a_time, beginning.size() - done));
    compute(part, done + part.size() == beginning.size() ? Wanted::kLast : Wanted::kNothing);
  }
  statistics.prompt_seconds = seconds_since(start);

  start = Clock::now();
  for (std::size_t length = beginning.size(); statistics.new_tokens < most; ++length) {
    const kv::TokenId token = likeliest(runner.output(0));
    ++statistics.new_tokens;
    if (!on_token(token) || statistics.new_tokens == most) break;
    statistics.context_is_full = length == context;
    if (statistics.context_is_full) break;
    compute({&token, 1}, Wanted::kLast);
    statistics.new_seconds = seconds_since(start);
  }
  runner.finish(sequence->id);
  return statistics;
}

TokenText::TokenText(const gguf::File& file) {
  if (!file.metadata().contains("tokenizer.ggml.tokens")) return;
  tokenizer_ = std::make_unique<text::Tokenizer>(file.metadata());
  detokenizer_ = std::make_unique<text::Detokenizer>(*tokenizer_,
                                                     text::DetokenizerOptions{.special = false, .at_beginning = false});
}

bool TokenText::ends_generation(kv::TokenId token) const {
  return is_there() && tokenizer_->vocabulary().ends_generation(token);
}

std::string TokenText::feed(kv::TokenId token) {
  std::string text;
  // A model may have rows for more tokens than its tokenizer knows.
  if (tokenizer_->vocabulary().contains(token)) detokenizer_->feed(token, text);
  return text;
}

std::string TokenText::finish() {
  std::string text;
  detokenizer_->finish(text);
  return text;
}

}  // namespace rocmforge::engine
