// Chooses the options with which a random model has what the architecture's larger models have.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

// The number of layers that includes one of every kind: with and without a window, with and without rotary positions,
// dense and with experts, recurrent and with attention, with its own keys and with shared ones.
struct LayersOfAllKinds {
  std::string_view architecture;
  int layers;
};

inline constexpr LayersOfAllKinds kLayersOfAllKinds[] = {
    {"afmoe", 4},  {"cohere2", 4}, {"deepseek2", 3},   {"exaone-moe", 4}, {"gemma-embedding", 6},
    {"gemma3", 6}, {"gemma3n", 4}, {"gemma4", 4},      {"jamba", 3},      {"kimi-linear", 3},
    {"llama4", 4}, {"mimo2", 3},   {"modern-bert", 3}, {"nemotron_h", 3}, {"nemotron_h_moe", 3},
    {"olmo2", 4},  {"rwkv6", 3},   {"smollm3", 4},
};

// Returns whether fewer than 8 experts would give groups of one.
inline bool has_expert_groups(std::string_view architecture) {
  constexpr std::string_view kGrouped[] = {"bailingmoe2", "deepseek2", "deepseek32", "glm4moe"};
  return std::ranges::find(kGrouped, architecture) != std::end(kGrouped);
}

inline RopeDivisors usual_divisors(std::string_view architecture) {
  constexpr std::string_view kLong[] = {"minicpm", "minicpm3", "phi3"};
  if (std::ranges::find(kLong, architecture) != std::end(kLong)) return RopeDivisors::kLongAndShort;
  constexpr std::string_view kOne[] = {"apertus", "exaone", "exaone4", "gemma4"};
  return std::ranges::find(kOne, architecture) != std::end(kOne) ? RopeDivisors::kOne : RopeDivisors::kNone;
}

// Returns options with layers of every kind, factors for long contexts, and groups of experts.
inline RandomModelOptions usual_options(std::string_view architecture) {
  RandomModelOptions options{.architecture = std::string(architecture)};
  const auto layers = std::ranges::find(kLayersOfAllKinds, architecture, &LayersOfAllKinds::architecture);
  if (layers != std::end(kLayersOfAllKinds)) options.layers = layers->layers;
  if (has_expert_groups(architecture)) options.experts = 8;
  options.divisors = usual_divisors(architecture);
  // Its logits are multiplied by 256 / width.
  if (architecture == "minicpm3") options.width = 64;
  return options;
}

}  // namespace rocmforge::testing
