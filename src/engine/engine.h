// The engine runs a thread that computes the submitted jobs, several at a time, step by step.
//
// The thread owns the scheduler and the runner with its backends and cache. Client threads create jobs and submit them;
// they receive results through an object that the job holds, such as a Stream.
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
  // Loads the model and starts the thread. The file must outlive the engine.
  Engine(const gguf::File& file, const RunnerOptions& options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() { close(); }

  // Returns the runner. Requires: callers on other threads only use what does not change with the steps.
  const Runner& runner() const { return runner_; }

  // Working memory for the samplers of all jobs. Jobs run one after the other on the engine's thread, so one is enough.
  sample::Candidates& sampling_space() { return sampling_space_; }

  // Queues a job. Throws Error if the engine is closed. The engine's thread destroys the job.
  void submit(std::unique_ptr<Job> job);

  // Stops the thread within a step. Jobs that run or wait fail with kCancelled.
  void close();

 private:
  // A submitted job and, if it is running, its sequence.
  struct Place {
    sched::RequestId id = 0;
    std::unique_ptr<Job> job;
    std::optional<kv::SequenceId> sequence;
    int computed = 0;
    int state_base = 0;    // position at which the recurrent state is first saved: the prompt's last whole block
    int states_saved = 0;  // number of save positions passed, whether or not the state was saved
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
  std::vector<sched::RequestId> ids_;  // of items_
  sched::RequestId next_id_ = 0;

  // Created in advance, so that they can be reported when memory is exhausted.
  const Job::Failure out_of_memory_;
  const Job::Failure closed_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Job>> submitted_;  // under mutex_
  bool closing_ = false;                         // under mutex_
  std::thread thread_;
};

}  // namespace rocmforge::engine
