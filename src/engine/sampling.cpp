#include "engine/sampling.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace rocmforge::engine {
namespace {

constexpr std::string_view kPrefix = "general.sampling.";
constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr std::size_t kMostBreakers = 100;
constexpr std::size_t kMostBreakerBytes = 40;
constexpr std::size_t kMostBreakerTokens = 20;
constexpr std::size_t kMostSequences = std::size_t{1} << 20;
constexpr std::size_t kMostKnown = 8;

// Returns the number at the beginning of a text and ignores the rest.
std::optional<double> leading_number(std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;
  return number;
}

std::optional<double> as_number(const gguf::Value& value) {
  if (value.type() == gguf::ValueType::kString) return leading_number(value.string());
  if (value.type() == gguf::ValueType::kBool) return value.boolean() ? 1 : 0;
  if (value.type() == gguf::ValueType::kArray) return std::nullopt;
  return gguf::visit_number_type(value.type(), [&]<typename T>(std::type_identity<T>) {
    return std::optional<double>(static_cast<double>(value.number<T>()));
  });
}

class Recommendations {
 public:
  explicit Recommendations(const gguf::Metadata& metadata) : metadata_(metadata) {}

  void read(std::string_view name, std::optional<float>& into) const {
    if (const auto number = find(name)) into = static_cast<float>(*number);
  }
  void read(std::string_view name, std::optional<int>& into) const {
    const auto number = find(name);
    if (!number) return;
    constexpr double kMost = std::numeric_limits<int>::max();
    if (std::fabs(*number) > kMost) return ignore(name);
    into = static_cast<int>(*number);
  }
  // Reads the known stages and logs a warning about unknown ones.
  void read_stages(std::string_view name, std::optional<std::string>& into) const {
    const gguf::Value* value = metadata_.value(key(name));
    if (value == nullptr) return;
    if (value->type() != gguf::ValueType::kString || value->string().empty()) return ignore(name);
    std::vector<std::string> unknown;
    std::string known;
    try {
      for (const std::string& stage : sample::parse_stages(value->string(), &unknown)) {
        if (!known.empty()) known += ';';
        known += stage;
      }
    } catch (const Error& error) {
      log::warning("{}: {}: {}; it is ignored", metadata_.file(), key(name), error.message());
      return;
    }
    if (!unknown.empty()) {
      log::warning("{}: {}: there is no stage '{}', which is left out", metadata_.file(), key(name),
                   printable(unknown.front()));
    }
    if (!known.empty()) into = std::move(known);
  }

 private:
  static std::string key(std::string_view name) { return std::string(kPrefix).append(name); }

  void ignore(std::string_view name) const {
    log::warning("{}: {} is not a usable number and is ignored", metadata_.file(), key(name));
  }

  std::optional<double> find(std::string_view name) const {
    const gguf::Value* value = metadata_.value(key(name));
    if (value == nullptr) return std::nullopt;
    const auto number = as_number(*value);
    if (!number || !std::isfinite(*number)) {
      ignore(name);
      return std::nullopt;
    }
    return number;
  }

  const gguf::Metadata& metadata_;
};

std::uint64_t random_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

// Adds all token sequences that contain the breaker: single tokens with it inside, and tokens that end with its
// beginning, followed by the tokens of its rest.
void add_breaker(std::string_view breaker, const text::Tokenizer& tokenizer,
                 std::vector<std::vector<text::TokenId>>& breakers) {
  breaker = breaker.substr(0, kMostBreakerBytes);
  const text::EncodeOptions plain{.add_special = text::AddSpecial::kNo};
  std::vector<std::vector<text::TokenId>> tails;  // by number of bytes in the first token: the tokens of the rest
  for (std::size_t begun = 0; begun < breaker.size(); ++begun) {
    tails.push_back(tokenizer.encode(breaker.substr(begun), plain));
  }
  for (std::size_t id = 0; id < tokenizer.vocabulary().size() && breakers.size() < kMostSequences; ++id) {
    const auto token = static_cast<text::TokenId>(id);
    const std::string_view bytes = tokenizer.bytes(token);
    if (bytes.find(breaker) != std::string_view::npos) {
      breakers.push_back({token});
      continue;
    }
    for (std::size_t begun = std::min(breaker.size() - 1, bytes.size()); begun > 0; --begun) {
      if (!bytes.ends_with(breaker.substr(0, begun))) continue;
      std::vector<text::TokenId>& sequence = breakers.emplace_back(1, token);
      sequence.insert(sequence.end(), tails[begun].begin(), tails[begun].end());
      if (sequence.size() > kMostBreakerTokens) sequence.resize(kMostBreakerTokens);
    }
  }
}

sample::Settings merged(const SamplingOptions& wishes, const SamplingOptions& recommended) {
  sample::Settings settings;
  const auto take = [&](auto option, auto& setting) {
    if (wishes.*option) {
      setting = *(wishes.*option);
    } else if (recommended.*option) {
      setting = *(recommended.*option);
    }
  };
  std::string stages(sample::kDefaultStages);
  take(&SamplingOptions::samplers, stages);
  settings.stages = sample::parse_stages(stages);
  take(&SamplingOptions::temperature, settings.temperature);
  take(&SamplingOptions::dynatemp_range, settings.dynatemp_range);
  take(&SamplingOptions::dynatemp_exponent, settings.dynatemp_exponent);
  take(&SamplingOptions::top_k, settings.top_k);
  take(&SamplingOptions::top_p, settings.top_p);
  take(&SamplingOptions::min_p, settings.min_p);
  take(&SamplingOptions::typical_p, settings.typical_p);
  take(&SamplingOptions::top_n_sigma, settings.top_n_sigma);
  take(&SamplingOptions::xtc_probability, settings.xtc_probability);
  take(&SamplingOptions::xtc_threshold, settings.xtc_threshold);
  take(&SamplingOptions::min_keep, settings.min_keep);
  take(&SamplingOptions::penalty_last_n, settings.penalty_last_n);
  take(&SamplingOptions::repeat_penalty, settings.repeat_penalty);
  take(&SamplingOptions::frequency_penalty, settings.frequency_penalty);
  take(&SamplingOptions::presence_penalty, settings.presence_penalty);
  take(&SamplingOptions::dry_multiplier, settings.dry_multiplier);
  take(&SamplingOptions::dry_base, settings.dry_base);
  take(&SamplingOptions::dry_allowed_length, settings.dry_allowed_length);
  take(&SamplingOptions::dry_penalty_last_n, settings.dry_penalty_last_n);
  take(&SamplingOptions::mirostat, settings.mirostat);
  take(&SamplingOptions::mirostat_tau, settings.mirostat_tau);
  take(&SamplingOptions::mirostat_eta, settings.mirostat_eta);
  return settings;
}

// Drops a recommendation that would be an error as a user's option.
template <typename T>
void drop_if_senseless(const gguf::Metadata& metadata, SamplingOptions& recommended,
                       std::optional<T> SamplingOptions::* option) {
  SamplingOptions alone;
  alone.*option = recommended.*option;
  try {
    sample::check(merged({}, alone));
  } catch (const Error& error) {
    log::warning("{}: {}*: {}; it is ignored", metadata.file(), kPrefix, error.message());
    (recommended.*option).reset();
  }
}

void add_biases(const SamplingOptions& wishes, const SamplingOptions& recommended, const text::Tokenizer* tokenizer,
                int vocabulary, sample::Settings& settings) {
  settings.logit_bias = recommended.logit_bias;
  if (wishes.logit_bias.size() > static_cast<std::size_t>(vocabulary)) {
    throw error(ErrorCode::kUsage, "logit_bias: {} of them, but the model has {} tokens", wishes.logit_bias.size(),
                vocabulary);
  }
  for (const auto& [token, bias] : wishes.logit_bias) {
    if (token < 0 || token >= vocabulary) {
      throw error(ErrorCode::kUsage, "logit_bias: token {}, but the model has {}: 0 to {}", token, vocabulary,
                  vocabulary - 1);
    }
    settings.logit_bias.emplace_back(token, bias);
  }
  if (!wishes.ignore_eos || tokenizer == nullptr) return;
  for (text::TokenId token = 0; token < vocabulary; ++token) {
    if (tokenizer->vocabulary().ends_generation(token)) {
      settings.logit_bias.emplace_back(token, kNever);
    }
  }
}

}  // namespace

sample::Breakers DryBreakers::find(const std::vector<std::string>& texts, const text::Tokenizer& tokenizer) {
  if (texts.size() > kMostBreakers) {
    throw error(ErrorCode::kUsage, "dry_sequence_breakers: {}, expected at most {}", texts.size(), kMostBreakers);
  }
  const std::set<std::string> different(texts.begin(), texts.end());
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(known_, different, &Known::texts);
  if (found != known_.end()) {
    std::rotate(found, found + 1, known_.end());
    return known_.back().breakers;
  }
  std::vector<std::vector<text::TokenId>> sequences;
  for (const std::string& text : different) {
    if (!text.empty()) add_breaker(text, tokenizer, sequences);
  }
  if (known_.size() == kMostKnown) known_.erase(known_.begin());
  known_.push_back({different, sample::Breakers(std::move(sequences))});
  return known_.back().breakers;
}

SamplingOptions recommended_sampling(const gguf::Metadata& metadata, int vocabulary) {
  const Recommendations file(metadata);
  SamplingOptions options;
  file.read_stages("sequence", options.samplers);
  file.read("top_k", options.top_k);
  file.read("top_p", options.top_p);
  file.read("min_p", options.min_p);
  file.read("xtc_probability", options.xtc_probability);
  file.read("xtc_threshold", options.xtc_threshold);
  file.read("temp", options.temperature);
  file.read("penalty_last_n", options.penalty_last_n);
  file.read("penalty_repeat", options.repeat_penalty);
  file.read("mirostat", options.mirostat);
  file.read("mirostat_tau", options.mirostat_tau);
  file.read("mirostat_eta", options.mirostat_eta);
  // In files any number beyond the limit also means "off".
  if (options.top_k) options.top_k = std::max(0, *options.top_k);
  if (options.min_p) options.min_p = std::max(0.0f, *options.min_p);
  if (options.xtc_probability) options.xtc_probability = std::max(0.0f, *options.xtc_probability);
  if (options.top_p) options.top_p = std::min(1.0f, *options.top_p);
  if (options.xtc_threshold) options.xtc_threshold = std::min(1.0f, *options.xtc_threshold);
  const auto drop_senseless = [&](auto... all) { (drop_if_senseless(metadata, options, all), ...); };
  using S = SamplingOptions;
  drop_senseless(&S::samplers, &S::top_k, &S::top_p, &S::min_p, &S::xtc_probability, &S::xtc_threshold, &S::temperature,
                 &S::penalty_last_n, &S::repeat_penalty, &S::mirostat, &S::mirostat_tau, &S::mirostat_eta);
  const auto suppressed = metadata.find<std::vector<std::int32_t>>("tokenizer.ggml.suppress_tokens");
  for (const std::int32_t token : suppressed.value_or(std::vector<std::int32_t>())) {
    if (token >= 0 && token < vocabulary) options.logit_bias.emplace_back(token, kNever);
  }
  return options;
}

sample::Settings resolve_sampling(const SamplingOptions& wishes, const SamplingOptions& recommended,
                                  const text::Tokenizer* tokenizer, int vocabulary, DryBreakers& breakers) {
  sample::Settings settings = merged(wishes, recommended);
  settings.seed = wishes.seed ? *wishes.seed : random_seed();
  add_biases(wishes, recommended, tokenizer, vocabulary, settings);
  sample::check(settings);
  if (settings.dry_multiplier > 0 && tokenizer != nullptr) {
    const std::vector<std::string> usual = {"\n", ":", "\"", "*"};
    settings.dry_breakers = breakers.find(wishes.dry_sequence_breakers.value_or(usual), *tokenizer);
  }
  return settings;
}

}  // namespace rocmforge::engine
