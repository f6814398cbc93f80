// What the architectures' files have in common: llama's block, from which most differ in a line or two.
#pragma once

#include <string_view>
#include <vector>

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

// rms norms before attention and a gated feed-forward part, rotary positions in all layers, output tied where the file
// has none of its own.
DecoderSpec llama_like(Hyperparameters& h);

// A spec with layers of the same kind of norm and nothing else in them.
DecoderSpec bare_decoder(Hyperparameters& h, ops::NormKind norm, bool norm_bias);

// Heads and sizes by the keys that all share, checked: a layer's number where they may differ. Biases of queries, keys
// and values where the file has them.
AttentionSpec attention_of(Hyperparameters& h, std::size_t layer);
FeedForwardSpec feed_forward_of(Hyperparameters& h, std::size_t layer);

// Whether most files of the architecture state the rotated dimensions and the base.
struct RopeHabits {
  ops::RopePairing pairing = ops::RopePairing::kNeighbours;
  bool states_dimensions = false;
  bool states_base = true;
};
inline constexpr RopeHabits kRotatesHalves = {.pairing = ops::RopePairing::kHalves};

RopeSpec rope_of(Hyperparameters& h, int head_size, const RopeHabits& habits);

// The same rotation on all attention layers.
void rotate(Hyperparameters& h, DecoderSpec& spec, const RopeHabits& habits);
// The rope of windowed layers where it has a base of its own, by rope.freq_base_swa, which most files of the
// architecture state or do not.
RopeSpec with_window_base(Hyperparameters& h, RopeSpec rope, bool states_base = false);

// llama_like, rotated, with biases of attention where the file has them.
DecoderSpec rotated_llama(Hyperparameters& h, const RopeHabits& habits);
// Layer norms in place of rms norms.
DecoderSpec layer_norm_like(Hyperparameters& h, bool norm_bias);

void allow_attention_biases(DecoderSpec& spec, Need need = Need::kOptional);
void normalize_queries_and_keys(DecoderSpec& spec, const QueryKeyNormSpec& norm = {});
// The results of both parts are normalized before they are added.
void normalize_results(DecoderSpec& spec);
// A feed-forward part without a gate.
void remove_gates(DecoderSpec& spec, ops::Activation activation, Need bias = Need::kNever);

// Far from any model's.
inline constexpr float kLeastRopeBase = 10;
inline constexpr float kMostRopeBase = 1e12f;

// A factor or limit that is stated: `none` where it is 0, as converters write it where there is none.
float number_or_none(Hyperparameters& h, std::string_view name, float none, float greatest, float least = 1e-2f);
// A limit of logits: as stated, 0 for none; without the key none, or what most files state, with a warning.
float soft_cap_or_none(Hyperparameters& h, std::string_view name);
float expected_soft_cap(Hyperparameters& h, std::string_view name, float otherwise);
// A factor where most files state one: a warning where it is missing.
float expected_factor(Hyperparameters& h, std::string_view name, float otherwise);

// An Error that names both keys where the one's value does not divide the other's.
void check_divisor(const Hyperparameters& h, const char* key, int divisor, const char* of, int whole);

// Which layers have a window: by attention.sliding_window_pattern (a period or a flag a layer), else by the period:
// layers with i % period < period - 1.
std::vector<bool> windowed_layers(Hyperparameters& h, int period);

// The same, where the file must say it.
std::vector<bool> stated_windowed_layers(Hyperparameters& h);

// Windows on those layers, and none on the others.
void set_windows(DecoderSpec& spec, const std::vector<bool>& windowed, int window);

// change(attention, number of the layer), of the layers that have attention.
template <typename Change>
void for_each_attention(DecoderSpec& spec, Change change) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (auto* attention = std::get_if<AttentionSpec>(&spec.layers[i].mixer)) change(*attention, i);
  }
}

}  // namespace rocmforge::models
