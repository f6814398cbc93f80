// Carries out a quantization plan: reads a model, writes another.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu_tier.h"
#include "convert/importance.h"
#include "convert/quantize_plan.h"
#include "gguf/reader.h"

namespace rocmforge::convert {

struct QuantizeProgress {
  std::uint64_t done_bytes;  // of the input's tensors
  std::uint64_t total_bytes;
  std::string_view tensor;
};

struct QuantizeOptions {
  const ImportanceMatrix* importance = nullptr;
  bool allow_requantize = false;
  int threads = 1;
  CpuTier tier = best_cpu_tier();
  std::uint64_t split_bytes = 0;              // greatest size of a file; 0: one file
  const std::atomic<bool>* cancel = nullptr;  // when it becomes true: an Error, and nothing is written
  std::function<void(const QuantizeProgress&)> on_progress = {};  // on the calling thread, now and then
};

// What the rules of mixes need to know of a file.
ModelTraits traits_of(const gguf::File& file);
std::vector<SourceTensor> tensors_of(const gguf::File& file);

// Says what stands against carrying the plan out, as the Error that quantize() would throw: a format without an
// encoder, a missing importance matrix, an input that is quantized already.
void check_feasible(const QuantizePlan& plan, const QuantizeOptions& options);

// Writes `output`, or the parts of a split model named after it, when all is done, and answers the files' names. A
// value that a format cannot hold is an Error that names tensor, row and value.
std::vector<std::string> quantize(const gguf::File& input, const QuantizePlan& plan, const std::string& output,
                                  const QuantizeOptions& options);

}  // namespace rocmforge::convert
