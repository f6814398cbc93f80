// Executes a quantization plan: reads a model and writes another.
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
  std::uint64_t split_bytes = 0;              // maximum size of a file; 0 means one file
  const std::atomic<bool>* cancel = nullptr;  // when it becomes true, Error is thrown and nothing is written
  std::function<void(const QuantizeProgress&)> on_progress = {};  // called from time to time on the calling thread
};

// Returns the properties of a file that the rules of mixes depend on.
ModelTraits traits_of(const gguf::File& file);
std::vector<SourceTensor> tensors_of(const gguf::File& file);

// Throws the Error that quantize() would throw if the plan cannot be executed: a format without an encoder, a missing
// importance matrix, or an input that is already quantized.
void check_feasible(const QuantizePlan& plan, const QuantizeOptions& options);

// Quantizes the model into `output`, or into the parts of a split model named after it, and returns the files' names.
// The files appear only when all is done. Throws Error, which names tensor, row and value, if a format cannot hold a
// value.
std::vector<std::string> quantize(const gguf::File& input, const QuantizePlan& plan, const std::string& output,
                                  const QuantizeOptions& options);

}  // namespace rocmforge::convert
