// Converts a Hugging Face folder to a GGUF file.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu_tier.h"

namespace rocmforge::convert {

struct ConvertProgress {
  std::uint64_t done_values;
  std::uint64_t total_values;
  std::string_view tensor;
};

struct ConvertOptions {
  std::string type = {};    // F32, F16, BF16, or a type of `quantize`; empty means the checkpoint's own
  bool dequantize = false;  // store MXFP4, MXFP6, FP8 and NVFP4 weights as floats
  int threads = 1;
  CpuTier tier = best_cpu_tier();
  const std::atomic<bool>* cancel = nullptr;  // when it becomes true, Error is thrown and nothing is written
  std::function<void(const ConvertProgress&)> on_progress = {};  // called from time to time on the calling thread
};

struct ConvertResult {
  std::string architecture;
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
  std::string type;                      // the format of most matrices, or the mix
  std::vector<std::string> left_out;     // tensors that the language model does not use
  std::vector<std::string> assumptions;  // sentences about what the folder does not specify
};

// Converts the folder and writes `output`. Tensors are read one after the other, so that little of them is in memory at
// a time.
ConvertResult convert_folder(const std::string& folder, const std::string& output, const ConvertOptions& options);

}  // namespace rocmforge::convert
