#include "models/cache_memory.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::models {
namespace {

// The heads of a layer that caches keys and values.
struct CachedHeads {
  int kv_heads = 0;
  int key_size = 0;
  int value_size = 0;  // 0: the values are the first part of the keys
  int window = 0;
  int index_size = 0;  // size of the indexer's keys; 0: no indexer
};

CachedHeads source_heads(const AttentionSpec& cross) {
  return {.kv_heads = cross.kv_heads, .key_size = cross.key_size, .value_size = cross.value_size};
}

std::optional<CachedHeads> cached_heads(const LayerSpec& layer) {
  if (const auto* attention = std::get_if<AttentionSpec>(&layer.mixer)) {
    if (!attention->has_own_keys()) return std::nullopt;
    const int window = attention->is_causal ? attention->window : 0;
    return CachedHeads{attention->kv_heads, attention->key_size, attention->value_size, window};
  }
  if (const auto* latent = std::get_if<LatentAttentionSpec>(&layer.mixer)) {
    return CachedHeads{1, latent->cached_size(), 0, 0, latent->indexer ? latent->indexer->key_size : 0};
  }
  return std::nullopt;
}

// The number of values in the two parts of a state.
struct StateSizes {
  std::int64_t convolution = 0;
  std::int64_t recurrent = 0;

  bool is_present() const { return convolution + recurrent > 0; }
  std::uint64_t all() const { return static_cast<std::uint64_t>(convolution + recurrent); }
};

class MixerStateSizes {
 public:
  explicit MixerStateSizes(std::int64_t width) : width_(width) {}

  StateSizes operator()(const MambaSpec& spec) const {
    return {std::int64_t{spec.taps - 1} * spec.inner, std::int64_t{spec.inner} * spec.state_size};
  }
  StateSizes operator()(const Mamba2Spec& spec) const {
    return {std::int64_t{spec.taps - 1} * spec.channels(), std::int64_t{spec.inner} * spec.state_size};
  }
  StateSizes operator()(const Plamo2MambaSpec& spec) const {
    return {std::int64_t{spec.taps - 1} * spec.inner, std::int64_t{spec.inner} * spec.state_size};
  }
  StateSizes operator()(const ShortConvolutionSpec& spec) const { return {(spec.taps - 1) * width_, 0}; }
  StateSizes operator()(const DeltaNetSpec& spec) const {
    return {std::int64_t{spec.taps - 1} * spec.channels(), std::int64_t{spec.key_size} * spec.values()};
  }
  StateSizes operator()(const Rwkv6Spec& spec) const { return {width_, width_ * spec.head_size}; }
  StateSizes operator()(const Rwkv7Spec& spec) const { return {width_, width_ * spec.head_size}; }
  template <typename Other>
  StateSizes operator()(const Other&) const {
    return {};
  }

 private:
  std::int64_t width_;
};

StateSizes mixer_state_sizes(const LayerSpec& layer, std::int64_t width) {
  const MixerStateSizes sizes(width);
  return layer.beside ? sizes(*layer.beside) : std::visit(sizes, layer.mixer);
}

StateSizes ffn_state_sizes(const LayerSpec& layer, std::int64_t width) {
  return layer.channel_mix ? StateSizes{width, 0} : StateSizes{};
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
  std::uint64_t index = 0;

  std::uint64_t all() const { return keys + values + index; }
};

BlockBytes block_bytes_of(const CachedHeads& heads, const CacheFormats& formats, int block_tokens) {
  const auto rows = static_cast<std::uint64_t>(block_tokens) * static_cast<std::uint64_t>(heads.kv_heads);
  const auto of = [](std::uint64_t rows_of, const quant::Format& format, int size) {
    return rows_of * static_cast<std::uint64_t>(ops::PagedKvView::bytes_of_row(format, size));
  };
  return {of(rows, *formats.keys, heads.key_size), of(rows, *formats.values, heads.value_size),
          of(static_cast<std::uint64_t>(block_tokens), *formats.keys, heads.index_size)};
}

}  // namespace

LayerCache layer_cache(const DecoderSpec& spec, const LayerSpec& layer) {
  LayerCache cache;
  cache.state_values = mixer_state_sizes(layer, spec.width).all() + ffn_state_sizes(layer, spec.width).all();
  if (const auto heads = cached_heads(layer)) {
    const int of_head = heads->key_size + heads->value_size;
    cache.values_per_token = static_cast<std::uint64_t>(heads->kv_heads) * static_cast<std::uint64_t>(of_head) +
                             static_cast<std::uint64_t>(heads->index_size);
    cache.window = heads->window;
  }
  // The encoder's output may be as long as the context.
  if (layer.cross) {
    const CachedHeads heads = source_heads(*layer.cross);
    cache.values_per_token +=
        static_cast<std::uint64_t>(heads.kv_heads) * static_cast<std::uint64_t>(heads.key_size + heads.value_size);
  }
  return cache;
}

CacheLayout cache_layout(const DecoderSpec& spec) {
  CacheLayout layout;
  layout.is_shared = spec.is_encoder();
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const LayerSpec& layer = spec.layers[i];
    if (mixer_state_sizes(layer, spec.width).is_present() || ffn_state_sizes(layer, spec.width).is_present()) {
      layout.recurrent_layers.push_back(static_cast<int>(i));
    }
    if (layer.cross) layout.cross_attention_layers.push_back(static_cast<int>(i));
    const auto heads = cached_heads(layer);
    if (!heads) continue;
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
    sum += bytes.all();
    greatest = std::max(greatest, bytes.all());
  }
  return is_shared ? greatest : sum;
}

std::uint64_t state_bytes(const DecoderSpec& spec) {
  std::uint64_t sum = 0;
  for (const LayerSpec& layer : spec.layers) sum += layer_cache(spec, layer).state_values * sizeof(float);
  return sum;
}

std::uint64_t source_bytes(const DecoderSpec& spec, const CacheFormats& formats, int positions) {
  std::uint64_t sum = 0;
  for (const LayerSpec& layer : spec.layers) {
    if (layer.cross) sum += block_bytes_of(source_heads(*layer.cross), formats, positions).all();
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
  share_caches(spec);
  place_sources(spec, formats, sizes);
  const auto slots = static_cast<std::uint64_t>(sizes.state_slots);
  for (const int number : layout_.recurrent_layers) {
    const auto index = static_cast<std::size_t>(number);
    Layer& layer = layers_[index];
    const StateSizes of_mixer = mixer_state_sizes(spec.layers[index], spec.width);
    const StateSizes of_ffn = ffn_state_sizes(spec.layers[index], spec.width);
    layer.mixer_state = place_state(of_mixer.convolution, of_mixer.recurrent, slots, *layer.backend);
    layer.ffn_state = place_state(of_ffn.convolution, of_ffn.recurrent, slots, *layer.backend);
  }
}

ops::StateView CacheMemory::place_state(std::int64_t convolution, std::int64_t recurrent, std::uint64_t slots,
                                        ops::Backend& backend) {
  const auto values = [&](std::int64_t size) {
    return reinterpret_cast<float*>(allocate(backend, slots * static_cast<std::uint64_t>(size) * sizeof(float)));
  };
  const std::int64_t greatest = std::max(convolution, recurrent);
  zeros_.resize(std::max(zeros_.size(), static_cast<std::size_t>(greatest) * sizeof(float)));
  return {values(convolution), values(recurrent), convolution, recurrent};
}

// Gives layers without keys of their own the cache of the layer whose keys they use. Both are on one backend (see
// plan_execution).
void CacheMemory::share_caches(const DecoderSpec& spec) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto* attention = std::get_if<AttentionSpec>(&spec.layers[i].mixer);
    if (attention == nullptr || attention->has_own_keys()) continue;
    const auto source = static_cast<std::size_t>(attention->keys_of_layer);
    std::get<AttentionLayer>(layers_[i].mixer).cache = std::get<AttentionLayer>(layers_[source].mixer).cache;
  }
}

// Each sequence uses the block with its own number, which is large enough for the longest encoder output.
void CacheMemory::place_sources(const DecoderSpec& spec, const CacheFormats& formats, const CacheSizes& sizes) {
  const auto slots = static_cast<std::uint64_t>(sizes.source_slots);
  for (const int number : layout_.cross_attention_layers) {
    const auto index = static_cast<std::size_t>(number);
    const CachedHeads heads = source_heads(*spec.layers[index].cross);
    const BlockBytes bytes = block_bytes_of(heads, formats, sizes.source_tokens);
    ops::PagedKvView view = view_of(heads, formats, static_cast<int>(layout_.groups.size()), sizes.source_tokens);
    view.keys = allocate(*layers_[index].backend, bytes.all() * slots);
    view.values = view.keys + bytes.keys * slots;
    layers_[index].cross.cache = view;
  }
}

void CacheMemory::place_cache(const LayerSpec& spec, const CacheFormats& formats, int group, int blocks, Layer& layer) {
  const CachedHeads heads = *cached_heads(spec);
  ops::PagedKvView view = view_of(heads, formats, group, block_tokens_);
  const BlockBytes bytes = block_bytes_of(heads, formats, block_tokens_);
  const auto count = static_cast<std::uint64_t>(blocks);
  const bool is_near = layer.backend == layers_.front().backend;
  if (layout_.is_shared && is_near && !buffers_.empty() && buffers_.front()->size() >= bytes.all() * count) {
    view.keys = buffers_.front()->data();
  } else {
    view.keys = allocate(*layer.backend, bytes.all() * count);
  }
  view.values = heads.value_size == 0 ? nullptr : view.keys + bytes.keys * count;
  if (auto* attention = std::get_if<AttentionLayer>(&layer.mixer)) {
    attention->cache = view;
    return;
  }
  auto& latent = std::get<LatentAttentionLayer>(layer.mixer);
  latent.cache = view;
  if (heads.index_size == 0) return;
  latent.indexer.cache = view;
  latent.indexer.cache.keys = view.keys + bytes.keys * count;
  latent.indexer.cache.key_size = heads.index_size;
}

std::byte* CacheMemory::allocate(ops::Backend& backend, std::uint64_t bytes) {
  buffers_.push_back(backend.allocate(std::max<std::uint64_t>(bytes, 1)));
  bytes_ += bytes;
  return buffers_.back()->data();
}

void CacheMemory::copy_block(int group, std::int32_t from, std::int32_t to) {
  for (const int number : layout_.groups[static_cast<std::size_t>(group)].layers) {
    const Layer& layer = layers_[static_cast<std::size_t>(number)];
    if (const auto* attention = std::get_if<AttentionLayer>(&layer.mixer)) {
      copy_rows(*layer.backend, attention->cache, from, to);
      continue;
    }
    const auto& latent = std::get<LatentAttentionLayer>(layer.mixer);
    copy_rows(*layer.backend, latent.cache, from, to);
    if (latent.indexer.is_present()) copy_rows(*layer.backend, latent.indexer.cache, from, to);
  }
}

void CacheMemory::copy_rows(ops::Backend& backend, const ops::PagedKvView& view, std::int32_t from, std::int32_t to) {
  const auto rows = static_cast<std::size_t>(view.kv_heads) * static_cast<std::size_t>(view.block_tokens);
  backend.move(view.key_rows(to, 0), view.key_rows(from, 0), rows * static_cast<std::size_t>(view.key_row_bytes()));
  if (view.values == nullptr) return;
  backend.move(view.value_rows(to, 0), view.value_rows(from, 0),
               rows * static_cast<std::size_t>(view.value_row_bytes()));
}

// Calls visit(backend, memory, values per slot) for both parts of every state.
template <typename Visit>
void CacheMemory::for_each_state(Visit visit) {
  for (const int number : layout_.recurrent_layers) {
    const Layer& layer = layers_[static_cast<std::size_t>(number)];
    for (const ops::StateView& state : {layer.mixer_state, layer.ffn_state}) {
      if (state.convolution_size > 0) visit(*layer.backend, state.convolution, state.convolution_size);
      if (state.recurrent_size > 0) visit(*layer.backend, state.recurrent, state.recurrent_size);
    }
  }
}

void CacheMemory::copy_state(std::int32_t from, std::int32_t to) {
  for_each_state([&](ops::Backend& backend, float* states, std::int64_t size) {
    backend.move(reinterpret_cast<std::byte*>(states + to * size),
                 reinterpret_cast<const std::byte*>(states + from * size),
                 static_cast<std::size_t>(size) * sizeof(float));
  });
}

void CacheMemory::clear_state(std::int32_t slot) {
  for_each_state([&](ops::Backend& backend, float* states, std::int64_t size) {
    backend.write(reinterpret_cast<std::byte*>(states + slot * size),
                  std::span(zeros_).first(static_cast<std::size_t>(size) * sizeof(float)));
  });
}

}  // namespace rocmforge::models
