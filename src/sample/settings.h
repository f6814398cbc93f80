// What a request's sampling is set to, everything decided.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sample/breakers.h"

namespace rocmforge::sample {

// The stages by name, in their usual order.
inline constexpr std::string_view kDefaultStages = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";

struct Settings {
  std::vector<std::string> stages;  // canonical names, see parse_stages()
  std::uint64_t seed = 0;

  float temperature = 0.8f;  // 0 or less: the likeliest
  float dynatemp_range = 0;
  float dynatemp_exponent = 1;
  int top_k = 40;
  float top_p = 0.95f;
  float min_p = 0.05f;
  float typical_p = 1;
  float top_n_sigma = 0;
  float xtc_probability = 0;
  float xtc_threshold = 0.1f;
  int min_keep = 1;

  int penalty_last_n = 64;  // -1: all
  float repeat_penalty = 1;
  float frequency_penalty = 0;
  float presence_penalty = 0;

  float dry_multiplier = 0;
  float dry_base = 1.75f;
  int dry_allowed_length = 2;
  int dry_penalty_last_n = 64;  // -1: all
  Breakers dry_breakers;        // each of one token or more

  int mirostat = 0;
  float mirostat_tau = 5;
  float mirostat_eta = 0.1f;

  std::vector<std::pair<TokenId, float>> logit_bias;  // of ids of the vocabulary
};

// "top-k;TopP,temp" to {"top_k", "top_p", "temperature"}. Case, '-' and '_' do not matter, and "nucleus", "temp" and
// "typ" are names too. An unknown name is an Error that lists the known ones; with `unknown` it is put there instead.
std::vector<std::string> parse_stages(std::string_view text, std::vector<std::string>* unknown = nullptr);

// An Error names the setting that makes no sense, and what is expected: not a number, top_k below 0, …
void check(const Settings& settings);

}  // namespace rocmforge::sample
