// A pool of compute threads. An operation is divided into pieces, and each free thread takes the next piece.
//
// Only one caller may use the pool at a time; the caller also works, as thread 0. A call allocates nothing. Idle
// threads spin for some microseconds, because in a model's step the next operation follows immediately, and then sleep.
// They never spin if there are more threads than processors. parallel_for() does not wait for a worker that the system
// has suspended: the others do its share. The first exception thrown by a task is rethrown by the call; pieces that
// have not begun by then are skipped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace rocmforge {

class ThreadPool {
 public:
  // `threads` includes the caller, so 1 starts no thread and runs everything inline.
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(index) or task(index, thread) once for every index below `count`, in any order, on any thread.
  template <typename Task>
  void parallel_for(std::size_t count, Task&& task) {
    if constexpr (std::is_invocable_v<Task&, std::size_t, int>) {
      run({&call_with_thread<Task>, &task, count, Share::kWhoeverIsFree});
    } else {
      run({&call<Task>, &task, count, Share::kWhoeverIsFree});
    }
  }

  // Calls task(thread) once on every thread, on all at the same time.
  template <typename Task>
  void for_each_thread(Task&& task) {
    run({&call_per_thread<Task>, &task, static_cast<std::size_t>(size()), Share::kOneEach});
  }

 private:
  enum class Share { kWhoeverIsFree, kOneEach };

  // A reference to the caller's task. It lives as long as the call.
  struct Job {
    void (*invoke)(const void* task, std::size_t index, int thread) = nullptr;
    const void* task = nullptr;
    std::size_t count = 0;
    Share share = Share::kWhoeverIsFree;
  };

  template <typename Task>
  static Task& restore(const void* task) {
    return *static_cast<std::remove_reference_t<Task>*>(const_cast<void*>(task));
  }
  template <typename Task>
  static void call(const void* task, std::size_t index, int) {
    restore<Task>(task)(index);
  }
  template <typename Task>
  static void call_with_thread(const void* task, std::size_t index, int thread) {
    restore<Task>(task)(index, thread);
  }
  template <typename Task>
  static void call_per_thread(const void* task, std::size_t, int thread) {
    restore<Task>(task)(thread);
  }

  void run(const Job& job);
  void run_inline(const Job& job) const;
  void publish(const Job& job);
  void work_on_job(int thread) noexcept;
  std::uint32_t close_job();
  void await_finished(std::uint32_t workers);

  void serve(int thread);
  bool join_job(std::uint32_t& seen);
  void start_workers(int count);
  void stop_workers();

  template <typename Ready>
  bool spin_until(Ready ready) const;

  // The job's state in one word: its number, whether it is closed, and how many workers have joined. So a late worker
  // joins the job that is open now, or none. See the .cpp.
  alignas(64) std::atomic<std::uint64_t> state_;
  alignas(64) std::atomic<std::uint32_t> generation_ = 0;  // number of the newest job; sleeping workers wait on it
  // Workers that have left the job; a sleeping caller waits on it.
  alignas(64) std::atomic<std::uint32_t> finished_ = 0;
  alignas(64) std::atomic<std::size_t> next_ = 0;  // the first index that no thread has taken
  alignas(64) Job job_;
  std::atomic<bool> failed_ = false;
  std::exception_ptr failure_;
  std::atomic<bool> busy_ = false;
  std::atomic<bool> stopping_ = false;
  bool may_spin_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace rocmforge
