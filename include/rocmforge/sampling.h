// How the next token is drawn from a model's logits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rocmforge {

// What is not set is as the model's file recommends (`general.sampling.*`), or else as the comment says.
struct SamplingOptions {
  // The stages in order, separated by ';' or ','; unset:
  // penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature.
  std::optional<std::string> samplers;

  std::optional<std::uint64_t> seed;  // unset: another one each time

  std::optional<float> temperature;  // 0.8; 0 or less: the likeliest token
  // The temperature moves with the entropy between temperature - range and temperature + range.
  std::optional<float> dynatemp_range;     // 0: off
  std::optional<float> dynatemp_exponent;  // 1

  std::optional<int> top_k;              // the k likeliest; 40; 0: off
  std::optional<float> top_p;            // the likeliest that together have this probability; 0.95; 1: off
  std::optional<float> min_p;            // those at least so likely as this share of the likeliest; 0.05; 0: off
  std::optional<float> typical_p;        // those whose surprise is nearest to the expected; 1: off
  std::optional<float> top_n_sigma;      // those within so many standard deviations of the greatest logit; 0: off
  std::optional<float> xtc_probability;  // the chance that all likely tokens but the last of them are dropped; 0: off
  std::optional<float> xtc_threshold;    // from what probability on a token counts as likely; 0.1
  std::optional<int> min_keep;           // so many tokens are left by top_p, typ_p, min_p and xtc; 1

  std::optional<int> penalty_last_n;       // how many last tokens the penalties look at; 64; 0: none; -1: all
  std::optional<float> repeat_penalty;     // 1: off
  std::optional<float> frequency_penalty;  // 0: off
  std::optional<float> presence_penalty;   // 0: off

  // DRY: against the repetition of whole sequences.
  std::optional<float> dry_multiplier;                            // 0: off
  std::optional<float> dry_base;                                  // 1.75
  std::optional<int> dry_allowed_length;                          // 2
  std::optional<int> dry_penalty_last_n;                          // 64; 0: none; -1: all
  std::optional<std::vector<std::string>> dry_sequence_breakers;  // "\n", ":", "\"", "*"

  // 1 or 2: Mirostat in place of the stages; 0: off.
  std::optional<int> mirostat;
  std::optional<float> mirostat_tau;  // 5
  std::optional<float> mirostat_eta;  // 0.1

  std::vector<std::pair<std::int32_t, float>> logit_bias;  // by token, added to its logit; minus infinity forbids it
  bool ignore_eos = false;                                 // tokens that end the generation are never drawn
};

}  // namespace rocmforge
