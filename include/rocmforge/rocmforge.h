// Includes the whole C++ API. The C API is in rocmforge/c_api.h.
#pragma once

#include "rocmforge/error.h"
#include "rocmforge/model.h"
#include "rocmforge/sampling.h"
