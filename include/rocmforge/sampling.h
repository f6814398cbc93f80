// Options for choosing the next token from a model's logits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rocmforge {

// An option that is not set takes the value that the model's file recommends (`general.sampling.*`) or, without one,
// the default given in its comment.
struct SamplingOptions {
  // The sampling stages in order, separated by ';' or ','. Default:
  // penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature.
  std::optional<std::string> samplers;

  std::optional<std::uint64_t> seed;  // unset: a random seed for every generation

  std::optional<float> temperature;  // default 0.8; 0 or less: always the likeliest token
  // Dynamic temperature varies from temperature - range to temperature + range with the entropy of the distribution,
  // relative to its maximum and raised to the exponent.
  std::optional<float> dynatemp_range;     // default 0: off
  std::optional<float> dynatemp_exponent;  // default 1

  std::optional<int> top_k;              // keep the k likeliest tokens; default 40; 0: off
  std::optional<float> top_p;            // keep the likeliest tokens up to this total probability; default 0.95; 1: off
  std::optional<float> min_p;            // keep tokens with this fraction of the top probability; default 0.05; 0: off
  std::optional<float> typical_p;        // locally typical sampling up to this total probability; default 1: off
  std::optional<float> top_n_sigma;      // keep logits within n standard deviations of the largest; default 0: off
  std::optional<float> xtc_probability;  // chance of dropping all likely tokens but the least likely; default 0: off
  std::optional<float> xtc_threshold;    // probability from which XTC counts a token as likely; default 0.1
  std::optional<int> min_keep;           // top_p, typ_p, min_p and xtc keep at least this many tokens; default 1

  std::optional<int> penalty_last_n;       // the penalties apply to the last n tokens; default 64; 0: none; -1: all
  std::optional<float> repeat_penalty;     // divides positive logits, multiplies other ones; default 1: off
  std::optional<float> frequency_penalty;  // subtracted from the logit for each occurrence; default 0: off
  std::optional<float> presence_penalty;   // subtracted from the logit once; default 0: off

  // DRY penalizes tokens that would continue a repeated sequence of n tokens, by
  // multiplier * base^(n - allowed length).
  std::optional<float> dry_multiplier;    // default 0: off
  std::optional<float> dry_base;          // default 1.75
  std::optional<int> dry_allowed_length;  // default 2
  std::optional<int> dry_penalty_last_n;  // search the last n tokens; default 64; 0: none; -1: all
  // A repetition does not extend across one of these texts. Default: "\n", ":", "\"", "*".
  std::optional<std::vector<std::string>> dry_sequence_breakers;

  // 1 or 2: this version of Mirostat replaces the stages; default 0: off.
  std::optional<int> mirostat;
  std::optional<float> mirostat_tau;  // target entropy in bits; default 5
  std::optional<float> mirostat_eta;  // learning rate; default 0.1

  // Pairs of a token and the value that is added to its logit. Minus infinity forbids the token.
  std::vector<std::pair<std::int32_t, float>> logit_bias;
  bool ignore_eos = false;  // never choose a token that ends the generation
};

}  // namespace rocmforge
