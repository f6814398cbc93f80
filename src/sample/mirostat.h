// Mirostat (Basu et al. 2021), which replaces the chain: keeps the surprise of the drawn tokens near a target, by
// dropping unlikely tokens more or less strictly.
#pragma once

#include "sample/candidates.h"
#include "sample/random.h"
#include "sample/settings.h"

namespace rocmforge::sample {

class Mirostat {
 public:
  // settings.mirostat is the version, 1 or 2.
  explicit Mirostat(const Settings& settings);

  // Draws a token and returns its position, or kNone if no token is possible.
  int draw(Candidates& candidates, Random& random);

 private:
  // Version 2: drops tokens whose surprise exceeds the limit.
  void drop_surprising(Candidates& candidates) const;
  // Version 1: keeps as many of the likeliest tokens as Zipf's law requires for the limit, with the exponent estimated
  // from the likeliest tokens.
  void drop_by_zipf(Candidates& candidates) const;

  int version_;
  double target_;
  double rate_;
  double limit_;  // of surprise, in bits
};

}  // namespace rocmforge::sample
