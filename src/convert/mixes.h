// Defines the named mixes of llama.cpp (Q4_K_M, IQ3_XS …) as data: the format of each tensor of a model.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "quant/formats.h"

namespace rocmforge::convert {

// The role of a tensor in the model, as far as mixes distinguish them. Fused tensors and expert tensors have the role
// of the dense ones.
enum class Role { kOutput, kTokenEmbedding, kAttnV, kAttnK, kAttnQ, kAttnOutput, kFfnUp, kFfnGate, kFfnDown, kOther };

Role role_of(std::string_view tensor_name);

// The position of a tensor among the n tensors of its role.
enum class Position { kAny, kFirstEighth, kFirstSixteenth, kMiddle, kMoreBits };

bool stands_at(Position position, int i, int n);

enum class Presence { kEither, kGiven, kMissing };

// A condition of a rule; everything that is set must hold.
struct Condition {
  Position position = Position::kAny;
  std::optional<int> i_below = {};
  std::optional<int> gqa_min = {};  // query heads per key head
  std::optional<int> experts = {};
  std::optional<int> experts_min = {};
  std::optional<int> experts_not = {};
  Presence imatrix = Presence::kEither;
  std::string_view arch = {};
  std::string_view arch_not = {};
};

// A rule of a mix. The first rule that matches a tensor gives its format; a tensor without a matching rule gets the
// base format.
struct Rule {
  Role role;
  Condition when;
  quant::FormatId format;
};

struct Mix {
  std::string_view name;
  std::uint32_t file_type;  // general.file_type
  quant::FormatId base;
  quant::FormatId output;  // of output.weight, and of the token embeddings if they are tied to it
  std::optional<quant::FormatId> token_embedding;  // of untied token embeddings; if not set, the base format
  bool counts_always;                              // see role_index in quantize_plan.cpp
  std::span<const Rule> rules;
};

std::span<const Mix> mixes();

// Finds a mix by its name, ignoring case, by the aliases Q3_K, Q4_K and Q5_K, or by the number of its file type.
const Mix* find_mix(std::string_view name);

// Returns the mix with this `general.file_type`, or nullptr.
const Mix* find_mix_of_file_type(std::uint32_t file_type);

// Returns the replacement of a format that cannot hold a row length; nullopt means F16.
std::optional<quant::FormatId> fallback_of(quant::FormatId format);

}  // namespace rocmforge::convert
