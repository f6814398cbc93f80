// Functions that bind the tensors of each kind of layer part. `block` is the prefix of a layer's tensor names, such as
// "blk.3.".
#pragma once

#include <string>

#include "models/bind.h"

namespace rocmforge::models {

inline constexpr const char* kWidthKey = "embedding_length";

// Binds NAME.weight, or NAME in the files of a few architectures, and NAME.bias if the norm has a bias.
ops::Norm bind_norm(const NormSpec& spec, const std::string& name, Extent size, TensorSource& tensors);

// Binds a matrix without a bias.
ops::Linear bind_product(const std::string& name, Extent in, Extent out, TensorSource& tensors);

AttentionLayer bind_attention(const DecoderSpec& model, const AttentionSpec& spec, const std::string& block,
                              TensorSource& tensors, RopeTable& ropes);
LatentAttentionLayer bind_latent_attention(const DecoderSpec& model, const LatentAttentionSpec& spec,
                                           const std::string& block, TensorSource& tensors, RopeTable& ropes);
MambaLayer bind_mamba(const DecoderSpec& model, const MambaSpec& spec, const std::string& block, TensorSource& tensors);
Mamba2Layer bind_mamba2(const DecoderSpec& model, const Mamba2Spec& spec, const std::string& block,
                        TensorSource& tensors);
Plamo2MambaLayer bind_plamo2_mamba(const DecoderSpec& model, const Plamo2MambaSpec& spec, const std::string& block,
                                   TensorSource& tensors);
ShortConvolutionLayer bind_short_convolution(const DecoderSpec& model, const ShortConvolutionSpec& spec,
                                             const std::string& block, TensorSource& tensors);
DeltaNetLayer bind_delta_net(const DecoderSpec& model, const DeltaNetSpec& spec, const std::string& block,
                             TensorSource& tensors);
Rwkv6Layer bind_rwkv6(const DecoderSpec& model, const Rwkv6Spec& spec, const std::string& block, TensorSource& tensors);
Rwkv7Layer bind_rwkv7(const DecoderSpec& model, const Rwkv7Spec& spec, const std::string& block, TensorSource& tensors);
ChannelMixLayer bind_channel_mix(const DecoderSpec& model, const ChannelMixSpec& spec, const std::string& block,
                                 TensorSource& tensors);
FeedForwardLayer bind_feed_forward(const DecoderSpec& model, const FeedForwardSpec& spec, const std::string& block,
                                   TensorSource& tensors);
LayerInput bind_layer_input(const DecoderSpec& model, int number, const std::string& block, TensorSource& tensors);
AltUpLayer bind_altup(const DecoderSpec& model, const std::string& block, TensorSource& tensors);

}  // namespace rocmforge::models
