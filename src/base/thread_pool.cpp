// How a job runs. The caller writes the job, opens it (state_), increments generation_ and wakes sleeping workers. A
// worker joins by counting itself in state_, which fails after the caller has closed the job. The caller takes indices
// until there are none left, closes the job, and waits until as many workers have finished as have joined. Only then
// may the job be written again, so nobody reads it while it changes.
#include "base/thread_pool.h"

#include <chrono>
#include <csignal>
#include <string>
#include <system_error>

#include <pthread.h>

#include "base/cpu_count.h"
#include "base/error.h"

namespace rocmforge {
namespace {

// Longer than the gap between two operations of a step, and shorter than sleeping and waking up twice.
constexpr std::chrono::microseconds kSpinTime{30};
constexpr int kPausesPerLook = 16;

constexpr std::uint64_t kClosed = std::uint64_t{1} << 31;
constexpr std::uint64_t kJoinedMask = kClosed - 1;
constexpr int kGenerationShift = 32;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Blocks signals to the process in workers, since the main thread handles them. Faults belong to a thread and cannot be
// blocked.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
      sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &previous_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }

 private:
  sigset_t previous_;
};

}  // namespace

ThreadPool::ThreadPool(int threads) : state_(kClosed), may_spin_(threads <= usable_cpus()) {
  if (threads < 1) throw error(ErrorCode::kUsage, "{} threads, expected at least 1", threads);
  start_workers(threads - 1);
}

ThreadPool::~ThreadPool() { stop_workers(); }

void ThreadPool::start_workers(int count) {
  const SignalsBlocked blocked;
  try {
    workers_.reserve(static_cast<std::size_t>(count));
    for (int i = 1; i <= count; ++i) {
      workers_.emplace_back([this, i] { serve(i); });
      pthread_setname_np(workers_.back().native_handle(), ("compute-" + std::to_string(i)).c_str());
    }
  } catch (const std::system_error& e) {
    const std::size_t started = workers_.size() + 1;
    stop_workers();
    throw error(ErrorCode::kIo, "cannot start {} threads: {} after {}", count + 1, e.code().message(), started);
  }
}

void ThreadPool::stop_workers() {
  stopping_.store(true);
  generation_.fetch_add(1);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ThreadPool::run(const Job& job) {
  if (job.count == 0) return;
  if (workers_.empty() || (job.count == 1 && job.share == Share::kWhoeverIsFree)) return run_inline(job);
  // Fails for a second caller, and for a task that calls its own pool.
  RF_CHECK(!busy_.exchange(true, std::memory_order_acquire));
  publish(job);
  work_on_job(0);
  await_finished(job.share == Share::kOneEach ? static_cast<std::uint32_t>(workers_.size()) : close_job());
  if (job.share == Share::kOneEach) close_job();
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  busy_.store(false, std::memory_order_release);
  if (failure) std::rethrow_exception(failure);
}

void ThreadPool::run_inline(const Job& job) const {
  for (std::size_t index = 0; index < job.count; ++index) job.invoke(job.task, index, 0);
}

void ThreadPool::publish(const Job& job) {
  job_ = job;
  next_.store(0, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  failed_.store(false, std::memory_order_relaxed);
  const std::uint32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  state_.store(std::uint64_t{generation} << kGenerationShift, std::memory_order_release);
  generation_.store(generation, std::memory_order_release);
  generation_.notify_all();
}

void ThreadPool::work_on_job(int thread) noexcept {
  try {
    if (job_.share == Share::kOneEach) {
      if (!failed_.load(std::memory_order_relaxed)) job_.invoke(job_.task, static_cast<std::size_t>(thread), thread);
      return;
    }
    for (;;) {
      const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= job_.count) return;
      job_.invoke(job_.task, index, thread);
    }
  } catch (...) {
    if (!failed_.exchange(true)) failure_ = std::current_exception();
    next_.store(job_.count, std::memory_order_relaxed);
  }
}

std::uint32_t ThreadPool::close_job() {
  const std::uint64_t state = state_.fetch_or(kClosed, std::memory_order_acq_rel);
  return static_cast<std::uint32_t>(state & kJoinedMask);
}

void ThreadPool::await_finished(std::uint32_t workers) {
  const auto all_finished = [&] { return finished_.load(std::memory_order_acquire) == workers; };
  if (spin_until(all_finished)) return;
  for (;;) {
    const std::uint32_t finished = finished_.load(std::memory_order_acquire);
    if (finished == workers) return;
    finished_.wait(finished, std::memory_order_acquire);
  }
}

void ThreadPool::serve(int thread) {
  std::uint32_t seen = 0;  // number of the newest job that this worker has seen
  for (;;) {
    const auto news = [&] { return generation_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(news)) {
      while (!news()) generation_.wait(seen, std::memory_order_acquire);
    }
    if (stopping_.load()) return;
    if (!join_job(seen)) continue;
    work_on_job(thread);
    finished_.fetch_add(1, std::memory_order_release);
    finished_.notify_one();
  }
}

// Joins the open job, which may be newer than the one that woke this worker. `seen` is updated, so that no job is done
// twice.
bool ThreadPool::join_job(std::uint32_t& seen) {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  do {
    const auto generation = static_cast<std::uint32_t>(state >> kGenerationShift);
    if (generation == seen) return false;
    if ((state & kClosed) != 0) {
      seen = generation;
      return false;
    }
  } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire, std::memory_order_acquire));
  seen = static_cast<std::uint32_t>(state >> kGenerationShift);
  return true;
}

template <typename Ready>
bool ThreadPool::spin_until(Ready ready) const {
  if (ready()) return true;
  if (!may_spin_) return false;
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      pause();
      if (ready()) return true;
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace rocmforge
