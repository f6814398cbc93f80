// The complete sampling settings of one request.
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

  float temperature = 0.8f;  // 0 or less: always take the likeliest token
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
  Breakers dry_breakers;        // each of at least one token

  int mirostat = 0;
  float mirostat_tau = 5;
  float mirostat_eta = 0.1f;

  std::vector<std::pair<TokenId, float>> logit_bias;  // token ids of the vocabulary
};

// Parses a list of stages: "top-k;TopP,temp" gives {"top_k", "top_p", "temperature"}. Case, '-' and '_' do not matter,
// and "nucleus", "temp" and "typ" are aliases. Throws Error, with the known names, if a name is unknown; if `unknown`
// is given, unknown names are put there instead.
std::vector<std::string> parse_stages(std::string_view text, std::vector<std::string>* unknown = nullptr);

// Throws Error, with the name of the setting and the expected range, if a value is invalid: NaN, top_k below 0, …
void check(const Settings& settings);

}  // namespace rocmforge::sample
