// Something the engine computes step by step: a generation, or an embedding. Made by a client's thread, then owned by
// the engine's.
#pragma once

#include <memory>
#include <span>

#include "base/error.h"
#include "engine/runner.h"

namespace rocmforge::engine {

class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  // What there is to compute so far, from the sequence's beginning.
  virtual std::span<const kv::TokenId> tokens() const = 0;
  // What its encoder reads first, where the model has one.
  virtual std::span<const kv::TokenId> source() const { return {}; }
  // Of a step's tokens; `at_end`: the last one is the last of tokens().
  virtual Wanted wanted(bool at_end) const = 0;

  // Whether what is cached of the tokens' beginning may be taken over.
  virtual bool uses_cache() const { return true; }
  // It has a place now, and so many of its tokens are in the cache.
  virtual void begin(int cached) = 0;

  enum class Next {
    kGoOn,
    kStartAgain,  // tokens() are others now: what was computed is void
    kDone,
  };
  // After a step of which something was wanted: that is now in the runner's rows from `row` on, logits or states.
  // There may be tokens to compute or, after kGoOn, one more than before.
  virtual Next advance(const Runner& runner, int row, int rows) = 0;

  virtual bool is_cancelled() const = 0;
  virtual void cancelled() = 0;

  // Tells the client what went wrong. The Error is shared, because a copy could itself fail for want of memory.
  using Failure = std::shared_ptr<const Error>;
  virtual void fail(const Failure& failure) noexcept = 0;
};

}  // namespace rocmforge::engine
