#include "models/cache_memory.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::models {
namespace {

// The heads of a layer as the cache sees them. None: the layer has a state instead.
struct CachedHeads {
  int kv_heads = 0;
  int key_size = 0;
  int value_size = 0;  // 0: the values are the first part of the keys
  int window = 0;
};

std::optional<CachedHeads> cached_heads(const LayerSpec& layer) {
  if (const auto* attention = std::get_if<AttentionSpec>(&layer.mixer)) {
    return CachedHeads{attention->kv_heads, attention->key_size, attention->value_size, attention->window};
  }
  if (const auto* latent = std::get_if<LatentAttentionSpec>(&layer.mixer)) {
    return CachedHeads{1, latent->cached_size(), 0, 0};
  }
  return std::nullopt;
}

struct StateSizes {
  std::int64_t convolution = 0;
  std::int64_t recurrent = 0;
};

StateSizes state_sizes(const Mamba2Spec& mamba) {
  return {std::int64_t{mamba.taps - 1} * mamba.channels(), std::int64_t{mamba.inner} * mamba.state_size};
}

ops::PagedKvView view_of(const CachedHeads& heads, const CacheFormats& formats, int group, int block_tokens) {
  return {.keys = nullptr,
          .values = nullptr,
          .key_format = formats.keys,
          .value_format = formats.values,
          .group = group,
          .block_tokens = block_tokens,
          .kv_heads = heads.kv_heads,
          .key_size = heads.key_size,
          .value_size = heads.value_size};
}

struct BlockBytes {
  std::uint64_t keys = 0;
  std::uint64_t values = 0;
};

BlockBytes block_bytes_of(const CachedHeads& heads, const CacheFormats& formats, int block_tokens) {
  const auto rows = static_cast<std::uint64_t>(block_tokens) * static_cast<std::uint64_t>(heads.kv_heads);
  const auto of = [&](const quant::Format& format, int size) {
    return rows * static_cast<std::uint64_t>(ops::PagedKvView::bytes_of_row(format, size));
  };
  return {of(*formats.keys, heads.key_size), heads.value_size == 0 ? 0 : of(*formats.values, heads.value_size)};
}

}  // namespace

CacheLayout cache_layout(const DecoderSpec& spec) {
  CacheLayout layout;
  layout.is_shared = spec.is_encoder();
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto heads = cached_heads(spec.layers[i]);
    if (!heads) {
      layout.recurrent_layers.push_back(static_cast<int>(i));
      continue;
    }
    auto group = std::ranges::find(layout.groups, heads->window, &CacheGroup::window);
    if (group == layout.groups.end()) group = layout.groups.insert(group, {heads->window, {}});
    group->layers.push_back(static_cast<int>(i));
  }
  return layout;
}

std::uint64_t block_bytes(const DecoderSpec& spec, const CacheGroup& group, const CacheFormats& formats,
                          int block_tokens, bool is_shared) {
  std::uint64_t sum = 0;
  std::uint64_t greatest = 0;
  for (const int layer : group.layers) {
    const auto heads = cached_heads(spec.layers[static_cast<std::size_t>(layer)]);
    const BlockBytes bytes = block_bytes_of(*heads, formats, block_tokens);
    sum += bytes.keys + bytes.values;
    greatest = std::max(greatest, bytes.keys + bytes.values);
  }
  return is_shared ? greatest : sum;
}

std::uint64_t state_bytes(const DecoderSpec& spec) {
  std::uint64_t sum = 0;
  for (const LayerSpec& layer : spec.layers) {
    if (const auto* mamba = std::get_if<Mamba2Spec>(&layer.mixer)) {
      const StateSizes sizes = state_sizes(*mamba);
      sum += static_cast<std::uint64_t>(sizes.convolution + sizes.recurrent) * sizeof(float);
    }
  }
  return sum;
}

CacheMemory::CacheMemory(const DecoderSpec& spec, const CacheLayout& layout, const CacheFormats& formats,
                         const CacheSizes& sizes, std::span<Layer> layers)
    : layout_(layout), block_tokens_(sizes.block_tokens), layers_(layers) {
  for (std::size_t g = 0; g < layout_.groups.size(); ++g) {
    for (const int number : layout_.groups[g].layers) {
      const auto index = static_cast<std::size_t>(number);
      place_cache(spec.layers[index], formats, static_cast<int>(g), sizes.blocks[g], layers_[index]);
    }
  }
  for (const int number : layout_.recurrent_layers) {
    Layer& layer = layers_[static_cast<std::size_t>(number)];
    auto& mamba = std::get<Mamba2Layer>(layer.mixer);
    const StateSizes state = state_sizes(mamba.spec);
    const auto slots = static_cast<std::uint64_t>(sizes.state_slots);
    const auto values = [&](std::int64_t size) {
      return reinterpret_cast<float*>(
          allocate(*layer.backend, slots * static_cast<std::uint64_t>(size) * sizeof(float)));
    };
    mamba.state = {values(state.convolution), values(state.recurrent), state.convolution, state.recurrent};
    const std::int64_t greatest = std::max(state.convolution, state.recurrent);
    zeros_.resize(std::max(zeros_.size(), static_cast<std::size_t>(greatest) * sizeof(float)));
  }
}

void CacheMemory::place_cache(const LayerSpec& spec, const CacheFormats& formats, int group, int blocks, Layer& layer) {
  const CachedHeads heads = *cached_heads(spec);
  ops::PagedKvView view = view_of(heads, formats, group, block_tokens_);
  const BlockBytes bytes = block_bytes_of(heads, formats, block_tokens_);
  const std::uint64_t keys = bytes.keys * static_cast<std::uint64_t>(blocks);
  const std::uint64_t values = bytes.values * static_cast<std::uint64_t>(blocks);
  const bool is_near = layer.backend == layers_.front().backend;
  if (layout_.is_shared && is_near && !buffers_.empty() && buffers_.front()->size() >= keys + values) {
    view.keys = buffers_.front()->data();
  } else {
    view.keys = allocate(*layer.backend, keys + values);
  }
  view.values = heads.value_size == 0 ? nullptr : view.keys + keys;
  if (auto* attention = std::get_if<AttentionLayer>(&layer.mixer)) {
    attention->cache = view;
  } else {
    std::get<LatentAttentionLayer>(layer.mixer).cache = view;
  }
}

std::byte* CacheMemory::allocate(ops::Backend& backend, std::uint64_t bytes) {
  buffers_.push_back(backend.allocate(std::max<std::uint64_t>(bytes, 1)));
  bytes_ += bytes;
  return buffers_.back()->data();
}

void CacheMemory::copy_block(int group, std::int32_t from, std::int32_t to) {
  for (const int number : layout_.groups[static_cast<std::size_t>(group)].layers) {
    Layer& layer = layers_[static_cast<std::size_t>(number)];
    const auto* attention = std::get_if<AttentionLayer>(&layer.mixer);
    const ops::PagedKvView& view =
        attention != nullptr ? attention->cache : std::get<LatentAttentionLayer>(layer.mixer).cache;
    const auto rows = static_cast<std::size_t>(view.kv_heads) * static_cast<std::size_t>(view.block_tokens);
    layer.backend->move(view.key_rows(to, 0), view.key_rows(from, 0),
                        rows * static_cast<std::size_t>(view.key_row_bytes()));
    if (view.values == nullptr) continue;
    layer.backend->move(view.value_rows(to, 0), view.value_rows(from, 0),
                        rows * static_cast<std::size_t>(view.value_row_bytes()));
  }
}

void CacheMemory::copy_state(std::int32_t from, std::int32_t to) {
  for (const int number : layout_.recurrent_layers) {
    Layer& layer = layers_[static_cast<std::size_t>(number)];
    const ops::StateView& state = std::get<Mamba2Layer>(layer.mixer).state;
    const auto move = [&](float* target, const float* source, std::int64_t size) {
      layer.backend->move(reinterpret_cast<std::byte*>(target), reinterpret_cast<const std::byte*>(source),
                          static_cast<std::size_t>(size) * sizeof(float));
    };
    move(state.convolution_of(to), state.convolution_of(from), state.convolution_size);
    move(state.recurrent_of(to), state.recurrent_of(from), state.recurrent_size);
  }
}

void CacheMemory::clear_state(std::int32_t slot) {
  for (const int number : layout_.recurrent_layers) {
    Layer& layer = layers_[static_cast<std::size_t>(number)];
    const ops::StateView& state = std::get<Mamba2Layer>(layer.mixer).state;
    const auto clear = [&](float* target, std::int64_t size) {
      layer.backend->write(reinterpret_cast<std::byte*>(target),
                           std::span(zeros_).first(static_cast<std::size_t>(size) * sizeof(float)));
    };
    clear(state.convolution_of(slot), state.convolution_size);
    clear(state.recurrent_of(slot), state.recurrent_size);
  }
}

}  // namespace rocmforge::models
