#include "sched/scheduler.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::sched {

Scheduler::Scheduler(const BatchLimits& limits) : limits_(limits) {
  RF_CHECK(limits.sequences > 0 && limits.step_tokens >= limits.sequences);
  running_.reserve(static_cast<std::size_t>(limits.sequences));
  plan_.reserve(static_cast<std::size_t>(limits.sequences));
}

std::optional<RequestId> Scheduler::admit() {
  if (waiting_.empty() || running_.size() == static_cast<std::size_t>(limits_.sequences)) return std::nullopt;
  const RequestId id = waiting_.front();
  waiting_.pop_front();
  running_.push_back({id, 0});
  return id;
}

void Scheduler::remove(RequestId id) {
  std::erase(waiting_, id);
  std::erase_if(running_, [&](const Running& request) { return request.id == id; });
}

Scheduler::Running& Scheduler::running(RequestId id) {
  const auto found = std::ranges::find(running_, id, &Running::id);
  RF_CHECK(found != running_.end());
  return *found;
}

void Scheduler::catch_up(RequestId id, int tokens) { running(id).behind += tokens; }

void Scheduler::computed(RequestId id, int tokens) {
  Running& request = running(id);
  RF_CHECK(tokens <= request.behind);
  request.behind -= tokens;
}

int Scheduler::tokens_to_catch_up(RequestId id) const {
  const auto found = std::ranges::find(running_, id, &Running::id);
  return found == running_.end() ? 0 : found->behind;
}

std::span<const PlannedRequest> Scheduler::plan() {
  plan_.clear();
  int left = limits_.step_tokens;
  int prompts = 0;
  for (const Running& request : running_) {
    prompts += request.behind > 1 ? 1 : 0;
    if (request.behind != 1) continue;
    plan_.push_back({request.id, 1});
    --left;
  }
  const std::size_t first_prompt = plan_.size();
  for (const Running& request : running_) {
    if (request.behind < 2 || left == 0) continue;
    const int share = std::max(left / prompts--, 1);
    const int tokens = std::min(request.behind, share);
    plan_.push_back({request.id, tokens});
    left -= tokens;
  }
  for (std::size_t i = first_prompt; i < plan_.size() && left > 0; ++i) {
    const int more = std::min(tokens_to_catch_up(plan_[i].id) - plan_[i].tokens, left);
    plan_[i].tokens += more;
    left -= more;
  }
  return plan_;
}

}  // namespace rocmforge::sched
