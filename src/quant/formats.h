// The table of all formats that a tensor can be stored in.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rocmforge::quant {

// Type ids as in the GGUF specification; ids from 1001 on are this program's own and will never change.
enum class FormatId : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kQ8_K = 15,
  kIQ2_XXS = 16,
  kIQ2_XS = 17,
  kIQ3_XXS = 18,
  kIQ1_S = 19,
  kIQ4_NL = 20,
  kIQ3_S = 21,
  kIQ2_S = 22,
  kIQ4_XS = 23,
  kI8 = 24,
  kI16 = 25,
  kI32 = 26,
  kI64 = 27,
  kF64 = 28,
  kIQ1_M = 29,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kMXFP4 = 39,
  kNVFP4 = 40,
  kQ1_0 = 41,
  kQ2_0 = 42,
  kMXFP6_E2M3 = 1001,
  kMXFP6_E3M2 = 1002,
  kFP8_E4M3 = 1003,
  kFP8_E5M2 = 1004,
};

// An encoder's error weight for importance q and value x is q * sqrt(s + x²). The formats differ in s.
enum class WeightRule {
  kIgnored,          // the importance is not used
  kImportanceAlone,  // the weight is q
  kRowMean,          // s is the mean of x² over the row
  kBlockMean,        // s is the mean of x² over the block
  kTwiceBlockMean,   // s is twice the mean of x² over the block
};

struct Format {
  FormatId id;
  std::string_view name;
  std::uint32_t block_values;
  std::uint32_t block_bytes;
  WeightRule weight_rule;
  bool has_encoder;
  bool needs_importance;  // has too few bits to be useful without an importance matrix

  double bits_per_value() const { return 8.0 * block_bytes / block_values; }
  // Returns whether only this program can read the format.
  bool is_our_own() const { return static_cast<std::uint32_t>(id) > 1000; }
  bool is_integer() const { return id >= FormatId::kI8 && id <= FormatId::kI64; }
  // Returns whether the format is F32, F16, BF16 or F64, which can be quantized without accumulating a second rounding
  // error.
  bool is_plain_float() const {
    return id == FormatId::kF32 || id == FormatId::kF16 || id == FormatId::kBF16 || id == FormatId::kF64;
  }
};

// Returns all formats, in the order of their ids.
std::span<const Format> formats();

// Return nullptr if there is no such format. Names are compared ignoring case.
const Format* find_format(std::uint32_t id);
const Format* find_format(std::string_view name);

const Format& format_of(FormatId id);

}  // namespace rocmforge::quant
