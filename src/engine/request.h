// A request for a generation, with a value for every option that a client may leave unset.
#pragma once

#include <string>
#include <vector>

#include "kv/ids.h"
#include "rocmforge/model.h"
#include "sample/settings.h"

namespace rocmforge::engine {

// The largest number of stop strings in a request.
inline constexpr std::size_t kMostStops = 64;

struct Request {
  std::vector<kv::TokenId> prompt;  // not empty
  sample::Settings sampling;
  bool ignores_ends = false;  // end-of-generation tokens do not end the generation
  int max_tokens = -1;        // -1: until the context is full
  std::vector<std::string> stop;
  std::vector<std::string> end_strings;       // strings with which the model itself ends a reply
  std::vector<kv::TokenId> printed_controls;  // control tokens to include in the text, in ascending order
  int top_logprobs = -1;                      // -1: no log probabilities
  bool shifts_context = false;
  int keep = 0;  // number of tokens at the prompt's beginning that context shifts keep
};

// How a generation ended, and its statistics.
struct Outcome {
  FinishReason reason = FinishReason::kEnd;
  std::string stop;  // the stop string that ended it
  GenerationStatistics statistics;
};

}  // namespace rocmforge::engine
