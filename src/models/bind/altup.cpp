// Binds what Gemma 3n and 4 add to a layer: per-layer embeddings (both), and AltUp's mixing of streams (3n).
#include "models/bind/parts.h"

namespace rocmforge::models {

LayerInput bind_layer_input(const DecoderSpec& model, int number, const std::string& block, TensorSource& tensors) {
  LayerInput input;
  if (model.layer_inputs.width == 0) return input;
  const Extent width = {model.width, kWidthKey};
  const Extent own = {model.layer_inputs.width, "embedding_length_per_layer_input"};
  input.number = number;
  input.gate = bind_product(block + "inp_gate", width, own, tensors);
  input.projection = bind_product(block + "proj", own, width, tensors);
  input.norm = bind_norm(model.norm, block + "post_norm", width, tensors);
  return input;
}

AltUpLayer bind_altup(const DecoderSpec& model, const std::string& block, TensorSource& tensors) {
  AltUpLayer layer;
  if (model.altup.streams == 0) return layer;
  const Extent width = {model.width, kWidthKey};
  const Extent streams = {model.altup.streams, "altup streams"};
  const Extent pairs = {std::int64_t{model.altup.streams} * model.altup.streams, "altup streams squared"};
  const Extent rank = {model.altup.laurel_rank, "laurel rank"};
  layer.router_norm = bind_norm(model.norm, block + "altup_router_norm", width, tensors);
  layer.router = bind_product(block + "altup_router", width, streams, tensors);
  layer.predict = bind_product(block + "altup_predict_coef", streams, pairs, tensors);
  layer.correct = bind_product(block + "altup_correct_coef", streams, streams, tensors);
  layer.correct_scale = tensors.vector(block + "altup_correct_scale.weight", {width});
  layer.laurel_down = bind_product(block + "laurel_l", width, rank, tensors);
  layer.laurel_up = bind_product(block + "laurel_r", rank, width, tensors);
  layer.laurel_norm = bind_norm(model.norm, block + "laurel_post_norm", width, tensors);
  return layer;
}

}  // namespace rocmforge::models
