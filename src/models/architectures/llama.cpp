// Llama 1 to 3, Mistral, Mixtral, Yi and the many that share their form.
#include "models/architectures/architectures.h"
#include "models/architectures/building_blocks.h"

namespace rocmforge::models {

DecoderSpec llama(Hyperparameters& h) {
  DecoderSpec spec = llama_like(h);
  const int head = h.key_size();
  const RopeSpec rope = rope_of(h, head, {.pairing = ops::RopePairing::kNeighbours});
  if (rope.dimensions != head) {
    throw h.wrong("'{}' is {}, expected the head's {} ('{}')", h.key("rope.dimension_count"), rope.dimensions, head,
                  h.key("attention.key_length"));
  }
  for_each_attention(spec, [&](AttentionSpec& attention) {
    attention.qkv_bias = Need::kOptional;
    attention.output_bias = Need::kOptional;
    attention.rope = rope;
  });
  for (LayerSpec& layer : spec.layers) {
    layer.ffn->bias = Need::kOptional;
    if (h.experts == 0) continue;
    ExpertsSpec experts = experts_of(h);
    experts.width = h.optional("expert_feed_forward_length", layer.ffn->width, 1, kMostWidth);
    experts.renormalizes = true;
    experts.shared_width = h.optional("expert_shared_feed_forward_length", 0, 0, kMostWidth);
    layer.ffn->experts = experts;
  }
  return spec;
}

}  // namespace rocmforge::models
