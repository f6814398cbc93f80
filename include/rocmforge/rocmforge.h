// All of the C++ API. Its C counterpart is rocmforge/c_api.h.
#pragma once

#include "rocmforge/error.h"
#include "rocmforge/model.h"
#include "rocmforge/sampling.h"
