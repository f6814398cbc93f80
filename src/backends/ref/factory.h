// The reference backend: every operation in plain scalar C++ with double accumulation. Slow, and the oracle that all
// others are held against.
#pragma once

#include <memory>

#include "ops/backend.h"

namespace rocmforge::ref {

struct Options {
  // Whether what is multiplied with a quantized matrix is first rounded to blocks of 32 8-bit integers with a common
  // scale, as fast backends do: tells what that alone costs.
  bool rounds_activations = false;
};

std::unique_ptr<ops::Backend> make_backend(const Options& options = {});

}  // namespace rocmforge::ref
