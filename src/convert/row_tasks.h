// Divides the work of writing a model into tasks of whole rows of a tensor, and runs them on all threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "gguf/tensor.h"

namespace rocmforge::convert {

// Maximum row length, because a thread holds at least one row in memory. No known model comes near it.
inline constexpr std::uint64_t kLongestRow = 1 << 24;

struct RowTask {
  std::size_t tensor;
  std::uint64_t first_row;
  std::uint64_t rows;
};

// Buffers that a thread reuses from task to task.
struct RowBuffers {
  std::vector<float> values;
  std::vector<std::byte> blocks;
};

class RowTasks {
 public:
  // Divides the next tensor into tasks. Tensors are numbered from 0 in the order of the calls.
  void add(const gguf::Shape& shape);

  // Calls `work` for every task, on any thread and in any order, and `report` on the calling thread after each task
  // that this thread did itself. Throws Error when `cancel`, which may be null, becomes true. If several tasks fail,
  // the failure of the first one in file order is thrown: tasks after it are skipped, tasks before it still run.
  void run(int threads, const std::atomic<bool>* cancel, const std::function<void(const RowTask&, RowBuffers&)>& work,
           const std::function<void(const RowTask&)>& report) const;

 private:
  std::vector<RowTask> tasks_;
  std::size_t tensors_ = 0;
};

}  // namespace rocmforge::convert
