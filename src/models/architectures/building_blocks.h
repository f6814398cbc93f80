// Building blocks of the architectures' files: llama's block, from which most architectures differ in a line or two.
#pragma once

#include <string_view>
#include <vector>

#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

// Returns llama's block: RMS norms before attention and before a gated feed-forward part, and an output tied to the
// embeddings if the file has none of its own. Positions are not rotated yet; see rotate().
DecoderSpec llama_like(Hyperparameters& h);

// Returns a spec whose layers have norms of the given kind and no parts.
DecoderSpec bare_decoder(Hyperparameters& h, ops::NormKind norm, bool norm_bias);

// Return a layer's attention and feed-forward part as stated by the keys that all architectures share. Biases of
// queries, keys and values are optional.
AttentionSpec attention_of(Hyperparameters& h, std::size_t layer);
FeedForwardSpec feed_forward_of(Hyperparameters& h, std::size_t layer);

// How rotary positions work in an architecture, and whether most of its files state the rotated dimensions and the
// base. If most files state a value, a warning is given when it is missing.
struct RopeHabits {
  ops::RopePairing pairing = ops::RopePairing::kNeighbours;
  bool states_dimensions = false;
  bool states_base = true;
};
inline constexpr RopeHabits kRotatesHalves = {.pairing = ops::RopePairing::kHalves};

RopeSpec rope_of(Hyperparameters& h, int head_size, const RopeHabits& habits);

// Sets the same rotation in all attention layers.
void rotate(Hyperparameters& h, DecoderSpec& spec, const RopeHabits& habits);
// Returns the rope of windowed layers, with the base of rope.freq_base_swa if the file has it. `states_base` says
// whether most files of the architecture do.
RopeSpec with_window_base(Hyperparameters& h, RopeSpec rope, bool states_base = false);

// Returns llama_like() with rotation and with optional attention biases.
DecoderSpec rotated_llama(Hyperparameters& h, const RopeHabits& habits);
// Returns llama_like() with layer norms instead of RMS norms.
DecoderSpec layer_norm_like(Hyperparameters& h, bool norm_bias);

void allow_attention_biases(DecoderSpec& spec, Need need = Need::kOptional);
void normalize_queries_and_keys(DecoderSpec& spec, const QueryKeyNormSpec& norm = {});
// Adds a norm to the results of both parts, before they are added to the stream.
void normalize_results(DecoderSpec& spec);
// Removes the gate of all feed-forward parts.
void remove_gates(DecoderSpec& spec, ops::Activation activation, Need bias = Need::kNever);

// Generous bounds of a rope base.
inline constexpr float kLeastRopeBase = 10;
inline constexpr float kMostRopeBase = 1e12f;

// Returns a stated factor or limit, or `none` if it is 0: converters write 0 for a value that does not apply.
float number_or_none(Hyperparameters& h, std::string_view name, float none, float greatest, float least = 1e-2f);
// Return a soft cap of logits, 0 for none. If the key is missing, the first returns 0 and the second returns
// `otherwise` with a warning.
float soft_cap_or_none(Hyperparameters& h, std::string_view name);
float expected_soft_cap(Hyperparameters& h, std::string_view name, float otherwise);
// Returns a factor that most files state, or `otherwise` with a warning.
float expected_factor(Hyperparameters& h, std::string_view name, float otherwise);

// Throws Error, with both keys' names, if `divisor` does not divide `whole`.
void check_divisor(const Hyperparameters& h, const char* key, int divisor, const char* of, int whole);

// Returns which layers have a window. The key attention.sliding_window_pattern has a period or one flag per layer;
// without the key `period` is used. With a period, layers with i % period < period - 1 have a window.
std::vector<bool> windowed_layers(Hyperparameters& h, int period);

// Returns the same for architectures that must state the key. Throws Error if it is missing.
std::vector<bool> stated_windowed_layers(Hyperparameters& h);

// Sets the window of the given layers and removes that of the others.
void set_windows(DecoderSpec& spec, const std::vector<bool>& windowed, int window);

// Calls change(attention, layer index) for every layer that has attention.
template <typename Change>
void for_each_attention(DecoderSpec& spec, Change change) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (auto* attention = std::get_if<AttentionSpec>(&spec.layers[i].mixer)) change(*attention, i);
  }
}

}  // namespace rocmforge::models
