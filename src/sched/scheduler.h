// Decides which requests run, and how many tokens each of them computes in the next step.
//
// Prefill and decode are the same thing here: a request has tokens to catch up with, first its prompt, then each drawn
// token. Requests wait for a free place in the order of arrival. The scheduler deals with integers only: no model, no
// tokens, no clock. Not thread-safe; the engine thread owns it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace rocmforge::sched {

using RequestId = std::uint64_t;

struct BatchLimits {
  int sequences = 1;    // maximum number of running requests
  int step_tokens = 1;  // maximum number of tokens per step, over all requests
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
  // Admits the oldest waiting request and returns it. Empty if none waits or no place is free. An admitted request has
  // nothing to catch up with yet.
  std::optional<RequestId> admit();
  // Removes a request, waiting or running.
  void remove(RequestId id);

  // Adds to the tokens that a running request has to compute.
  void catch_up(RequestId id, int tokens);
  void computed(RequestId id, int tokens);
  int tokens_to_catch_up(RequestId id) const;

  // Returns the next step, valid until the next call. Requests with a single token come first, so that one request's
  // prompt does not delay the answers of others. Prompts get equal shares of the remaining tokens, so that a short
  // prompt need not wait for a long one; what a prompt does not need goes to the others in the order of admission.
  std::span<const PlannedRequest> plan();

  // Returns whether no request runs or waits. For tests.
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
