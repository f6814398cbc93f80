// The named mixes of llama.cpp (Q4_K_M, IQ3_XS …): which format each tensor of a model gets, as data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "quant/formats.h"

namespace rocmforge::convert {

// What a tensor is in the model, as far as mixes care. The fused and the expert tensors have the role of the dense
// ones.
enum class Role { kOutput, kTokenEmbedding, kAttnV, kAttnK, kAttnQ, kAttnOutput, kFfnUp, kFfnGate, kFfnDown, kOther };

Role role_of(std::string_view tensor_name);

// Where among the n tensors of its role a tensor stands.
enum class Position { kAny, kFirstEighth, kFirstSixteenth, kMiddle, kMoreBits };

bool stands_at(Position position, int i, int n);

enum class Presence { kEither, kGiven, kMissing };

// All that is set must hold.
struct Condition {
  Position position = Position::kAny;
  std::optional<int> i_below = {};
  std::optional<int> gqa_min = {};  // query heads a key head
  std::optional<int> experts = {};
  std::optional<int> experts_min = {};
  std::optional<int> experts_not = {};
  Presence imatrix = Presence::kEither;
  std::string_view arch = {};
  std::string_view arch_not = {};
};

// The first rule of a mix that fits a tensor gives its format; where none does it gets the base.
struct Rule {
  Role role;
  Condition when;
  quant::FormatId format;
};

struct Mix {
  std::string_view name;
  std::uint32_t file_type;  // general.file_type
  quant::FormatId base;
  quant::FormatId output;  // of output.weight, and of the token embeddings where they are tied to it
  std::optional<quant::FormatId> token_embedding;  // of others; none: the base
  bool counts_always;                              // see role_index in quantize_plan.cpp
  std::span<const Rule> rules;
};

std::span<const Mix> mixes();

// By name without regard to case, by the aliases Q3_K, Q4_K and Q5_K, or by the number of the file type.
const Mix* find_mix(std::string_view name);

// The mix that a file says it is.
const Mix* find_mix_of_file_type(std::uint32_t file_type);

// What a format that cannot hold a row length gives way to; nullopt: to F16.
std::optional<quant::FormatId> fallback_of(quant::FormatId format);

}  // namespace rocmforge::convert
