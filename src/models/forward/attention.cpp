// The forward pass of attention, cross attention and latent attention.
#include "models/forward/parts.h"

namespace rocmforge::models {

using ops::Backend;
using ops::Heads;
using ops::Tensor;
using ops::Write;

namespace {

// Computes queries, keys and values. Gates that are stored with the queries go to context.activations.gates.
void project(const AttentionLayer& part, Backend& on, const LayerContext& context, Tensor in, Tensor query, Tensor key,
             Tensor value) {
  const ops::Attention& attention = part.attention;
  const Tensor first = part.gate_is_in_queries ? context.activations.wide.slice(0, part.query.weight.rows) : query;
  ops::Projection projections[] = {{part.query, first}, {part.key, key}, {part.value, value}};
  const std::size_t count = part.value.is_present() ? 3 : part.key.is_present() ? 2 : 1;
  on.linear(in, std::span(projections, count), Write::kSet);
  if (part.gate_is_in_queries) {
    const int heads = attention.heads;
    const int size = attention.key_size;
    const auto half = [&](int offset) { return Heads{first, heads, size, 2 * size, offset}; };
    on.copy_heads(half(0), {query, heads, size, size, 0});
    on.copy_heads(half(size), {context.activations.gates.slice(0, query.columns), heads, size, size, 0});
  }
  if (count == 2) copy(on, key, value);
}

}  // namespace

void attention(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<AttentionLayer>(layer.mixer);
  const ops::Attention& numbers = part.attention;
  const bool has_keys = part.key.is_present();
  const Tensor query = context.activations.query.slice(0, std::int64_t{numbers.heads} * numbers.key_size);
  const Tensor key = context.activations.key.slice(0, has_keys ? std::int64_t{numbers.kv_heads} * numbers.key_size : 0);
  const Tensor value =
      context.activations.value.slice(0, has_keys ? std::int64_t{numbers.kv_heads} * numbers.value_size : 0);
  const Tensor mixed = context.activations.mixed.slice(0, part.output.weight.columns);

  project(part, on, context, in, query, key, value);
  if (part.gate.is_present()) on.linear(in, part.gate, context.activations.gates.slice(0, mixed.columns));
  on.rope_append(context.step, numbers, rope_table_of(context, part.rope), query, key, value, part.cache);
  on.paged_attention(context.step, numbers, query, part.cache, {}, mixed);
  if (part.gate.is_present() || part.gate_is_in_queries) {
    on.gate(ops::Activation::kSigmoid, context.activations.gates.slice(0, mixed.columns), mixed, mixed);
  }
  if (part.output_scale != 1) on.scale(part.output_scale, mixed);
  on.linear(mixed, part.output, out, write);
}

// ---- Cross attention ----

void append_encoder_output(const Layer& layer, const LayerContext& context, Tensor encoder_output) {
  Backend& on = *layer.backend;
  const AttentionLayer& part = layer.cross;
  const Tensor key = context.activations.key.slice(0, part.key.weight.rows);
  const Tensor value = context.activations.value.slice(0, part.value.weight.rows);
  const ops::Projection projections[] = {{part.key, key}, {part.value, value}};
  on.linear(encoder_output, projections, Write::kSet);
  on.rope_append(context.step, part.attention, {}, context.activations.query.slice(0, 0), key, value, part.cache);
}

void cross_attention(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const AttentionLayer& part = layer.cross;
  const Tensor query = context.activations.query.slice(0, part.query.weight.rows);
  const Tensor mixed = context.activations.mixed.slice(0, part.output.weight.columns);
  on.linear(in, part.query, query);
  on.paged_attention(context.step, part.attention, query, part.cache, {}, mixed);
  on.linear(mixed, part.output, out, write);
}

// ---- Latent attention ----

namespace {

void select_keys(const KeyIndexer& indexer, Backend& on, const LayerContext& context, Tensor in, Tensor low_queries) {
  const Tensor query = context.activations.wide.slice(0, indexer.query.weight.rows);
  const Tensor key = context.activations.key.slice(0, indexer.key_size);
  const Tensor weights = context.activations.value.slice(0, indexer.heads);
  on.linear(low_queries, indexer.query, query);
  const ops::Projection projections[] = {{indexer.key, key}, {indexer.weights, weights}};
  on.linear(in, projections, Write::kSet);
  on.rope_append(context.step, indexer.attention, rope_table_of(context, indexer.rope), query, key, key.slice(0, 0),
                 indexer.cache);
  on.select_keys(context.step, indexer.most, {query, indexer.heads, indexer.key_size, indexer.key_size, 0}, weights,
                 indexer.cache, context.activations.selection);
}

}  // namespace

// Keys and values stay in the latent space; queries are mapped there and sums are mapped back, head by head.
void latent_attention(const Layer& layer, const LayerContext& context, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<LatentAttentionLayer>(layer.mixer);
  const LatentAttentionSpec& spec = part.spec;
  const int head_size = spec.plain_size + spec.rope_size;
  const Tensor query = context.activations.query.slice(0, part.query.weight.rows);
  const Tensor wide = context.activations.wide.slice(0, std::int64_t{spec.heads} * spec.cached_size());
  const Tensor key = context.activations.key.slice(0, spec.cached_size());
  const Tensor sums = context.activations.mixed.slice(0, std::int64_t{spec.heads} * spec.kv_rank);
  const Tensor values = context.activations.value.slice(0, part.output.weight.columns);

  if (part.query_down.is_present()) {
    const Tensor low = context.activations.low.slice(0, part.query_down.weight.rows);
    on.linear(in, part.query_down, low);
    on.norm(low, part.query_norm, Write::kSet, low);
    on.linear(low, part.query, query);
    if (part.indexer.is_present()) select_keys(part.indexer, on, context, in, low);
  } else {
    on.linear(in, part.query, query);
  }
  on.linear(in, part.key_value_down, key);
  const Tensor latent = key.slice(0, spec.kv_rank);
  on.norm(latent, part.key_value_norm, Write::kSet, latent);

  on.linear_heads(Heads{query, spec.heads, spec.plain_size, head_size, 0}, part.key_up,
                  Heads{wide, spec.heads, spec.kv_rank, spec.cached_size(), 0});
  on.copy_heads(Heads{query, spec.heads, spec.rope_size, head_size, spec.plain_size},
                Heads{wide, spec.heads, spec.rope_size, spec.cached_size(), spec.kv_rank});
  on.rope_append(context.step, part.attention, rope_table_of(context, part.rope), wide, key, key.slice(0, 0),
                 part.cache);
  on.paged_attention(context.step, part.attention, wide, part.cache,
                     part.indexer.is_present() ? context.activations.selection : ops::KeySelection{}, sums);
  on.linear_heads(Heads{sums, spec.heads, spec.kv_rank, spec.kv_rank, 0}, part.value_up,
                  Heads{values, spec.heads, spec.value_size, spec.value_size, 0});
  on.linear(values, part.output, out, write);
}

}  // namespace rocmforge::models
