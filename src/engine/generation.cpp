#include "engine/generation.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace rocmforge::engine {
namespace {

void check_length(const Request& request, const Runner& runner) {
  RF_CHECK(!request.prompt.empty());
  const auto context = static_cast<std::size_t>(runner.memory().context);
  if (request.prompt.size() <= context || request.shifts_context) return;
  throw Error(ErrorCode::kTooLarge,
              fmt::format("the prompt has {} tokens, more than the context of {}", request.prompt.size(), context),
              "--ctx makes the context longer and takes more memory; --context-shift drops the oldest tokens");
}

std::vector<std::string> joined(std::vector<std::string> strings, const std::vector<std::string>& more) {
  strings.insert(strings.end(), more.begin(), more.end());
  return strings;
}

}  // namespace

GenerationJob::GenerationJob(Request request, const Runner& runner, const text::Tokenizer* tokenizer,
                             sample::Candidates& sampling_space, std::shared_ptr<Stream> stream)
    : request_(std::move(request)),
      tokenizer_(tokenizer),
      stream_(std::move(stream)),
      sampling_space_(sampling_space),
      context_(static_cast<std::size_t>(runner.memory().context)),
      vocabulary_(runner.spec().vocabulary),
      stop_strings_(joined(request_.stop, request_.end_strings)) {
  const bool has_encoder = runner.spec().encoder != nullptr;
  if (has_encoder && request_.shifts_context) {
    throw error(ErrorCode::kUnsupported, "{} answers what its encoder has read, which cannot be shifted",
                runner.spec().description);
  }
  check_length(request_, runner);
  runner.check_tokens(request_.prompt, "the prompt");
  statistics_.prompt_tokens = static_cast<int>(request_.prompt.size());
  if (has_encoder) {
    source_ = request_.prompt;
    tokens_ = {runner.spec().start_token};
  } else {
    tokens_ = request_.prompt;
  }
  const std::size_t most = request_.max_tokens < 0 ? context_ : static_cast<std::size_t>(request_.max_tokens);
  tokens_.reserve(std::min(tokens_.size() + most, context_ + 1));
  if (tokens_.size() > context_) shift();
  if (tokenizer_ == nullptr) return;
  detokenizer_.emplace(*tokenizer_, text::DetokenizerOptions{
                                        .special = false, .printed = request_.printed_controls, .at_beginning = false});
}

void GenerationJob::begin(int cached) {
  if (sampler_) return;  // called again after a shift
  sampler_.emplace(request_.sampling, vocabulary_, &sampling_space_);
  for (const kv::TokenId token : request_.prompt) sampler_->remember(token);
  request_.prompt = {};
  begun_ = Clock::now();
  statistics_.cached_tokens = cached;
  statistics_.wait_seconds = std::chrono::duration<double>(begun_ - submitted_).count();
}

Job::Next GenerationJob::advance(const Runner& runner, int row, int) {
  const std::span<const float> logits = runner.output(row);
  const kv::TokenId token = sampler_->draw(logits);
  if (token == sample::Sampler::kNothing) {
    // Only this request is affected, so nothing is thrown.
    fail(std::make_shared<const Error>(
        error(ErrorCode::kMalformed, "no token can be drawn: all are forbidden, or the logits are no numbers")));
    return Next::kDone;
  }
  count_token();
  if (ends_generation(token)) {
    finish(FinishReason::kEnd);
    return Next::kDone;
  }
  append(token, logits);
  std::optional<FinishReason> reason = put_text(token);
  if (!reason && statistics_.new_tokens == request_.max_tokens) reason = FinishReason::kLength;
  if (reason) {
    finish(*reason);
    return Next::kDone;
  }
  stream_->put(text_, news_);
  text_.clear();
  return make_room();
}

void GenerationJob::count_token() {
  const auto now = Clock::now();
  if (statistics_.prompt_seconds == 0) {
    first_token_ = now;
    statistics_.prompt_seconds = std::chrono::duration<double>(now - begun_).count();
  }
  statistics_.generation_seconds = std::chrono::duration<double>(now - first_token_).count();
}

bool GenerationJob::ends_generation(kv::TokenId token) const {
  return tokenizer_ != nullptr && !request_.ignores_ends && tokenizer_->vocabulary().ends_generation(token);
}

void GenerationJob::append(kv::TokenId token, std::span<const float> logits) {
  ++statistics_.new_tokens;
  tokens_.push_back(token);
  GeneratedToken& generated = news_.emplace_back();
  generated.token = token;
  if (request_.top_logprobs < 0) return;
  generated.logprob = sample::logprob_of(logits, token, request_.top_logprobs, likeliest_);
  for (const sample::LikelyToken& likely : likeliest_) generated.likeliest.push_back({likely.token, likely.logprob});
}

// Appends the token's text to text_. Returns a reason if a stop string has appeared.
std::optional<FinishReason> GenerationJob::put_text(kv::TokenId token) {
  // A model may have rows for more tokens than its tokenizer knows.
  if (!detokenizer_ || !tokenizer_->vocabulary().contains(token)) return std::nullopt;
  piece_.clear();
  detokenizer_->feed(token, piece_);
  if (!stop_strings_.feed(piece_, text_)) return std::nullopt;
  return FinishReason::kStopString;
}

Job::Next GenerationJob::make_room() {
  if (tokens_.size() <= context_) return Next::kGoOn;
  if (!request_.shifts_context) {
    finish(FinishReason::kContext);
    return Next::kDone;
  }
  shift();
  return Next::kStartAgain;
}

// The remaining tokens are computed again, so that their keys and values do not depend on the dropped ones.
void GenerationJob::shift() {
  const std::size_t keep = std::min(static_cast<std::size_t>(request_.keep), context_ / 2);
  const std::size_t newest = std::max<std::size_t>((context_ - keep) / 2, 1);
  tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(keep),
                tokens_.end() - static_cast<std::ptrdiff_t>(newest));
  ++statistics_.context_shifts;
}

void GenerationJob::finish(FinishReason reason) {
  if (detokenizer_ && reason != FinishReason::kStopString) {
    piece_.clear();
    detokenizer_->finish(piece_);
    if (stop_strings_.feed(piece_, text_)) reason = FinishReason::kStopString;
    stop_strings_.finish(text_);
  }
  stream_->put(text_, news_);
  std::string stop = stop_strings_.found();
  // A stop string of the chat template is the model's own end, unless the client also asked for it.
  const bool is_asked_for = std::ranges::find(request_.stop, stop) != request_.stop.end();
  if (reason == FinishReason::kStopString && !is_asked_for) {
    reason = FinishReason::kEnd;
    stop.clear();
  }
  stream_->finish({.reason = reason, .stop = std::move(stop), .statistics = statistics_});
}

}  // namespace rocmforge::engine
