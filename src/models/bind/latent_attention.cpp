// Binds the tensors of multi-head latent attention and of its key indexer.
#include <utility>
#include <vector>

#include "models/bind/parts.h"

namespace rocmforge::models {
namespace {

// Splits the joint matrix of older files, which holds each head's key rows, then its value rows. The key part is
// transposed, so that queries can be mapped to the latent space.
void bind_joint_key_value(const LatentAttentionSpec& spec, const std::string& name, TensorSource& tensors,
                          LatentAttentionLayer& layer) {
  const int rows = spec.plain_size + spec.value_size;
  const std::vector<float> joint =
      tensors.numbers(name, {{spec.kv_rank, "attention.kv_lora_rank"},
                             {static_cast<std::int64_t>(spec.heads) * rows, "keys and values of all heads"}});
  if (joint.empty()) return;  // tensors are only being listed or checked
  const auto rank = static_cast<std::size_t>(spec.kv_rank);
  std::vector<float> keys;
  std::vector<float> values;
  keys.reserve(static_cast<std::size_t>(spec.heads * spec.plain_size) * rank);
  values.reserve(static_cast<std::size_t>(spec.heads * spec.value_size) * rank);
  for (int head = 0; head < spec.heads; ++head) {
    const float* of_head = joint.data() + static_cast<std::size_t>(head) * static_cast<std::size_t>(rows) * rank;
    for (std::size_t c = 0; c < rank; ++c) {
      for (int n = 0; n < spec.plain_size; ++n) keys.push_back(of_head[static_cast<std::size_t>(n) * rank + c]);
    }
    const float* of_values = of_head + static_cast<std::size_t>(spec.plain_size) * rank;
    values.insert(values.end(), of_values, of_values + static_cast<std::size_t>(spec.value_size) * rank);
  }
  layer.key_up = tensors.own_matrix(std::move(keys), spec.plain_size, spec.kv_rank, spec.heads);
  layer.value_up = tensors.own_matrix(std::move(values), spec.kv_rank, spec.value_size, spec.heads);
}

void bind_latent_queries(const DecoderSpec& model, const LatentAttentionSpec& spec, const std::string& block,
                         TensorSource& tensors, LatentAttentionLayer& layer) {
  const Extent in = {model.width, kWidthKey};
  const Extent queries = {static_cast<std::int64_t>(spec.heads) * (spec.plain_size + spec.rope_size),
                          "attention.head_count × key_length_mla"};
  if (spec.query_rank == 0) {
    layer.query = {tensors.matrix(block + "attn_q.weight", {in, queries})};
    return;
  }
  const Extent rank = {spec.query_rank, "attention.q_lora_rank"};
  layer.query_down = {tensors.matrix(block + "attn_q_a.weight", {in, rank})};
  layer.query_norm = bind_norm({ops::NormKind::kRms, spec.norm_epsilon}, block + "attn_q_a_norm", rank, tensors);
  layer.query = {tensors.matrix(block + "attn_q_b.weight", {rank, queries})};
}

// Binds the indexer. The constant factor of its scores is left out: it does not change their order.
KeyIndexer bind_indexer(const DecoderSpec& model, const LatentAttentionSpec& latent, const std::string& block,
                        TensorSource& tensors, RopeTable& ropes) {
  const KeyIndexerSpec& spec = *latent.indexer;
  const Extent width = {model.width, kWidthKey};
  const Extent size = {spec.key_size, "attention.indexer.key_length"};
  const Extent heads = {spec.heads, "attention.indexer.head_count"};
  const Extent queries = {static_cast<std::int64_t>(spec.heads) * spec.key_size,
                          "attention.indexer.head_count × key_length"};
  KeyIndexer indexer;
  indexer.heads = spec.heads;
  indexer.key_size = spec.key_size;
  indexer.most = spec.most;
  indexer.query =
      bind_product(block + "indexer.attn_q_b", {latent.query_rank, "attention.q_lora_rank"}, queries, tensors);
  indexer.key = bind_product(block + "indexer.attn_k", width, size, tensors);
  indexer.weights = bind_product(block + "indexer.proj", width, heads, tensors);
  indexer.attention.heads = spec.heads;
  indexer.attention.kv_heads = 1;
  indexer.attention.key_size = spec.key_size;
  constexpr float kEpsilon = 1e-6f;  // as the models' own code has it
  indexer.attention.key_norm =
      bind_norm({ops::NormKind::kLayer, kEpsilon, true}, block + "indexer.k_norm", size, tensors);
  if (spec.rope) {
    indexer.attention.pairing = spec.rope->pairing;
    indexer.rope = ropes.number_of(*spec.rope);
  }
  return indexer;
}

}  // namespace

LatentAttentionLayer bind_latent_attention(const DecoderSpec& model, const LatentAttentionSpec& spec,
                                           const std::string& block, TensorSource& tensors, RopeTable& ropes) {
  LatentAttentionLayer layer;
  layer.spec = spec;
  bind_latent_queries(model, spec, block, tensors, layer);
  const Extent rank = {spec.kv_rank, "attention.kv_lora_rank"};
  const Extent cached = {spec.cached_size(), "attention.kv_lora_rank + rope.dimension_count"};
  layer.key_value_down = {tensors.matrix(block + "attn_kv_a_mqa.weight", {{model.width, kWidthKey}, cached})};
  layer.key_value_norm = bind_norm({ops::NormKind::kRms, spec.norm_epsilon}, block + "attn_kv_a_norm", rank, tensors);
  const Extent heads = {spec.heads, "attention.head_count"};
  const Extent plain = {spec.plain_size, "key_length_mla less rope.dimension_count"};
  const Extent values = {spec.value_size, "attention.value_length_mla"};
  if (tensors.has(block + "attn_kv_b.weight")) {
    bind_joint_key_value(spec, block + "attn_kv_b.weight", tensors, layer);
  } else {
    layer.key_up = tensors.matrix(block + "attn_k_b.weight", {plain, rank, heads});
    layer.value_up = tensors.matrix(block + "attn_v_b.weight", {rank, values, heads});
  }
  const Extent mixed = {static_cast<std::int64_t>(spec.heads) * spec.value_size,
                        "attention.head_count × value_length_mla"};
  layer.output = {tensors.matrix(block + "attn_output.weight", {mixed, {model.width, kWidthKey}})};

  if (spec.indexer) layer.indexer = bind_indexer(model, spec, block, tensors, ropes);

  ops::Attention& attention = layer.attention;
  attention.heads = spec.heads;
  attention.kv_heads = 1;
  attention.key_size = spec.cached_size();
  attention.value_size = spec.kv_rank;
  attention.scale = spec.scale;
  attention.temperature = spec.temperature;
  attention.temperature_length = spec.temperature_length;
  attention.rope_offset = spec.kv_rank;
  if (spec.rope) {
    attention.pairing = spec.rope->pairing;
    layer.rope = ropes.number_of(*spec.rope);
  }
  return layer;
}

}  // namespace rocmforge::models
