// Passes the output of a generation from the engine's thread to a client as it arrives.
//
// The engine never waits for the client; the client waits for output. Output that was not taken yet is joined. If the
// client takes nothing and too much output accumulates, the generation fails.
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
    std::optional<Outcome> outcome;  // set at the end; nothing follows
  };

  // For the client. Blocks until there is output. Throws the Error if the generation failed.
  void take(News& news);
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  // For the engine.
  bool is_cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  void put(std::string_view text, std::vector<GeneratedToken>& tokens);  // moves the tokens out of the vector
  void finish(Outcome outcome);
  void fail(const Job::Failure& failure) noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;               // under mutex_
  std::size_t unread_ = 0;  // under mutex_; number of tokens and probabilities in news_
  Job::Failure failure_;    // under mutex_; nullptr: none. The client throws a copy
  std::atomic<bool> cancelled_ = false;
};

}  // namespace rocmforge::engine
