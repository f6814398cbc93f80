// Makes the fast CPU backend. This is the only header of the backend that other layers include.
#pragma once

#include <memory>

#include "base/cpu_tier.h"
#include "ops/backend.h"

namespace rocmforge::cpu {

struct Options {
  int threads = 1;
  CpuTier tier = best_cpu_tier();
};

std::unique_ptr<ops::Backend> make_backend(const Options& options);

}  // namespace rocmforge::cpu
