// Converts the public LoadOptions to options of the runner.
#pragma once

#include "engine/runner.h"
#include "rocmforge/model.h"

namespace rocmforge::engine {

// Throws Error if a name is unknown or a number is out of range.
RunnerOptions runner_options(const LoadOptions& options);

}  // namespace rocmforge::engine
