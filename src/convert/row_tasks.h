// The work of writing a model, in tasks of some whole rows of a tensor, on all threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "gguf/tensor.h"

namespace rocmforge::convert {

// A thread holds a row at least; no model's rows come near this.
inline constexpr std::uint64_t kLongestRow = 1 << 24;

struct RowTask {
  std::size_t tensor;
  std::uint64_t first_row;
  std::uint64_t rows;
};

// What a thread reuses from task to task.
struct RowBuffers {
  std::vector<float> values;
  std::vector<std::byte> blocks;
};

class RowTasks {
 public:
  // Cuts the next tensor into tasks; the first one added is number 0.
  void add(const gguf::Shape& shape);

  // Does `work` for every task, on any thread in any order. After each of its own the calling thread is told of it by
  // `report`. When `cancel`, which may be null, becomes true: an Error. Of several failures the first in the file's
  // order is thrown, whatever the threads do: later tasks are given up, earlier ones still run.
  void run(int threads, const std::atomic<bool>* cancel, const std::function<void(const RowTask&, RowBuffers&)>& work,
           const std::function<void(const RowTask&)>& report) const;

 private:
  std::vector<RowTask> tasks_;
  std::size_t tensors_ = 0;
};

}  // namespace rocmforge::convert
