// The reference backend: every operation in plain scalar C++ with double accumulation. Slow, and the oracle that all
// others are held against.
#pragma once

#include <memory>

#include "ops/backend.h"

namespace rocmforge::ref {

std::unique_ptr<ops::Backend> make_backend();

}  // namespace rocmforge::ref
