// Limits of what a GGUF file may contain. Real files stay far below them. They bound the time and memory of reading a
// header, whatever it claims. Input of the writer must keep to them, too.
#pragma once

#include <cstdint>

namespace rocmforge::gguf {

inline constexpr std::uint32_t kOldestVersion = 2;
inline constexpr std::uint32_t kNewestVersion = 3;

inline constexpr std::uint64_t kMaxKeys = 65'536;
inline constexpr std::uint64_t kMaxTensors = 262'144;
inline constexpr std::uint64_t kMaxHeaderBytes = 256u << 20;
inline constexpr std::uint64_t kMaxKeyBytes = 65'535;  // the format's own limit
inline constexpr std::uint64_t kMaxTensorNameBytes = 256;
inline constexpr std::uint64_t kMaxStringBytes = 64u << 20;
inline constexpr std::uint64_t kMaxArrayItems = 4u << 20;       // strings and inner arrays in all arrays of a file
inline constexpr std::uint64_t kMaxConvertedItems = 16u << 20;  // elements of one array that is converted to a vector
inline constexpr int kMaxArrayDepth = 8;
inline constexpr int kMaxDimensions = 4;
inline constexpr std::uint64_t kMaxParts = 1024;

inline constexpr std::uint64_t kDefaultAlignment = 32;
inline constexpr std::uint64_t kSmallestAlignment = 8;
inline constexpr std::uint64_t kMaxAlignment = 1u << 20;

// The keys that the file format itself defines.
inline constexpr const char* kAlignmentKey = "general.alignment";
inline constexpr const char* kSplitNumberKey = "split.no";
inline constexpr const char* kSplitCountKey = "split.count";
inline constexpr const char* kSplitTensorsKey = "split.tensors.count";

}  // namespace rocmforge::gguf
