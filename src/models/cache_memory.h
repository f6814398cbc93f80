// The memory of cached keys, values and states: where each layer's are, how large, and on which backend. Which block
// holds what is kv/'s to know.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/layer.h"

namespace rocmforge::models {

// Layers that see the same positions share their blocks' numbers.
struct CacheGroup {
  int window = 0;  // 0: all positions
  std::vector<int> layers;
};

// Layers of an encoder all have the same memory: none needs it for longer than it runs.
struct CacheLayout {
  std::vector<CacheGroup> groups;
  std::vector<int> recurrent_layers;
  std::vector<int> cross_attention_layers;  // that have keys and values of what an encoder made
  bool is_shared = false;
};

CacheLayout cache_layout(const DecoderSpec& spec);

// What a sequence keeps in one layer, in numbers.
struct LayerCache {
  std::uint64_t values_per_token = 0;  // keys and values of its own
  std::uint64_t state_values = 0;      // whatever the length
  int window = 0;                      // 0: none
};

LayerCache layer_cache(const DecoderSpec& spec, const LayerSpec& layer);

struct CacheFormats {
  const quant::Format* keys = nullptr;
  const quant::Format* values = nullptr;
};

// Bytes of a block of one group, over all its layers; and of a sequence's states.
std::uint64_t block_bytes(const DecoderSpec& spec, const CacheGroup& group, const CacheFormats& formats,
                          int block_tokens, bool is_shared);
std::uint64_t state_bytes(const DecoderSpec& spec);
// Of what an encoder made for one sequence, of so many positions.
std::uint64_t source_bytes(const DecoderSpec& spec, const CacheFormats& formats, int positions);

struct CacheSizes {
  int block_tokens = 0;
  std::vector<int> blocks;  // of each group
  int state_slots = 0;
  int source_tokens = 0;  // positions of what an encoder made for a sequence
  int source_slots = 0;   // a block of so many for each sequence, of the group after all others
};

class CacheMemory {
 public:
  // Gives every layer its views. An Error when a backend has not enough memory.
  CacheMemory(const DecoderSpec& spec, const CacheLayout& layout, const CacheFormats& formats, const CacheSizes& sizes,
              std::span<Layer> layers);

  std::uint64_t bytes() const { return bytes_; }

  void copy_block(int group, std::int32_t from, std::int32_t to);
  void copy_state(std::int32_t from, std::int32_t to);
  // As before a sequence's first token.
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
