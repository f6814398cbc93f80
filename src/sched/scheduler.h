// Which requests run, and how many tokens each of them computes in the next step.
//
// Prefill and decode are the same thing here: a request has tokens to catch up with, its prompt at first, and then each
// token that was drawn. A request waits until there is a place for it, in the order of arrival. Integers only: no
// model, no tokens, no clock. Not thread-safe; the engine thread owns it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace rocmforge::sched {

using RequestId = std::uint64_t;

struct BatchLimits {
  int sequences = 1;    // that run at the same time
  int step_tokens = 1;  // of one step, all requests together
};

struct PlannedRequest {
  RequestId id = 0;
  int tokens = 0;

  bool operator==(const PlannedRequest&) const = default;
};

class Scheduler {
 public:
  explicit Scheduler(const BatchLimits& limits);

  void add(RequestId id) { waiting_.push_back(id); }
  // Gives the oldest waiting request a place; empty when none waits or there is no place. It has nothing to catch up
  // with yet.
  std::optional<RequestId> admit();
  // Whether it waits or runs.
  void remove(RequestId id);

  // Tokens that a running request has to compute, besides those it has to already.
  void catch_up(RequestId id, int tokens);
  void computed(RequestId id, int tokens);
  int tokens_to_catch_up(RequestId id) const;

  // The next step, until the next call. Requests with a single token come first, so that one's prompt does not hold up
  // the others' answers. Prompts share what is left of the step, so that a short one need not wait for a long one; what
  // one does not need goes to the others in the order of admission.
  std::span<const PlannedRequest> plan();

  bool is_idle() const { return running_.empty() && waiting_.empty(); }

 private:
  struct Running {
    RequestId id = 0;
    int behind = 0;
  };

  Running& running(RequestId id);

  BatchLimits limits_;
  std::deque<RequestId> waiting_;
  std::vector<Running> running_;  // in the order of admission
  std::vector<PlannedRequest> plan_;
};

}  // namespace rocmforge::sched
