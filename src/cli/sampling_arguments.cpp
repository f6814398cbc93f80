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

// Where a generation ends, and what else is no matter of chance.
std::vector<Argument> ending_arguments(SamplingArguments& a, std::string_view most) {
  return {
      {.names = "-n",
       .value = "N",
       .help = fmt::format("At most so many new tokens, -1 for no limit; {} if not given", most),
       .place = Bounded<int>{&a.new_tokens, -1, kMany}},
      {.names = "--stop",
       .value = "TEXT",
       .help = "Ends at this text, which is left out; repeatable",
       .place = &a.stop},
      {.names = "--context-shift",
       .value = "",
       .help = "Forget the oldest half when the context is full, and go on",
       .place = &a.context_shift},
      {.names = "--ignore-eos", .value = "", .help = "Never end by the model's will", .place = &a.options.ignore_eos},
      {.names = "--logit-bias",
       .value = "ID+BIAS",
       .help = "Makes a token likelier (15043+1), less likely (15043-1) or impossible (15043-inf); repeatable",
       .place = &a.logit_bias},
  };
}

std::vector<Argument> common_arguments(SamplingArguments& a) {
  SamplingOptions& o = a.options;
  return {
      number("--seed", "N", "The same seed draws the same tokens; another one each time if not given",
             Bounded<std::uint64_t>{&o.seed, 0, std::numeric_limits<std::uint64_t>::max()}),
      real("--temp", "T", "How freely to draw; 0 takes the likeliest; 0.8", o.temperature, 0, 1000),
      whole("--top-k", "Among the N likeliest; 0 is off; 40", o.top_k, 0, kMany),
      real("--top-p", "P", "Among the likeliest with this probability together; 1 is off; 0.95", o.top_p, 0, 1),
      real("--min-p", "P", "Those with this share of the likeliest's probability; 0 is off; 0.05", o.min_p, 0, 1),
      {.names = "--samplers",
       .value = "LIST",
       .help = "The stages in order; penalties;dry;top_n_sigma;top_k;typ_p; top_p;min_p;xtc;temperature",
       .place = &a.samplers,
       .group = "Sampling"},
  };
}

std::vector<Argument> selection_arguments(SamplingArguments& a) {
  SamplingOptions& o = a.options;
  return {
      real("--typical", "P", "Locally typical sampling; 1 is off", o.typical_p, 0, 1),
      real("--top-n-sigma", "N", "Within N deviations of the greatest logit; 0 is off", o.top_n_sigma, 0, 1000),
      real("--xtc-probability", "P", "The chance to drop all likely tokens but the last; 0 is off", o.xtc_probability,
           0, 1),
      real("--xtc-threshold", "P", "From what probability on a token is likely; 0.1", o.xtc_threshold, 0, 1),
      real("--dynatemp-range", "R", "The temperature moves by as much with the entropy; 0 is off", o.dynatemp_range, 0,
           1000),
      real("--dynatemp-exp", "E", "And by this power of it; 1", o.dynatemp_exponent, 0, 1000),
      whole("--min-keep", "At least so many tokens are left to draw from; 1", o.min_keep, 0, kMany),
      whole("--mirostat", "1 or 2 in place of the stages; 0 is off", o.mirostat, 0, 2),
      real("--mirostat-ent", "T", "The surprise that Mirostat aims at; 5", o.mirostat_tau, 0, 1000),
      real("--mirostat-lr", "E", "How fast it gets there; 0.1", o.mirostat_eta, 0, 1),
  };
}

std::vector<Argument> repetition_arguments(SamplingArguments& a) {
  SamplingOptions& o = a.options;
  return {
      whole("--repeat-last-n", "How far back penalties look; 0 is off, -1 everything; 64", o.penalty_last_n, -1, kMany),
      real("--repeat-penalty", "X", "Divides what was said before; 1 is off", o.repeat_penalty, 0, 1000),
      real("--presence-penalty", "X", "Taken off what was said before; 0 is off", o.presence_penalty, -kAnyFloat,
           kAnyFloat),
      real("--frequency-penalty", "X", "Taken off for each time it was said; 0 is off", o.frequency_penalty, -kAnyFloat,
           kAnyFloat),
      real("--dry-multiplier", "X", "DRY, against repeated sequences; 0 is off", o.dry_multiplier, 0, kAnyFloat),
      real("--dry-base", "X", "Grows with the length to this power; 1.75", o.dry_base, 0, kAnyFloat),
      whole("--dry-allowed-length", "Sequences so long are free; 2", o.dry_allowed_length, 0, kMany),
      whole("--dry-penalty-last-n", "How far back DRY looks; 0 is off, -1 everything; 64", o.dry_penalty_last_n, -1,
            kMany),
      {.names = "--dry-sequence-breaker",
       .value = "TEXT",
       .help = "Where a sequence ends, in place of line feed, colon, quote and star; repeatable; none: nowhere",
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

// An option of a stage that does not run would do nothing.
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
  if (has_mirostat && arguments.samplers) throw error(ErrorCode::kUsage, "--samplers: --mirostat takes the stages' place");
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
