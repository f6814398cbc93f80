// The memory of cached keys, values and states: its size, and which part of it each layer uses on its backend. Which
// block holds which tokens is decided in kv/.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/layer.h"

namespace rocmforge::models {

// Layers that see the same positions and therefore share block numbers.
struct CacheGroup {
  int window = 0;  // 0: all positions
  std::vector<int> layers;
};

// Which layers need which kind of cache.
struct CacheLayout {
  std::vector<CacheGroup> groups;
  std::vector<int> recurrent_layers;
  std::vector<int> cross_attention_layers;  // layers with cross attention to the encoder's output
  bool is_shared = false;  // an encoder's layers all use the same memory: none needs it longer than it runs
};

CacheLayout cache_layout(const DecoderSpec& spec);

// The number of values that a sequence keeps in one layer.
struct LayerCache {
  std::uint64_t values_per_token = 0;  // of the layer's own keys and values
  std::uint64_t state_values = 0;      // independent of the length
  int window = 0;                      // 0: none
};

LayerCache layer_cache(const DecoderSpec& spec, const LayerSpec& layer);

struct CacheFormats {
  const quant::Format* keys = nullptr;
  const quant::Format* values = nullptr;
};

// Return the bytes of one block of a group over all its layers, and of one sequence's states.
std::uint64_t block_bytes(const DecoderSpec& spec, const CacheGroup& group, const CacheFormats& formats,
                          int block_tokens, bool is_shared);
std::uint64_t state_bytes(const DecoderSpec& spec);
// Returns the bytes of one sequence's cross-attention keys and values for `positions` positions of encoder output.
std::uint64_t source_bytes(const DecoderSpec& spec, const CacheFormats& formats, int positions);

struct CacheSizes {
  int block_tokens = 0;
  std::vector<int> blocks;  // of each group
  int state_slots = 0;
  int source_tokens = 0;  // positions of encoder output per sequence
  int source_slots = 0;   // one block of source_tokens for each sequence, in a group after all others
};

class CacheMemory {
 public:
  // Allocates the caches and gives every layer its views. Throws Error if a backend has not enough memory.
  CacheMemory(const DecoderSpec& spec, const CacheLayout& layout, const CacheFormats& formats, const CacheSizes& sizes,
              std::span<Layer> layers);

  std::uint64_t bytes() const { return bytes_; }

  void copy_block(int group, std::int32_t from, std::int32_t to);
  void copy_state(std::int32_t from, std::int32_t to);
  // Sets the state to zero, as before a sequence's first token.
  void clear_state(std::int32_t slot);

 private:
  std::byte* allocate(ops::Backend& backend, std::uint64_t bytes);
  void place_cache(const LayerSpec& spec, const CacheFormats& formats, int group, int blocks, Layer& layer);
  void share_caches(const DecoderSpec& spec);
  void place_sources(const DecoderSpec& spec, const CacheFormats& formats, const CacheSizes& sizes);
  ops::StateView place_state(std::int64_t convolution, std::int64_t recurrent, std::uint64_t slots,
                             ops::Backend& backend);
  static void copy_rows(ops::Backend& backend, const ops::PagedKvView& view, std::int32_t from, std::int32_t to);
  template <typename Visit>
  void for_each_state(Visit visit);

  CacheLayout layout_;
  int block_tokens_ = 0;
  std::span<Layer> layers_;
  std::vector<std::unique_ptr<ops::Buffer>> buffers_;
  std::vector<std::byte> zeros_;
  std::uint64_t bytes_ = 0;
};

}  // namespace rocmforge::models
