// The interface of a job that the engine computes step by step: a generation or an embedding. A client's thread creates
// it; the engine's thread then owns it.
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

  // Returns all tokens to compute so far, from the beginning of the sequence.
  virtual std::span<const kv::TokenId> tokens() const = 0;
  // Returns the tokens that the model's encoder reads first; empty without an encoder.
  virtual std::span<const kv::TokenId> source() const { return {}; }
  // Returns which output of a step is needed. `at_end`: the step includes the last of tokens().
  virtual Wanted wanted(bool at_end) const = 0;

  // Returns whether cached keys and values for a prefix of the tokens may be reused.
  virtual bool uses_cache() const { return true; }
  // Called when the job has a sequence. `cached`: number of its tokens that are already in the KV cache.
  virtual void begin(int cached) = 0;

  enum class Next {
    kGoOn,
    kStartAgain,  // tokens() has changed; everything must be computed again
    kDone,
  };
  // Called after a step with wanted output. The runner's rows from `row` on hold it, as logits or hidden states.
  // tokens() may still have uncomputed tokens; after kGoOn it may have one more than before.
  virtual Next advance(const Runner& runner, int row, int rows) = 0;

  virtual bool is_cancelled() const = 0;
  virtual void cancelled() = 0;

  // Reports an error to the client. The Error is shared, because copying it could fail if memory is exhausted.
  using Failure = std::shared_ptr<const Error>;
  virtual void fail(const Failure& failure) noexcept = 0;
};

}  // namespace rocmforge::engine
