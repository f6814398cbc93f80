// What the engine is asked to generate, with everything decided that a client may leave open.
#pragma once

#include <string>
#include <vector>

#include "kv/ids.h"
#include "rocmforge/model.h"
#include "sample/settings.h"

namespace rocmforge::engine {

// So many texts may end a generation.
inline constexpr std::size_t kMostStops = 64;

struct Request {
  std::vector<kv::TokenId> prompt;  // not empty
  sample::Settings sampling;
  bool ignores_ends = false;  // end-of-generation tokens are like any other
  int max_tokens = -1;        // -1: no limit but the context
  std::vector<std::string> stop;
  std::vector<std::string> end_strings;       // with which the model itself ends a reply
  std::vector<kv::TokenId> printed_controls;  // whose names are part of the text, in ascending order
  int top_logprobs = -1;                      // -1: no logprobs at all
  bool shifts_context = false;
  int keep = 0;  // tokens at the prompt's beginning that shifts leave
};

// How a generation ended, and what it took.
struct Outcome {
  FinishReason reason = FinishReason::kEnd;
  std::string stop;  // the stop string that ended it
  GenerationStatistics statistics;
};

}  // namespace rocmforge::engine
