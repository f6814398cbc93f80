// Mirostat (Basu et al. 2021), in place of the chain: holds the surprise of what is drawn near a target, by dropping
// unlikely tokens more or less strictly.
#pragma once

#include "sample/candidates.h"
#include "sample/random.h"
#include "sample/settings.h"

namespace rocmforge::sample {

class Mirostat {
 public:
  // Of version settings.mirostat.
  explicit Mirostat(const Settings& settings);

  // The position of the token drawn; kNone if nothing can be.
  int draw(Candidates& candidates, Random& random);

 private:
  // Version 2: tokens more surprising than the limit go.
  void drop_surprising(Candidates& candidates) const;
  // Version 1: as many of the likeliest stay as Zipf's law says, with the exponent that the likeliest show.
  void drop_by_zipf(Candidates& candidates) const;

  int version_;
  double target_;
  double rate_;
  double limit_;  // of surprise, in bits
};

}  // namespace rocmforge::sample
