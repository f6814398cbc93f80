// The way from the engine's thread to a client: what a generation says, as it comes.
//
// One side writes, the other takes; neither waits for the other but the reader for news. What is not taken yet is
// joined. A reader who takes nothing while tokens heap up has given up without a word: the generation fails.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/job.h"
#include "engine/request.h"

namespace rocmforge::engine {

class Stream {
 public:
  struct News {
    std::string text;
    std::vector<GeneratedToken> tokens;
    std::optional<Outcome> outcome;  // nothing follows
  };

  // For the client: waits until there is something. Throws what ended the generation where that was an error.
  void take(News& news);
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  // For the engine. One lock a step, however many tokens it brought.
  bool is_cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  void put(std::string_view text, std::vector<GeneratedToken>& tokens);  // takes the tokens
  void finish(Outcome outcome);
  void fail(const Job::Failure& failure) noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;                     // under mutex_
  std::size_t unread_ = 0;        // tokens and probabilities in it, under mutex_
  Job::Failure failure_;          // under mutex_; nullptr: none. The client throws a copy of its own
  std::atomic<bool> cancelled_ = false;
};

}  // namespace rocmforge::engine
