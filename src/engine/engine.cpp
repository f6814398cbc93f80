#include "engine/engine.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace rocmforge::engine {
namespace {

sched::BatchLimits limits_of(const Runner& runner, int sequences) {
  return {.sequences = sequences, .step_tokens = runner.step_tokens()};
}

RunnerOptions with_samplers(RunnerOptions options) {
  options.draws_tokens = true;
  return options;
}

}  // namespace

Engine::Engine(const gguf::File& file, const RunnerOptions& options)
    : runner_(file, with_samplers(options)),
      sampling_space_(runner_.spec().vocabulary),
      scheduler_(limits_of(runner_, options.sequences)),
      out_of_memory_(std::make_shared<const Error>(ErrorCode::kOutOfMemory, "out of memory")),
      closed_(std::make_shared<const Error>(ErrorCode::kCancelled, "the model was closed")) {
  const auto sequences = static_cast<std::size_t>(options.sequences);
  items_.reserve(sequences);
  ids_.reserve(sequences);
  thread_ = std::thread([this] { run(); });
}

void Engine::submit(std::unique_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) throw Error(ErrorCode::kUsage, "the model is closed");
    submitted_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Engine::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// Runs `work` and returns what it throws, or nullptr. If there is no memory to describe the failure, returns
// out_of_memory_.
template <typename Work>
Job::Failure Engine::failure_of(Work work) noexcept {
  try {
    try {
      work();
      return nullptr;
    } catch (const Error& error) {
      return std::make_shared<const Error>(error);
    } catch (const std::bad_alloc&) {
      return out_of_memory_;
    } catch (const std::exception& error) {
      return std::make_shared<const Error>(ErrorCode::kInternal, error.what());
    }
  } catch (...) {
    return out_of_memory_;
  }
}

void Engine::run() {
  bool goes_on = true;
  while (goes_on) {
    const auto failure = failure_of([&] {
      goes_on = take_submitted();
      if (!goes_on) return;
      drop_cancelled();
      admit();
      step();
    });
    // No single request is known to have caused this failure, so all of them fail. Later requests may succeed.
    if (failure) fail_all(failure);
  }
  fail_all(closed_);
}

// Waits until there is work. Returns false when the engine is closing.
bool Engine::take_submitted() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closing_ || !submitted_.empty() || !places_.empty(); });
  // Allocate first, because a job must not be lost after it was moved.
  const std::size_t before = places_.size();
  places_.reserve(before + submitted_.size());
  for (std::unique_ptr<Job>& job : submitted_) {
    places_.push_back({.id = next_id_++, .job = std::move(job), .sequence = {}});
  }
  submitted_.clear();
  for (std::size_t i = before; i < places_.size(); ++i) scheduler_.add(places_[i].id);
  return !closing_;
}

void Engine::drop_cancelled() {
  for (std::size_t i = 0; i < places_.size();) {
    if (places_[i].job->is_cancelled()) {
      places_[i].job->cancelled();
      remove(places_[i].id);
    } else {
      ++i;
    }
  }
}

void Engine::admit() {
  while (const auto id = scheduler_.admit()) start(place(*id));
}

void Engine::start(Place& place) {
  const std::span<const kv::TokenId> tokens = place.job->tokens();
  const auto started = runner_.start(place.job->uses_cache() ? tokens : std::span<const kv::TokenId>());
  RF_CHECK(started);  // there are as many sequences as the scheduler admits
  place.sequence = started->id;
  place.computed = started->cached;
  const std::span<const kv::TokenId> source = place.job->source();
  if (!source.empty()) runner_.encode(started->id, source);
  const auto count = static_cast<int>(tokens.size());
  scheduler_.catch_up(place.id, count - started->cached);
  place.state_base = (count - 1) / kBlockTokens * kBlockTokens;
  place.states_saved = 0;
  if (const auto failure = failure_of([&] { place.job->begin(started->cached); })) {
    place.job->fail(failure);
    remove(place.id);
  }
}

void Engine::step() {
  const std::span<const sched::PlannedRequest> plan = scheduler_.plan();
  if (plan.empty()) return;
  compute(plan);
  int logit_row = 0;
  int state_row = 0;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const StepItem& item = items_[i];
    const auto count = static_cast<int>(item.tokens.size());
    Place& place = this->place(ids_[i]);
    scheduler_.computed(place.id, count);
    place.computed += count;
    keep_state(place);
    if (item.wanted == Wanted::kLast) advance(place, logit_row++, 1);
    if (item.wanted == Wanted::kStates) advance(place, std::exchange(state_row, state_row + count), count);
  }
}

void Engine::compute(std::span<const sched::PlannedRequest> plan) {
  items_.clear();
  ids_.clear();
  for (const sched::PlannedRequest& planned : plan) {
    const Place& place = this->place(planned.id);
    const std::span<const kv::TokenId> tokens = place.job->tokens();
    const auto count = static_cast<std::size_t>(tokens_of_step(place, planned.tokens));
    const auto rest = tokens.subspan(static_cast<std::size_t>(place.computed));
    items_.push_back({*place.sequence, rest.first(count), place.job->wanted(count == rest.size())});
    ids_.push_back(planned.id);
  }
  RF_CHECK(runner_.run(items_));  // every sequence has room for the whole context
}

// Returns the next position at which to save the recurrent state: at the prompt's last whole block, and then 4, 16, 64,
// … blocks after it. This takes few slots, and a later prompt with the same beginning recomputes only a part of the
// answer, never the prompt.
int Engine::next_state_at(const Place& place) {
  return place.state_base + (place.states_saved == 0 ? 0 : kBlockTokens << (2 * place.states_saved));
}

// Limits a step so that it ends where a state is saved.
int Engine::tokens_of_step(const Place& place, int planned) const {
  if (!runner_.has_recurrent_state()) return planned;
  const int until = next_state_at(place) - place.computed;
  return until > 0 ? std::min(planned, until) : planned;
}

void Engine::keep_state(Place& place) {
  if (!runner_.has_recurrent_state()) return;
  constexpr int kMostStates = 12;
  while (next_state_at(place) <= place.computed && place.states_saved < kMostStates) {
    if (next_state_at(place) == place.computed) runner_.save_state(*place.sequence);
    ++place.states_saved;
  }
}

// A failure here affects only this job.
void Engine::advance(Place& place, int row, int rows) {
  const std::size_t before = place.job->tokens().size();
  Job::Next next = Job::Next::kDone;
  if (const auto failure = failure_of([&] { next = place.job->advance(runner_, row, rows); })) {
    place.job->fail(failure);
  }
  switch (next) {
    case Job::Next::kDone: return remove(place.id);
    case Job::Next::kGoOn: return scheduler_.catch_up(place.id, static_cast<int>(place.job->tokens().size() - before));
    case Job::Next::kStartAgain:
      runner_.finish(*place.sequence);
      place.sequence.reset();
      return start(place);
  }
}

void Engine::remove(sched::RequestId id) {
  Place& gone = place(id);
  if (gone.sequence) runner_.finish(*gone.sequence);
  scheduler_.remove(id);
  std::erase_if(places_, [&](const Place& place) { return place.id == id; });
}

// Reports the failure to every client, even if cleaning up fails.
void Engine::fail_all(const Job::Failure& failure) noexcept {
  for (const Place& place : places_) place.job->fail(failure);
  for (const Place& place : places_) {
    if (place.sequence) static_cast<void>(failure_of([&] { runner_.finish(*place.sequence); }));
    static_cast<void>(failure_of([&] { scheduler_.remove(place.id); }));
  }
  places_.clear();
  const std::lock_guard lock(mutex_);
  for (const std::unique_ptr<Job>& job : submitted_) job->fail(failure);
  submitted_.clear();
}

Engine::Place& Engine::place(sched::RequestId id) {
  const auto found = std::ranges::find(places_, id, &Place::id);
  RF_CHECK(found != places_.end());
  return *found;
}

}  // namespace rocmforge::engine
