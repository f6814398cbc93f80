#include "convert/mixes.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace rocmforge::convert {
namespace {

using enum quant::FormatId;

struct RoleOfName {
  Role role;
  std::string_view text;
  bool whole_name;
};

// The first match counts. The names of expert tensors and of an encoder's tensors contain those of the dense ones.
constexpr RoleOfName kRoles[] = {
    {Role::kOutput, "output.weight", true},
    {Role::kTokenEmbedding, "token_embd.weight", true},
    {Role::kTokenEmbedding, "per_layer_token_embd.weight", true},
    {Role::kAttnV, "attn_qkv.weight", false},
    {Role::kAttnV, "attn_kv_b.weight", false},
    {Role::kAttnV, "attn_v.weight", false},
    {Role::kAttnK, "attn_k.weight", false},
    {Role::kAttnQ, "attn_q.weight", false},
    {Role::kAttnOutput, "attn_output.weight", false},
    {Role::kFfnUp, "ffn_up", false},
    {Role::kFfnGate, "ffn_gate", false},
    {Role::kFfnDown, "ffn_down", false},
};

constexpr Rule kQ4_0Rules[] = {
    {Role::kFfnDown, {.position = Position::kFirstEighth, .imatrix = Presence::kGiven}, kQ4_1},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kUniformRules[] = {
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ5_0Rules[] = {
    {Role::kFfnDown, {.position = Position::kFirstEighth, .imatrix = Presence::kGiven}, kQ5_1},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ2_KRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kAttnV, {}, kQ3_K},
    {Role::kFfnDown, {}, kQ3_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnOutput, {.experts_not = 8, .arch_not = "falcon"}, kQ3_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ2_K_SRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kFirstEighth}, kQ4_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ3_K_SRules[] = {
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ3_K_MRules[] = {
    {Role::kAttnV, {.i_below = 2}, kQ5_K},
    {Role::kAttnV, {}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kFirstSixteenth}, kQ5_K},
    {Role::kFfnDown, {.arch_not = "falcon"}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kMoreBits}, kQ4_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnOutput, {.experts_not = 8, .arch_not = "falcon"}, kQ4_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ3_K_LRules[] = {
    {Role::kAttnV, {}, kQ5_K},
    {Role::kFfnDown, {.arch = "falcon"}, kQ4_K},
    {Role::kFfnDown, {}, kQ5_K},
    {Role::kAttnOutput, {.experts_not = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnOutput, {.arch = "falcon"}, kQ4_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ4_K_SRules[] = {
    {Role::kAttnV, {.i_below = 4}, kQ5_K},
    {Role::kFfnDown, {.position = Position::kFirstEighth, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ4_K_MRules[] = {
    {Role::kAttnV, {.position = Position::kMoreBits}, kQ6_K},
    {Role::kFfnDown, {.position = Position::kFirstSixteenth, .arch = "falcon"}, kQ6_K},
    {Role::kFfnDown, {.position = Position::kMoreBits, .arch = "falcon"}, kQ5_K},
    {Role::kFfnDown, {.position = Position::kMoreBits, .arch_not = "falcon"}, kQ6_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kQ5_K_MRules[] = {
    {Role::kAttnV, {.position = Position::kMoreBits}, kQ6_K},
    {Role::kFfnDown, {.position = Position::kMoreBits}, kQ6_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kIQ4Rules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ5_K},
    {Role::kFfnDown, {.position = Position::kFirstEighth, .imatrix = Presence::kMissing}, kQ5_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kIQ3_XXSRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kAttnV, {.imatrix = Presence::kMissing}, kIQ3_S},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
    {Role::kAttnK, {}, kIQ2_S},
    {Role::kAttnQ, {}, kIQ2_S},
    {Role::kFfnDown, {.position = Position::kFirstEighth, .imatrix = Presence::kMissing}, kQ4_K},
    {Role::kFfnDown, {.imatrix = Presence::kMissing}, kQ3_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnOutput, {.experts_not = 8, .arch_not = "falcon"}, kIQ3_S},
};

constexpr Rule kIQ3_XSRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
    {Role::kAttnK, {}, kIQ3_XXS},
    {Role::kAttnQ, {}, kIQ3_XXS},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kFfnGate, {.position = Position::kMiddle}, kIQ3_XXS},
    {Role::kFfnUp, {.position = Position::kMiddle}, kIQ3_XXS},
};

constexpr Rule kIQ3_SRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kIQ3_MRules[] = {
    {Role::kAttnV, {}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kFirstEighth}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kMoreBits, .experts = 8}, kQ4_K},
    {Role::kAttnOutput, {.experts = 8, .arch_not = "falcon"}, kQ5_K},
    {Role::kAttnOutput, {.experts_not = 8, .arch_not = "falcon"}, kQ4_K},
    {Role::kAttnK, {.experts = 8}, kQ8_0},
};

constexpr Rule kIQ2_XXSRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kAttnV, {.experts_min = 4}, kQ4_K},
    {Role::kAttnV, {}, kQ2_K},
    {Role::kAttnK, {.experts = 8}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kFirstEighth}, kQ2_K},
    {Role::kAttnOutput, {.experts = 8}, kQ5_K},
};

constexpr Rule kIQ2_SRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kAttnV, {.experts_min = 4}, kQ4_K},
    {Role::kAttnV, {}, kIQ3_S},
    {Role::kAttnK, {.experts = 8}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kFirstEighth}, kIQ3_S},
    {Role::kAttnOutput, {.experts = 8}, kQ5_K},
    {Role::kAttnOutput, {}, kIQ3_S},
};

constexpr Rule kIQ1_SRules[] = {
    {Role::kAttnV, {.gqa_min = 4}, kQ4_K},
    {Role::kAttnV, {.experts_min = 4}, kQ4_K},
    {Role::kAttnV, {}, kQ2_K},
    {Role::kAttnK, {.experts = 8}, kQ4_K},
    {Role::kFfnDown, {.position = Position::kFirstEighth}, kQ2_K},
    {Role::kAttnOutput, {.experts = 8}, kQ5_K},
    {Role::kAttnOutput, {}, kIQ2_XXS},
};

// The fields are name, file type, base, output, token embeddings, counts_always and rules.
constexpr Mix kMixes[] = {
    {"F32", 0, kF32, kF32, std::nullopt, false, {}},
    {"F16", 1, kF16, kF16, std::nullopt, false, {}},
    {"BF16", 32, kBF16, kBF16, std::nullopt, false, {}},
    {"Q4_0", 2, kQ4_0, kQ6_K, std::nullopt, false, kQ4_0Rules},
    {"Q4_1", 3, kQ4_1, kQ6_K, std::nullopt, false, kUniformRules},
    {"Q5_0", 8, kQ5_0, kQ6_K, std::nullopt, false, kQ5_0Rules},
    {"Q5_1", 9, kQ5_1, kQ6_K, std::nullopt, false, kUniformRules},
    {"Q8_0", 7, kQ8_0, kQ8_0, std::nullopt, false, kUniformRules},
    {"Q1_0", 40, kQ1_0, kQ6_K, std::nullopt, false, kUniformRules},
    {"Q2_0", 41, kQ2_0, kQ6_K, kQ4_K, false, kUniformRules},
    {"MXFP4_MOE", 38, kMXFP4, kQ8_0, std::nullopt, false, {}},
    {"Q2_K", 10, kQ2_K, kQ6_K, std::nullopt, false, kQ2_KRules},
    {"Q2_K_S", 21, kQ2_K, kQ6_K, std::nullopt, false, kQ2_K_SRules},
    {"Q3_K_S", 11, kQ3_K, kQ6_K, std::nullopt, false, kQ3_K_SRules},
    {"Q3_K_M", 12, kQ3_K, kQ6_K, std::nullopt, false, kQ3_K_MRules},
    {"Q3_K_L", 13, kQ3_K, kQ6_K, std::nullopt, false, kQ3_K_LRules},
    {"Q4_K_S", 14, kQ4_K, kQ6_K, std::nullopt, false, kQ4_K_SRules},
    {"Q4_K_M", 15, kQ4_K, kQ6_K, std::nullopt, false, kQ4_K_MRules},
    {"Q5_K_S", 16, kQ5_K, kQ6_K, std::nullopt, false, kUniformRules},
    {"Q5_K_M", 17, kQ5_K, kQ6_K, std::nullopt, false, kQ5_K_MRules},
    {"Q6_K", 18, kQ6_K, kQ6_K, std::nullopt, false, kUniformRules},
    {"IQ4_NL", 25, kIQ4_NL, kQ6_K, std::nullopt, false, kIQ4Rules},
    {"IQ4_XS", 30, kIQ4_XS, kQ6_K, std::nullopt, false, kIQ4Rules},
    {"IQ3_XXS", 23, kIQ3_XXS, kQ5_K, kIQ3_S, false, kIQ3_XXSRules},
    {"IQ3_XS", 22, kIQ3_S, kQ6_K, std::nullopt, false, kIQ3_XSRules},
    {"IQ3_S", 26, kIQ3_S, kQ6_K, std::nullopt, false, kIQ3_SRules},
    {"IQ3_M", 27, kIQ3_S, kQ6_K, std::nullopt, false, kIQ3_MRules},
    {"IQ2_XXS", 19, kIQ2_XXS, kQ5_K, kQ2_K, true, kIQ2_XXSRules},
    {"IQ2_XS", 20, kIQ2_XS, kQ5_K, kQ2_K, true, kIQ2_XXSRules},
    {"IQ2_S", 28, kIQ2_XS, kQ5_K, kIQ3_S, true, kIQ2_SRules},
    {"IQ2_M", 29, kIQ2_S, kQ5_K, kIQ3_S, true, kIQ2_SRules},
    {"IQ1_S", 24, kIQ1_S, kQ5_K, kQ2_K, true, kIQ1_SRules},
    {"IQ1_M", 31, kIQ1_M, kQ5_K, kQ2_K, true, kIQ1_SRules},
    {"TQ1_0", 36, kTQ1_0, kQ6_K, kQ4_K, false, kUniformRules},
    {"TQ2_0", 37, kTQ2_0, kQ6_K, kQ4_K, false, kUniformRules},
};

struct Alias {
  std::string_view name;
  std::string_view mix;
};
constexpr Alias kAliases[] = {{"Q3_K", "Q3_K_M"}, {"Q4_K", "Q4_K_M"}, {"Q5_K", "Q5_K_M"}};

struct Fallback {
  quant::FormatId from;
  quant::FormatId to;
};
constexpr Fallback kFallbacks[] = {
    {kIQ1_S, kIQ4_NL}, {kIQ1_M, kIQ4_NL},   {kIQ2_XXS, kIQ4_NL}, {kIQ2_XS, kIQ4_NL},
    {kIQ2_S, kIQ4_NL}, {kIQ3_XXS, kIQ4_NL}, {kIQ3_S, kIQ4_NL},   {kIQ4_XS, kIQ4_NL},
    {kQ2_0, kQ4_0},    {kQ2_K, kQ4_0},      {kQ3_K, kQ4_0},      {kTQ1_0, kQ4_0},
    {kTQ2_0, kQ4_0},   {kQ4_K, kQ5_0},      {kQ5_K, kQ5_1},      {kQ6_K, kQ8_0},
};

}  // namespace

Role role_of(std::string_view tensor_name) {
  const auto fits = [&](const RoleOfName& entry) {
    return entry.whole_name ? tensor_name == entry.text : tensor_name.find(entry.text) != std::string_view::npos;
  };
  const auto found = std::ranges::find_if(kRoles, fits);
  return found == std::end(kRoles) ? Role::kOther : found->role;
}

bool stands_at(Position position, int i, int n) {
  const bool first_eighth = i < n / 8;
  const bool last_eighth = i >= 7 * n / 8;
  switch (position) {
    case Position::kAny: return true;
    case Position::kFirstEighth: return first_eighth;
    case Position::kFirstSixteenth: return i < n / 16;
    case Position::kMiddle: return !first_eighth && !last_eighth;
    case Position::kMoreBits: return first_eighth || last_eighth || (i - n / 8) % 3 == 2;
  }
  return false;
}

std::span<const Mix> mixes() { return kMixes; }

const Mix* find_mix(std::string_view name) {
  for (const Alias& alias : kAliases) {
    if (equal_ignoring_case(alias.name, name)) name = alias.mix;
  }
  const auto found = std::ranges::find_if(kMixes, [&](const Mix& mix) { return equal_ignoring_case(mix.name, name); });
  if (found != std::end(kMixes)) return &*found;
  std::uint32_t file_type = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), file_type);
  const bool is_number = failure == std::errc() && end == name.data() + name.size();
  return is_number ? find_mix_of_file_type(file_type) : nullptr;
}

const Mix* find_mix_of_file_type(std::uint32_t file_type) {
  const auto found = std::ranges::find(kMixes, file_type, &Mix::file_type);
  return found == std::end(kMixes) ? nullptr : &*found;
}

std::optional<quant::FormatId> fallback_of(quant::FormatId format) {
  const auto found = std::ranges::find(kFallbacks, format, &Fallback::from);
  return found == std::end(kFallbacks) ? std::nullopt : std::optional(found->to);
}

}  // namespace rocmforge::convert
