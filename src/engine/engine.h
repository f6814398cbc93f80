// The engine: a thread of its own that computes what clients submit, several at a time, step by step.
//
// The thread owns the runner with its backends and cache, and the scheduler. Clients' threads make jobs and hand them
// over; they get the results through what the jobs hold, such as a Stream.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/job.h"
#include "engine/runner.h"
#include "sample/candidates.h"
#include "sched/scheduler.h"

namespace rocmforge::engine {

class Engine {
 public:
  // Loads the model and starts. The file must outlive the engine.
  Engine(const gguf::File& file, const RunnerOptions& options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() { close(); }

  // What was loaded: only what does not change with the steps may be asked of it.
  const Runner& runner() const { return runner_; }

  // Where the jobs' samplers work. Jobs run one after the other on the engine's thread, so that one space is enough.
  sample::Candidates& sampling_space() { return sampling_space_; }

  // An Error when the engine is closed. The job is destroyed by the engine's thread.
  void submit(std::unique_ptr<Job> job);

  // Ends within a step; what runs or waits fails with kCancelled.
  void close();

 private:
  // A job that was submitted and, where it runs, its sequence.
  struct Place {
    sched::RequestId id = 0;
    std::unique_ptr<Job> job;
    std::optional<kv::SequenceId> sequence;
    int computed = 0;
    int state_base = 0;    // where recurrent layers' state is saved first, the last whole block of the prompt
    int states_saved = 0;  // or passed by
  };

  template <typename Work>
  Job::Failure failure_of(Work work) noexcept;
  void run();
  bool take_submitted();
  void drop_cancelled();
  void admit();
  void start(Place& place);
  void step();
  void compute(std::span<const sched::PlannedRequest> plan);
  static int next_state_at(const Place& place);
  int tokens_of_step(const Place& place, int planned) const;
  void keep_state(Place& place);
  void advance(Place& place, int row, int rows);
  void remove(sched::RequestId id);
  void fail_all(const Job::Failure& failure) noexcept;
  Place& place(sched::RequestId id);

  Runner runner_;
  sample::Candidates sampling_space_;
  sched::Scheduler scheduler_;
  std::vector<Place> places_;
  std::vector<StepItem> items_;
  std::vector<sched::RequestId> ids_;  // of the same
  sched::RequestId next_id_ = 0;

  // Made beforehand, so that they can be told when nothing can be allocated.
  const Job::Failure out_of_memory_;
  const Job::Failure closed_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Job>> submitted_;  // under mutex_
  bool closing_ = false;                         // under mutex_
  std::thread thread_;
};

}  // namespace rocmforge::engine
