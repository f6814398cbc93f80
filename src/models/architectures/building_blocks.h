// What the architectures' files have in common: llama's block, from which most differ in a line or two.
#pragma once

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

// rms norms before attention and a gated feed-forward part, rotary positions in all layers, output tied where the file
// has none of its own.
DecoderSpec llama_like(Hyperparameters& h);

// A spec with layers of the same kind of norm and nothing else in them.
DecoderSpec bare_decoder(Hyperparameters& h, ops::NormKind norm, bool norm_bias);

// Heads and sizes by the keys that all share, checked: a layer's number where they may differ.
AttentionSpec attention_of(Hyperparameters& h, std::size_t layer);
FeedForwardSpec feed_forward_of(Hyperparameters& h, std::size_t layer);

// Whether most files of the architecture state the rotated dimensions and the base.
struct RopeHabits {
  ops::RopePairing pairing = ops::RopePairing::kNeighbours;
  bool states_dimensions = false;
  bool states_base = true;
};
RopeSpec rope_of(Hyperparameters& h, int head_size, const RopeHabits& habits);

// Far from any model's.
inline constexpr float kLeastRopeBase = 10;
inline constexpr float kMostRopeBase = 1e12f;

// A factor or limit that is stated: `none` where it is 0, as converters write it where there is none.
float number_or_none(Hyperparameters& h, std::string_view name, float none, float greatest);

// The experts' numbers by the keys that all share: width as stated, or the share of feed_forward_length.
ExpertsSpec experts_of(Hyperparameters& h);

// Which layers have a window: by attention.sliding_window_pattern (a period or a flag a layer), else by the period:
// layers with i % period < period - 1.
std::vector<bool> windowed_layers(Hyperparameters& h, int period);

template <typename Change>
void for_each_attention(DecoderSpec& spec, Change change) {
  for (LayerSpec& layer : spec.layers) change(std::get<AttentionSpec>(layer.mixer));
}

}  // namespace rocmforge::models
