#include "sample/sampler.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "sample/candidates.h"
#include "sample/draw.h"
#include "sample/mirostat.h"
#include "sample/random.h"
#include "sample/stages.h"

namespace rocmforge::sample {
namespace {

using Chain = std::vector<std::unique_ptr<Stage>>;

Chain make_chain(const Settings& settings, int vocabulary) {
  Chain chain;
  const auto add = [&](std::string_view name) {
    const StageEntry* const entry = find_stage(name);
    RF_CHECK(entry != nullptr);
    if (auto stage = entry->make(settings, vocabulary)) chain.push_back(std::move(stage));
  };
  if (settings.mirostat != 0) {
    add("temperature");
  } else {
    for (const std::string& name : settings.stages) add(name);
  }
  return chain;
}

// If a stage keeps only the likeliest token, ends the chain before it and drops the stages that would not change which
// token that is. Returns whether there is such a stage.
bool cut_to_likeliest(Chain& chain) {
  const auto last = std::find_if(chain.begin(), chain.end(),
                                 [](const auto& stage) { return stage->effect() == Stage::Effect::kOnlyLikeliest; });
  if (last == chain.end()) return false;
  chain.erase(last, chain.end());
  std::erase_if(chain, [](const auto& stage) { return stage->effect() == Stage::Effect::kKeepsLikeliest; });
  return true;
}

}  // namespace

// Random numbers are used in this order at every step: one by each enabled xtc stage, then one for the draw. If the
// likeliest token is taken, there is no draw.
struct Sampler::State {
  State(const Settings& settings, int vocabulary_size, Candidates* space)
      : vocabulary(vocabulary_size),
        random(settings.seed),
        chain(make_chain(settings, vocabulary)),
        takes_likeliest(cut_to_likeliest(chain)),
        bias(settings.logit_bias) {
    if (!takes_likeliest && settings.mirostat != 0) mirostat.emplace(settings);
    if (reads_logits_only()) return;
    candidates = space != nullptr ? space : &own_candidates.emplace(vocabulary);
  }

  bool reads_logits_only() const { return takes_likeliest && chain.empty() && bias.empty(); }

  TokenId draw(std::span<const float> logits) {
    if (reads_logits_only()) return likeliest_token(logits);
    candidates->assign(logits);
    for (const auto& [token, change] : bias) {
      if (change == kImpossible) {
        candidates->forbid(token);
      } else {
        candidates->change(token, [&](float logit) { return logit + change; });
      }
    }
    for (const auto& stage : chain) stage->apply(*candidates, random);
    const int position = draw_candidate();
    return position == kNone ? kNothing : candidates->token(position);
  }

  int draw_candidate() {
    if (candidates->largest_logit() == kImpossible) return kNone;
    if (takes_likeliest) return candidates->likeliest(1).front().position;
    return mirostat ? mirostat->draw(*candidates, random) : draw_position(*candidates, random);
  }

  int vocabulary;
  Random random;
  Chain chain;
  bool takes_likeliest;
  std::vector<std::pair<TokenId, float>> bias;
  std::optional<Mirostat> mirostat;  // replaces the plain draw
  std::optional<Candidates> own_candidates;
  Candidates* candidates = nullptr;  // nullptr if the logits alone decide
};

Sampler::Sampler(const Settings& settings, int vocabulary, Candidates* space)
    : state_(std::make_unique<State>(settings, vocabulary, space)) {}
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;
Sampler::~Sampler() = default;

std::uint64_t Sampler::stage_bytes(int vocabulary) {
  std::uint64_t bytes = 0;
  for (const StageEntry& stage : stages()) bytes += stage.bytes != nullptr ? stage.bytes(vocabulary) : 0;
  return bytes;
}

void Sampler::remember(TokenId token) {
  RF_CHECK(token >= 0 && token < state_->vocabulary);
  for (const auto& stage : state_->chain) stage->remember(token);
}

TokenId Sampler::draw(std::span<const float> logits) {
  RF_CHECK(static_cast<int>(logits.size()) == state_->vocabulary);
  const TokenId token = state_->draw(logits);
  if (token != kNothing) remember(token);
  return token;
}

}  // namespace rocmforge::sample
