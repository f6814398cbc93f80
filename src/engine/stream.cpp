#include "engine/stream.h"

#include <iterator>
#include <utility>

namespace rocmforge::engine {
namespace {

constexpr std::size_t kMostUnread = std::size_t{1} << 20;

}  // namespace

void Stream::take(News& news) {
  news.text.clear();
  news.tokens.clear();
  news.outcome.reset();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || news_.outcome || !news_.text.empty() || !news_.tokens.empty(); });
  if (failure_) throw Error(*failure_);
  std::swap(news, news_);
  unread_ = 0;
}

void Stream::put(std::string_view text, std::vector<GeneratedToken>& tokens) {
  if (text.empty() && tokens.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (const GeneratedToken& token : tokens) unread_ += 1 + token.likeliest.size();
    if (unread_ > kMostUnread) {
      failure_ = std::make_shared<const Error>(
          error(ErrorCode::kTooLarge, "nobody reads: {} tokens and probabilities wait", unread_));
      cancel();
    }
    news_.text += text;
    news_.tokens.insert(news_.tokens.end(), std::make_move_iterator(tokens.begin()),
                        std::make_move_iterator(tokens.end()));
  }
  tokens.clear();
  changed_.notify_one();
}

void Stream::finish(Outcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    news_.outcome = std::move(outcome);
  }
  changed_.notify_one();
}

void Stream::fail(const Job::Failure& failure) noexcept {
  {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
  }
  changed_.notify_one();
}

}  // namespace rocmforge::engine
