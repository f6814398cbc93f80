// A Hugging Face folder as a GGUF file.
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
  std::string type = {};    // F32, F16, BF16, or what `quantize` takes; empty: what the checkpoint has
  bool dequantize = false;  // blocks of MXFP4, MXFP6, FP8 and NVFP4 are not kept as they are
  int threads = 1;
  CpuTier tier = best_cpu_tier();
  const std::atomic<bool>* cancel = nullptr;  // when it becomes true: an Error, and nothing is written
  std::function<void(const ConvertProgress&)> on_progress = {};  // on the calling thread, now and then
};

struct ConvertResult {
  std::string architecture;
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
  std::string type;                      // most of the matrices' format, or the mix
  std::vector<std::string> left_out;     // tensors of no use to the language model
  std::vector<std::string> assumptions;  // what the folder does not say, in sentences
};

// Writes `output` when all is done. Reads tensors as it goes and holds little of them at a time.
ConvertResult convert_folder(const std::string& folder, const std::string& output, const ConvertOptions& options);

}  // namespace rocmforge::convert
