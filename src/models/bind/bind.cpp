// Binds whole layers and the ends of a model from the parts in this folder.
#include "models/bind.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "models/bind/parts.h"
#include "models/forward/parts.h"

namespace rocmforge::models {

ops::Norm bind_norm(const NormSpec& spec, const std::string& name, Extent size, TensorSource& tensors) {
  ops::Norm norm;
  norm.kind = spec.kind;
  norm.epsilon = spec.epsilon;
  norm.weights = static_cast<int>(size.size);
  if (spec.has_weight) norm.weight = tensors.vector(tensors.has(name) ? name : name + ".weight", {size});
  if (spec.has_bias) norm.bias = tensors.vector(name + ".bias", {size});
  return norm;
}

ops::Linear bind_product(const std::string& name, Extent in, Extent out, TensorSource& tensors) {
  return {tensors.matrix(name + ".weight", {in, out})};
}

namespace {

void bind_norms(const DecoderSpec& model, const LayerSpec& spec, const std::string& block, TensorSource& tensors,
                Layer& layer) {
  const auto norm = [&](const std::string& name) -> ops::Norm {
    if (name.empty()) return {};
    return bind_norm(model.norm, block + name, {model.width, kWidthKey}, tensors);
  };
  if (layer.mix != nullptr) {
    layer.mixer_norm = norm(spec.norms.mixer);
    layer.mixer_post_norm = norm(spec.norms.mixer_post);
    layer.mixer_second_post_norm = norm(spec.norms.mixer_second_post);
  }
  if (layer.cross_attention != nullptr) layer.cross_norm = norm(spec.norms.cross);
  if (layer.feed_forward != nullptr) {
    layer.ffn_norm = norm(spec.norms.ffn);
    layer.ffn_post_norm = norm(spec.norms.ffn_post);
  }
}

// Binds a layer's mixer, with one function per kind of mixer.
class MixerBinder {
 public:
  MixerBinder(const DecoderSpec& model, const std::string& block, TensorSource& tensors, RopeTable& ropes)
      : model_(model), block_(block), tensors_(tensors), ropes_(ropes) {}

  MixerLayer operator()(std::monostate) const { return {}; }
  MixerLayer operator()(const AttentionSpec& spec) const {
    return bind_attention(model_, spec, block_, tensors_, ropes_);
  }
  MixerLayer operator()(const LatentAttentionSpec& spec) const {
    return bind_latent_attention(model_, spec, block_, tensors_, ropes_);
  }
  MixerLayer operator()(const MambaSpec& spec) const { return bind_mamba(model_, spec, block_, tensors_); }
  MixerLayer operator()(const Mamba2Spec& spec) const { return bind_mamba2(model_, spec, block_, tensors_); }
  MixerLayer operator()(const Plamo2MambaSpec& spec) const { return bind_plamo2_mamba(model_, spec, block_, tensors_); }
  MixerLayer operator()(const ShortConvolutionSpec& spec) const {
    return bind_short_convolution(model_, spec, block_, tensors_);
  }
  MixerLayer operator()(const DeltaNetSpec& spec) const { return bind_delta_net(model_, spec, block_, tensors_); }
  MixerLayer operator()(const Rwkv6Spec& spec) const { return bind_rwkv6(model_, spec, block_, tensors_); }
  MixerLayer operator()(const Rwkv7Spec& spec) const { return bind_rwkv7(model_, spec, block_, tensors_); }

 private:
  const DecoderSpec& model_;
  const std::string& block_;
  TensorSource& tensors_;
  RopeTable& ropes_;
};

// Binds a table of embeddings. A stored scale would be applied by matrix products only, so it is multiplied into the
// table's own factor.
EmbeddingTable bind_table(const std::string& name, Extent width, Extent rows, Need need, float scale,
                          TensorSource& tensors) {
  EmbeddingTable table{tensors.matrix(name + ".weight", {width, rows}, need), scale};
  table.rows.scale = nullptr;
  if (!tensors.has(name + ".scale")) return table;
  const std::vector<float> values = tensors.numbers(name + ".scale", {{1, "1"}});
  if (!values.empty()) table.scale *= values.front();
  return table;
}

LayerInputSource bind_layer_input_source(const DecoderSpec& spec, TensorSource& tensors) {
  LayerInputSource source;
  const int own = spec.layer_inputs.width;
  if (own == 0) return source;
  const Extent width = {spec.width, kWidthKey};
  const Extent all = {static_cast<std::int64_t>(own) * static_cast<std::int64_t>(spec.layers.size()),
                      "embedding_length_per_layer_input × block_count"};
  source.tokens = bind_table("per_layer_token_embd", all, {spec.vocabulary, "tokens"}, Need::kRequired,
                             std::sqrt(static_cast<float>(own)), tensors);
  source.projection = bind_product("per_layer_model_proj", width, all, tensors);
  source.projection_scale = 1 / std::sqrt(static_cast<float>(spec.width));
  source.norm = bind_norm(spec.norm, "per_layer_proj_norm", {own, "embedding_length_per_layer_input"}, tensors);
  source.norm.group = own;
  return source;
}

ops::Weight bind_streams(const DecoderSpec& spec, const std::string& name, TensorSource& tensors) {
  if (spec.altup.streams == 0) return {};
  const Extent width = {spec.width, kWidthKey};
  return tensors.matrix(name, {width, width, {spec.altup.streams - 1, "altup streams but one"}});
}

}  // namespace

int RopeTable::number_of(const RopeSpec& rope) {
  const auto found = std::ranges::find(ropes_, rope);
  if (found == ropes_.end()) ropes_.push_back(rope);
  return static_cast<int>(std::ranges::find(ropes_, rope) - ropes_.begin());
}

InputLayer bind_input(const DecoderSpec& spec, TensorSource& tensors) {
  const Extent width = {spec.width, kWidthKey};
  InputLayer input;
  input.tokens =
      bind_table("token_embd", width, {spec.vocabulary, "tokens"}, Need::kRequired, spec.embedding_scale, tensors);
  if (spec.learned_positions != Need::kNever) {
    const Extent positions = {spec.context, "context_length"};
    input.positions = bind_table("position_embd", width, positions, spec.learned_positions, 1, tensors);
  }
  if (spec.token_types != Need::kNever) {
    input.token_types = bind_table("token_types", width, {0, "any number"}, spec.token_types, 1, tensors);
  }
  if (spec.normalizes_embeddings) input.norm = bind_norm(spec.norm, "token_embd_norm", width, tensors);
  input.layer_inputs = bind_layer_input_source(spec, tensors);
  input.streams = bind_streams(spec, "altup_proj.weight", tensors);
  input.stream_count = spec.altup.streams;
  return input;
}

Layer bind_layer(const DecoderSpec& model, int number, TensorSource& tensors, RopeTable& ropes) {
  const LayerSpec& spec = model.layers[static_cast<std::size_t>(number)];
  const std::string block = fmt::format("{}blk.{}.", model.prefix, number);
  Layer layer;
  layer.run = layer_function(spec);
  layer.mix = mixer_function(spec);
  layer.cross_attention = spec.cross ? cross_attention : nullptr;
  layer.feed_forward = feed_forward_function(spec);
  layer.residual_scale = spec.residual_scale;
  layer.output_scale = spec.output_scale;
  bind_norms(model, spec, block, tensors, layer);
  layer.mixer = std::visit(MixerBinder(model, block, tensors, ropes), spec.mixer);
  if (spec.beside) layer.beside = bind_mamba2(model, *spec.beside, block, tensors);
  if (spec.cross) layer.cross = bind_attention(model, *spec.cross, block + "cross_", tensors, ropes);
  if (spec.ffn) layer.ffn = bind_feed_forward(model, *spec.ffn, block, tensors);
  if (spec.channel_mix) layer.channel_mix = bind_channel_mix(model, *spec.channel_mix, block, tensors);
  layer.input = bind_layer_input(model, number, block, tensors);
  layer.altup = bind_altup(model, block, tensors);
  if (spec.stored_output_scale != Need::kNever) {
    const std::vector<float> scale = tensors.numbers(block + "layer_output_scale.weight", {{1, "1"}});
    if (!scale.empty()) layer.output_scale *= scale.front();
  }
  return layer;
}

OutputLayer bind_output(const DecoderSpec& spec, TensorSource& tensors) {
  OutputLayer output;
  const Extent width = {spec.width, kWidthKey};
  output.streams = bind_streams(spec, "altup_unembd_proj.weight", tensors);
  output.stream_count = spec.altup.streams;
  if (!spec.output_norm.empty()) output.norm = bind_norm(spec.norm, spec.prefix + spec.output_norm, width, tensors);
  if (spec.output == OutputMatrix::kNone) return output;
  const bool is_tied = spec.is_output_tied(tensors.has("output.weight"));
  const Extent rows = {spec.vocabulary, "rows of token_embd.weight"};
  output.logits = {tensors.matrix(is_tied ? "token_embd.weight" : "output.weight", {width, rows}),
                   tensors.vector("output.bias", {rows}, spec.output_bias)};
  return output;
}

RopeTable ask_for_all(const DecoderSpec& spec, TensorSource& tensors) {
  RopeTable ropes;
  bind_input(spec, tensors);
  for (int number = 0; number < static_cast<int>(spec.layers.size()); ++number) {
    bind_layer(spec, number, tensors, ropes);
  }
  bind_output(spec, tensors);
  if (spec.encoder != nullptr) ask_for_all(*spec.encoder, tensors);
  return ropes;
}

}  // namespace rocmforge::models
