#include "cli/sampling_arguments.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "sample/settings.h"

namespace rocmforge::cli {
namespace {

constexpr int kMany = 1 << 30;
constexpr float kAnyFloat = std::numeric_limits<float>::max();

Argument number(std::string names, std::string value, std::string help, Place place) {
  return {.names = std::move(names),
          .value = std::move(value),
          .help = std::move(help),
          .place = place,
          .group = "Sampling"};
}

Argument real(std::string names, std::string value, std::string help, std::optional<float>& place, float least,
              float greatest) {
  return number(std::move(names), std::move(value), std::move(help), Bounded<float>{&place, least, greatest});
}

Argument whole(std::string names, std::string help, std::optional<int>& place, int least, int greatest) {
  return number(std::move(names), "N", std::move(help), Bounded<int>{&place, least, greatest});
}

// The arguments for the end of a generation, and others that do not depend on chance.
std::vector<Argument> ending_arguments(SamplingArguments& a, std::string_view most) {
  return {
      {.names = "-n",
       .value = "N",
       .help = fmt::format("Generate at most N tokens; -1: no limit (default: {})", most),
       .place = Bounded<int>{&a.new_tokens, -1, kMany}},
      {.names = "--stop",
       .value = "TEXT",
       .help = "End the text before this string; can be repeated",
       .place = &a.stop},
      {.names = "--context-shift",
       .value = "",
       .help = "Drop the older half of a full context and continue",
       .place = &a.context_shift},
      {.names = "--ignore-eos",
       .value = "",
       .help = "Never choose a token that ends the text",
       .place = &a.options.ignore_eos},
      {.names = "--logit-bias",
       .value = "ID+BIAS",
       .help = "Add a bias to the logit of a token: 15043+1, 15043-1, or 15043-inf to forbid it; can be repeated",
       .place = &a.logit_bias},
  };
}

std::vector<Argument> common_arguments(SamplingArguments& a) {
  SamplingOptions& o = a.options;
  return {
      number("--seed", "N", "Seed; the same seed gives the same tokens (default: random)",
             Bounded<std::uint64_t>{&o.seed, 0, std::numeric_limits<std::uint64_t>::max()}),
      real("--temp", "T", "Temperature; 0: always the likeliest token (default: 0.8)", o.temperature, 0, 1000),
      whole("--top-k", "Keep only the N likeliest tokens; 0: off (default: 40)", o.top_k, 0, kMany),
      real("--top-p", "P", "Keep the likeliest tokens up to the total probability P; 1: off (default: 0.95)", o.top_p,
           0, 1),
      real("--min-p", "P", "Drop tokens less probable than P times the likeliest; 0: off (default: 0.05)", o.min_p, 0,
           1),
      {.names = "--samplers",
       .value = "LIST",
       .help = "Sampling stages in order (default: penalties;dry;top_n_sigma;top_k;typ_p; "
               "top_p;min_p;xtc;temperature)",
       .place = &a.samplers,
       .group = "Sampling"},
  };
}

std::vector<Argument> selection_arguments(SamplingArguments& a) {
  SamplingOptions& o = a.options;
  return {
      real("--typical", "P", "Locally typical sampling up to the total probability P; 1: off (default: 1)", o.typical_p,
           0, 1),
      real("--top-n-sigma", "N", "Keep logits within N standard deviations of the largest; 0: off (default: 0)",
           o.top_n_sigma, 0, 1000),
      real("--xtc-probability", "P",
           "Chance of dropping all likely tokens except the least likely; 0: off (default: 0)", o.xtc_probability, 0,
           1),
      real("--xtc-threshold", "P", "Probability from which XTC counts a token as likely (default: 0.1)",
           o.xtc_threshold, 0, 1),
      real("--dynatemp-range", "R", "Vary the temperature by up to R with the entropy; 0: off (default: 0)",
           o.dynatemp_range, 0, 1000),
      real("--dynatemp-exp", "E", "Exponent of the entropy for --dynatemp-range (default: 1)", o.dynatemp_exponent, 0,
           1000),
      whole("--min-keep", "Keep at least N tokens to choose from (default: 1)", o.min_keep, 0, kMany),
      whole("--mirostat", "Use Mirostat version N, 1 or 2, instead of the stages; 0: off (default: 0)", o.mirostat, 0,
            2),
      real("--mirostat-ent", "T", "Target entropy of Mirostat in bits (default: 5)", o.mirostat_tau, 0, 1000),
      real("--mirostat-lr", "E", "Learning rate of Mirostat (default: 0.1)", o.mirostat_eta, 0, 1),
  };
}

std::vector<Argument> repetition_arguments(SamplingArguments& a) {
  SamplingOptions& o = a.options;
  return {
      whole("--repeat-last-n", "Penalize tokens among the last N; 0: off; -1: all (default: 64)", o.penalty_last_n, -1,
            kMany),
      real("--repeat-penalty", "X", "Factor that makes repeated tokens less likely; 1: off (default: 1)",
           o.repeat_penalty, 0, 1000),
      real("--presence-penalty", "X", "Subtract X from the logits of repeated tokens; 0: off (default: 0)",
           o.presence_penalty, -kAnyFloat, kAnyFloat),
      real("--frequency-penalty", "X", "Subtract X from a token's logit for each occurrence; 0: off (default: 0)",
           o.frequency_penalty, -kAnyFloat, kAnyFloat),
      real("--dry-multiplier", "X", "Strength of DRY, which penalizes repeated sequences; 0: off (default: 0)",
           o.dry_multiplier, 0, kAnyFloat),
      real("--dry-base", "X", "Factor by which DRY grows per repeated token (default: 1.75)", o.dry_base, 0, kAnyFloat),
      whole("--dry-allowed-length", "DRY penalizes what continues a repetition of N or more tokens (default: 2)",
            o.dry_allowed_length, 0, kMany),
      whole("--dry-penalty-last-n", "DRY searches the last N tokens; 0: off; -1: all (default: 64)",
            o.dry_penalty_last_n, -1, kMany),
      {.names = "--dry-sequence-breaker",
       .value = "TEXT",
       .help = "DRY ignores repetitions across this text; none: no such text; can be repeated (default: line feed, "
               "colon, quote and star)",
       .place = &a.dry_sequence_breakers,
       .group = "Sampling"},
  };
}

// "15043+1.5", "15043-inf".
std::pair<std::int32_t, float> parse_bias(std::string_view text) {
  const char* const end = text.data() + text.size();
  std::int32_t token = 0;
  const auto [sign, no_token] = std::from_chars(text.data(), end, token);
  float bias = 0;
  // from_chars reads a minus, but no plus.
  const bool has_sign = sign != end && (*sign == '+' || *sign == '-');
  const auto [last, no_bias] = std::from_chars(sign + (has_sign && *sign == '+' ? 1 : 0), end, bias);
  const bool sound = no_token == std::errc() && token >= 0 && has_sign && no_bias == std::errc() && last == end &&
                     bias == bias && bias != std::numeric_limits<float>::infinity();
  if (sound) return {token, bias};
  throw error(ErrorCode::kUsage, "--logit-bias: '{}' is no token and its bias, expected as in 15043+1.5 or 15043-inf",
              printable(text));
}

struct StageOption {
  std::string_view stage;
  std::string_view option;
  bool is_given;
};

// Throws Error if an option belongs to a stage that does not run, because it would have no effect.
void refuse_idle_options(const SamplingArguments& arguments) {
  const SamplingOptions& o = arguments.options;
  const std::initializer_list<StageOption> options = {
      {"temperature", "--temp", o.temperature && *o.temperature > 0},
      {"temperature", "--dynatemp-range", o.dynatemp_range.has_value()},
      {"temperature", "--dynatemp-exp", o.dynatemp_exponent.has_value()},
      {"top_k", "--top-k", o.top_k.has_value()},
      {"top_p", "--top-p", o.top_p.has_value()},
      {"min_p", "--min-p", o.min_p.has_value()},
      {"typ_p", "--typical", o.typical_p.has_value()},
      {"top_n_sigma", "--top-n-sigma", o.top_n_sigma.has_value()},
      {"xtc", "--xtc-probability", o.xtc_probability.has_value()},
      {"xtc", "--xtc-threshold", o.xtc_threshold.has_value()},
      {"penalties", "--repeat-last-n", o.penalty_last_n.has_value()},
      {"penalties", "--repeat-penalty", o.repeat_penalty.has_value()},
      {"penalties", "--presence-penalty", o.presence_penalty.has_value()},
      {"penalties", "--frequency-penalty", o.frequency_penalty.has_value()},
      {"dry", "--dry-multiplier", o.dry_multiplier.has_value()},
      {"dry", "--dry-base", o.dry_base.has_value()},
      {"dry", "--dry-allowed-length", o.dry_allowed_length.has_value()},
      {"dry", "--dry-penalty-last-n", o.dry_penalty_last_n.has_value()},
      {"dry", "--dry-sequence-breaker", !arguments.dry_sequence_breakers.empty()},
  };
  const bool has_mirostat = o.mirostat && *o.mirostat > 0;
  if (has_mirostat && arguments.samplers)
    throw error(ErrorCode::kUsage, "--samplers: --mirostat takes the stages' place");
  std::vector<std::string> stages;
  if (arguments.samplers) stages = sample::parse_stages(*arguments.samplers);
  for (const auto& [stage, option, is_given] : options) {
    if (!is_given) continue;
    if (has_mirostat && stage != "temperature") {
      throw error(ErrorCode::kUsage, "{}: --mirostat takes the place of the stage '{}'", option, stage);
    }
    if (arguments.samplers && std::ranges::find(stages, stage) == stages.end()) {
      throw error(ErrorCode::kUsage, "{}: the stage '{}' is not among the --samplers", option, stage);
    }
  }
}

}  // namespace

std::vector<Argument> sampling_arguments(SamplingArguments& arguments, std::string_view most) {
  std::vector<Argument> all = ending_arguments(arguments, most);
  for (auto group : {common_arguments, selection_arguments, repetition_arguments}) {
    for (Argument& argument : group(arguments)) all.push_back(std::move(argument));
  }
  return all;
}

GenerationOptions generation_options(const SamplingArguments& arguments) {
  GenerationOptions options;
  options.max_tokens = arguments.new_tokens.value_or(-1);
  if (options.max_tokens == 0)
    throw error(ErrorCode::kUsage, "-n: '0' is no number of tokens, expected 1 or more, or -1");
  refuse_idle_options(arguments);
  options.sampling = arguments.options;
  options.sampling.samplers = arguments.samplers;
  std::vector<std::string> breakers = arguments.dry_sequence_breakers;
  if (!breakers.empty()) {
    std::erase(breakers, "none");
    options.sampling.dry_sequence_breakers = std::move(breakers);
  }
  for (const std::string& bias : arguments.logit_bias) options.sampling.logit_bias.push_back(parse_bias(bias));
  for (const std::string& stop : arguments.stop) {
    if (stop.empty()) throw error(ErrorCode::kUsage, "--stop: an empty text would end every answer at once");
  }
  options.stop = arguments.stop;
  options.context_shift = arguments.context_shift;
  return options;
}

}  // namespace rocmforge::cli
