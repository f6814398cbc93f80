#include "models/decoder.h"

#include "base/error.h"

namespace rocmforge::models {
namespace {

using ops::Backend;
using ops::Heads;
using ops::Tensor;
using ops::Write;

Tensor table_of(const Pass& pass, int rope) {
  return rope < 0 ? Tensor{} : pass.work.rope_tables[static_cast<std::size_t>(rope)];
}

// ---- Mixing positions ----

void attention(const Layer& layer, const Pass& pass, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<AttentionLayer>(layer.mixer);
  const Tensor query = pass.work.query.slice(0, part.query.weight.rows);
  const Tensor key = pass.work.key.slice(0, part.key.weight.rows);
  const Tensor value = pass.work.value.slice(0, part.value.weight.rows);
  const Tensor mixed = pass.work.mixed.slice(0, part.output.weight.columns);

  const ops::Projection projections[] = {{part.query, query}, {part.key, key}, {part.value, value}};
  on.linear(in, projections, Write::kSet);
  on.rope_append(pass.step, part.attention, table_of(pass, part.rope), query, key, value, part.cache);
  on.paged_attention(pass.step, part.attention, query, part.cache, mixed);
  on.linear(mixed, part.output, out, write);
}

// Keys and values stay in their latent space, and queries and sums are brought there and back, head by head.
void latent_attention(const Layer& layer, const Pass& pass, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<LatentAttentionLayer>(layer.mixer);
  const LatentAttentionSpec& spec = part.spec;
  const int head_size = spec.plain_size + spec.rope_size;
  const Tensor query = pass.work.query.slice(0, part.query.weight.rows);
  const Tensor wide = pass.work.wide.slice(0, std::int64_t{spec.heads} * spec.cached_size());
  const Tensor key = pass.work.key.slice(0, spec.cached_size());
  const Tensor sums = pass.work.mixed.slice(0, std::int64_t{spec.heads} * spec.kv_rank);
  const Tensor values = pass.work.value.slice(0, part.output.weight.columns);

  if (part.query_down.is_present()) {
    const Tensor low = pass.work.low.slice(0, part.query_down.weight.rows);
    on.linear(in, part.query_down, low);
    on.norm(low, part.query_norm, Write::kSet, low);
    on.linear(low, part.query, query);
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
  on.rope_append(pass.step, part.attention, table_of(pass, part.rope), wide, key, key.slice(0, 0), part.cache);
  on.paged_attention(pass.step, part.attention, wide, part.cache, sums);
  on.linear_heads(Heads{sums, spec.heads, spec.kv_rank, spec.kv_rank, 0}, part.value_up,
                  Heads{values, spec.heads, spec.value_size, spec.value_size, 0});
  on.linear(values, part.output, out, write);
}

void mamba2(const Layer& layer, const Pass& pass, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const auto& part = std::get<Mamba2Layer>(layer.mixer);
  const Mamba2Spec& spec = part.spec;
  const int states = spec.groups * spec.state_size;
  const Tensor all = pass.work.hidden.slice(0, part.in.weight.rows);
  const Tensor gate = all.slice(0, spec.inner);
  const Tensor channels = all.slice(spec.inner, spec.channels());
  const Tensor time_step = all.slice(spec.inner + spec.channels(), spec.heads);
  const Tensor mixed = pass.work.mixed.slice(0, spec.inner);

  on.linear(in, part.in, all);
  on.causal_convolution(pass.step, part.convolution, part.state, channels);
  on.mamba2_scan(pass.step, part.mamba, part.state, channels.slice(0, spec.inner), channels.slice(spec.inner, states),
                 channels.slice(spec.inner + states, states), time_step, mixed);
  on.multiply_silu(gate, mixed);
  on.norm(mixed, part.norm, Write::kSet, mixed);
  on.linear(mixed, part.out, out, write);
}

// ---- Each position alone ----

void dense_feed_forward(Backend& on, const ops::FeedForward& ffn, const Pass& pass, Tensor in, Write write,
                        Tensor out) {
  const Tensor hidden = pass.work.hidden.slice(0, ffn.up.weight.rows);
  on.gate_up(in, ffn, hidden);
  on.linear(hidden, ffn.down, out, write);
}

void feed_forward(const Layer& layer, const Pass& pass, Tensor in, Write write, Tensor out) {
  dense_feed_forward(*layer.backend, layer.ffn.dense, pass, in, write, out);
}

void mixture_of_experts(const Layer& layer, const Pass& pass, Tensor in, Write write, Tensor out) {
  Backend& on = *layer.backend;
  const FeedForwardLayer& part = layer.ffn;
  const Tensor logits = pass.work.router.slice(0, part.router.experts);
  ops::Routing routing = pass.work.routing;
  routing.used = part.router.used;
  on.linear(in, part.router_product, logits);
  on.route(logits, part.router, routing);
  on.moe_ffn(in, part.experts, routing, write, out);
  if (!part.shared.up.is_present()) return;
  if (!part.shared_gate.is_present()) return dense_feed_forward(on, part.shared, pass, in, Write::kAdd, out);
  dense_feed_forward(on, part.shared, pass, in, Write::kSet, pass.work.shared);
  on.linear(in, part.shared_gate, pass.work.gate);
  on.add_gated(pass.work.shared, pass.work.gate, out);
}

// ---- Layers. x: [rows, width], updated in place ----

// A part's result is added to x, normalized first where there is a norm for it.
void add_part(PartFunction part, const ops::Norm& post_norm, const Layer& layer, const Pass& pass) {
  const Workspace& work = pass.work;
  if (!post_norm.is_present()) return part(layer, pass, work.normed, Write::kAdd, work.x);
  part(layer, pass, work.normed, Write::kSet, work.delta);
  layer.backend->norm(work.delta, post_norm, Write::kAdd, work.x);
}

void sequential_layer(const Layer& layer, const Pass& pass) {
  const Workspace& work = pass.work;
  layer.backend->norm(work.x, layer.mixer_norm, Write::kSet, work.normed);
  add_part(layer.mix, layer.mixer_post_norm, layer, pass);
  if (layer.feed_forward == nullptr) return;
  layer.backend->norm(work.x, layer.ffn_norm, Write::kSet, work.normed);
  add_part(layer.feed_forward, layer.ffn_post_norm, layer, pass);
}

void parallel_layer(const Layer& layer, const Pass& pass) {
  const Workspace& work = pass.work;
  layer.backend->norm(work.x, layer.mixer_norm, Write::kSet, work.normed);
  layer.mix(layer, pass, work.normed, Write::kAdd, work.x);
  layer.feed_forward(layer, pass, work.normed, Write::kAdd, work.x);
}

void post_norm_layer(const Layer& layer, const Pass& pass) {
  const Tensor x = pass.work.x;
  layer.mix(layer, pass, x, Write::kAdd, x);
  layer.backend->norm(x, layer.mixer_post_norm, Write::kSet, x);
  layer.feed_forward(layer, pass, x, Write::kAdd, x);
  layer.backend->norm(x, layer.ffn_post_norm, Write::kSet, x);
}

}  // namespace

LayerFunction layer_function(const LayerSpec& spec) {
  switch (spec.form) {
    case LayerForm::kSequential: return sequential_layer;
    case LayerForm::kParallel: return parallel_layer;
    case LayerForm::kPostNorm: return post_norm_layer;
  }
  return nullptr;
}

PartFunction mixer_function(const LayerSpec& spec) {
  if (std::holds_alternative<AttentionSpec>(spec.mixer)) return attention;
  return std::holds_alternative<LatentAttentionSpec>(spec.mixer) ? latent_attention : mamba2;
}

PartFunction feed_forward_function(const LayerSpec& spec) {
  if (!spec.ffn) return nullptr;
  return spec.ffn->experts ? mixture_of_experts : feed_forward;
}

void embed(const InputLayer& input, Backend& on, const Pass& pass) {
  const Tensor x = pass.work.x;
  const auto embed = [&](Backend::RowOf which, const EmbeddingTable& table, Write write) {
    if (table.is_present()) on.embed(pass.step, which, table.rows, table.scale, write, x);
  };
  embed(Backend::RowOf::kToken, input.tokens, Write::kSet);
  embed(Backend::RowOf::kFirst, input.token_types, Write::kAdd);
  embed(Backend::RowOf::kPosition, input.positions, Write::kAdd);
  if (input.norm.is_present()) on.norm(x, input.norm, Write::kSet, x);
}

void compute_output(const DecoderSpec& spec, const OutputLayer& output, Backend& on, const Workspace& work,
                    std::span<const std::int32_t> rows, Tensor logits) {
  const auto count = static_cast<std::int64_t>(rows.size());
  if (!output.logits.is_present()) {
    on.gather_rows(work.x, rows, logits);
    if (output.norm.is_present()) on.norm(logits, output.norm, Write::kSet, logits);
    return;
  }
  const Tensor last = work.normed.first_rows(count);
  on.gather_rows(work.x, rows, last);
  if (output.norm.is_present()) on.norm(last, output.norm, Write::kSet, last);
  on.linear(last, output.logits, logits);
  if (spec.logit_soft_cap > 0) on.soft_cap(spec.logit_soft_cap, logits);
}

}  // namespace rocmforge::models
