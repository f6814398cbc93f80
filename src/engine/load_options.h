// What a program asks for when it loads a model, as the runner takes it.
#pragma once

#include "engine/runner.h"
#include "rocmforge/model.h"

namespace rocmforge::engine {

// An Error for a name that is none, and for numbers that make no sense.
RunnerOptions runner_options(const LoadOptions& options);

}  // namespace rocmforge::engine
