#include "convert/row_tasks.h"

#include <algorithm>
#include <exception>
#include <mutex>

#include "base/error.h"
#include "base/thread_pool.h"

namespace rocmforge::convert {
namespace {

// The number of values that a task decodes and encodes. Its buffers fit roughly in the second-level cache, and a model
// of a billion parameters still gives thousands of tasks.
constexpr std::uint64_t kTaskValues = 1 << 18;

// Keeps the failure of the first task, in file order, that fails.
class FirstFailure {
 public:
  bool is_before(std::size_t task) const { return task > failed_task_; }

  void keep(std::size_t task) {
    const std::scoped_lock lock(mutex_);
    if (task >= failed_task_) return;
    failed_task_ = task;
    failure_ = std::current_exception();
  }

  // Requires: all threads have ended.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<std::size_t> failed_task_ = SIZE_MAX;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void RowTasks::add(const gguf::Shape& shape) {
  const std::uint64_t rows_at_a_time = std::max<std::uint64_t>(kTaskValues / shape.row_length(), 1);
  for (std::uint64_t row = 0; row < shape.rows(); row += rows_at_a_time) {
    tasks_.push_back({tensors_, row, std::min(rows_at_a_time, shape.rows() - row)});
  }
  ++tensors_;
}

void RowTasks::run(int threads, const std::atomic<bool>* cancel,
                   const std::function<void(const RowTask&, RowBuffers&)>& work,
                   const std::function<void(const RowTask&)>& report) const {
  ThreadPool pool(threads);
  std::vector<RowBuffers> buffers(static_cast<std::size_t>(pool.size()));
  FirstFailure failure;
  pool.parallel_for(tasks_.size(), [&](std::size_t index, int thread) {
    try {
      if (!failure.is_before(index)) {
        if (cancel != nullptr && *cancel) throw Error(ErrorCode::kCancelled, "interrupted");
        work(tasks_[index], buffers[static_cast<std::size_t>(thread)]);
      }
    } catch (...) {
      failure.keep(index);
    }
    if (thread == 0) report(tasks_[index]);
  });
  failure.rethrow();
}

}  // namespace rocmforge::convert
