// RWKV 6 and 7: no attention. Each part reads the previous position, and time mixing keeps a state.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {
namespace {

constexpr int kMostWkvSize = 1024;  // backends keep some rows of a head in small buffers

int head_size_of(Hyperparameters& h) {
  const int size = h.required("wkv.head_size", 1, kMostWkvSize);
  check_divisor(h, "wkv.head_size", size, "embedding_length", h.width);
  return size;
}

DecoderSpec rwkv_like(Hyperparameters& h, bool has_receptance) {
  DecoderSpec spec = bare_decoder(h, ops::NormKind::kLayer, true);
  spec.output = OutputMatrix::kOwn;
  spec.normalizes_embeddings = true;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].norms.ffn = "attn_norm_2";
    spec.layers[i].channel_mix = ChannelMixSpec{feed_forward_of(h, i).width, has_receptance};
  }
  return spec;
}

}  // namespace

// The streams are halved after every n-th layer, to avoid overflow in half precision. The file's weights account for
// it.
DecoderSpec rwkv6(Hyperparameters& h) {
  DecoderSpec spec = rwkv_like(h, true);
  const Rwkv6Spec mixer = {.head_size = head_size_of(h),
                           .mix_rank = h.required("time_mix_extra_dim", 1, kMostWidth / 8),
                           .decay_rank = h.required("time_decay_extra_dim", 1, kMostWidth)};
  const int every = h.expected("rescale_every_n_layers", 0, 0, kMostLayers);
  for (int i = 0; i < h.layers; ++i) {
    LayerSpec& layer = spec.layers[static_cast<std::size_t>(i)];
    layer.mixer = mixer;
    if (every > 0 && (i + 1) % every == 0) layer.output_scale = 0.5f;
  }
  return spec;
}

DecoderSpec rwkv7(Hyperparameters& h) {
  DecoderSpec spec = rwkv_like(h, false);
  Rwkv7Spec mixer = {.head_size = head_size_of(h)};
  mixer.decay_rank = h.required("attention.decay_lora_rank", 1, kMostWidth);
  mixer.rate_rank = h.required("attention.iclr_lora_rank", 1, kMostWidth);
  mixer.value_rank = h.required("attention.value_residual_mix_lora_rank", 1, kMostWidth);
  if (h.has_in_any_layer("time_mix_g1.weight")) {
    mixer.gate_rank = h.required("attention.gate_lora_rank", 1, kMostWidth);
  }
  for (LayerSpec& layer : spec.layers) {
    mixer.is_first = &layer == &spec.layers.front();
    layer.mixer = mixer;
  }
  // Files also hold the value-blending tensors of the first layer, which has nothing to blend with.
  for (const char* name : {"blk.0.time_mix_v0.", "blk.0.time_mix_v1.", "blk.0.time_mix_v2."}) {
    spec.ignored_tensors.emplace_back(name);
  }
  return spec;
}

}  // namespace rocmforge::models
