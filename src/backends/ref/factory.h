// Makes the reference backend: every operation in plain scalar C++ with double accumulation. It is slow, and it is the
// oracle for tests of other backends.
#pragma once

#include <memory>

#include "ops/backend.h"

namespace rocmforge::ref {

struct Options {
  // Rounds the activations of products with quantized matrices to blocks of 32 8-bit integers with a common scale
  // first, as fast backends do. This measures the error of that rounding alone.
  bool rounds_activations = false;
};

std::unique_ptr<ops::Backend> make_backend(const Options& options = {});

}  // namespace rocmforge::ref
