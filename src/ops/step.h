// A step: the tokens of one or more sequences that are computed together, and where their keys, values and states are
// stored.
//
// Prefill and decode are the same thing: a sequence has as many rows as it has tokens to catch up with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quant/formats.h"

namespace rocmforge::ops {

// The consecutive rows of one sequence, at positions first_position, first_position + 1, …
struct SequenceRows {
  std::int32_t first_row = 0;
  std::int32_t rows = 0;
  std::int32_t first_position = 0;
  std::int32_t state_slot = 0;     // slot of the sequence's state in recurrent layers
  std::int32_t source_length = 0;  // positions of the encoder's output; see Attention::is_cross_attention

  std::int32_t end_position() const { return first_position + rows; }
};

// A step lives in host memory and must not change between begin_step() and end_step(). A backend with its own memory
// copies the step once, in begin_step().
struct Step {
  std::span<const std::int32_t> tokens;     // [rows]
  std::span<const std::int32_t> positions;  // [rows]
  std::span<const std::int32_t> sequence;   // [rows]: index into `sequences` of the row's sequence
  std::span<const SequenceRows> sequences;

  // Block tables, [groups, sequences, table_length]. The entry at position / block_tokens is the block that holds the
  // position in the layers of the group. Entries of blocks that no row can see may be any number.
  std::span<const std::int32_t> block_tables;
  std::int32_t table_length = 0;

  std::int64_t rows() const { return static_cast<std::int64_t>(tokens.size()); }
  std::span<const std::int32_t> table(int group, std::int32_t of_sequence) const {
    const std::size_t index =
        static_cast<std::size_t>(group) * sequences.size() + static_cast<std::size_t>(of_sequence);
    return block_tables.subspan(index * static_cast<std::size_t>(table_length), static_cast<std::size_t>(table_length));
  }
};

// The cached keys and values of one layer, in blocks of `block_tokens` positions: [block, kv_head, position, row].
//
// A row holds one head's values in the cache's format, padded with zeros to whole format blocks, so that a head of any
// size can be stored in any format. `values` is absent if the values are the first part of the keys (latent attention).
struct PagedKvView {
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
  const quant::Format* key_format = nullptr;
  const quant::Format* value_format = nullptr;
  int group = 0;
  int block_tokens = 0;
  int kv_heads = 0;
  int key_size = 0;  // number of values of a head, without the padding
  int value_size = 0;

  static int padded(const quant::Format& format, int size) {
    const int block = static_cast<int>(format.block_values);
    return (size + block - 1) / block * block;
  }
  static std::int64_t bytes_of_row(const quant::Format& format, int size) {
    return padded(format, size) / static_cast<int>(format.block_values) * static_cast<std::int64_t>(format.block_bytes);
  }
  std::int64_t key_row_bytes() const { return bytes_of_row(*key_format, key_size); }
  std::int64_t value_row_bytes() const { return values == nullptr ? 0 : bytes_of_row(*value_format, value_size); }

  // Return the first of the block_tokens consecutive rows of a head in a block.
  std::byte* key_rows(std::int32_t block, int head) const {
    return keys + (static_cast<std::int64_t>(block) * kv_heads + head) * block_tokens * key_row_bytes();
  }
  std::byte* value_rows(std::int32_t block, int head) const {
    return values + (static_cast<std::int64_t>(block) * kv_heads + head) * block_tokens * value_row_bytes();
  }
};

// The states of one recurrent layer: float32, one slot per sequence, zero before a sequence's first token.
struct StateView {
  float* convolution = nullptr;  // [slot, taps - 1, channels]: the latest inputs, oldest first
  float* recurrent = nullptr;    // [slot, …]: the state of the layer's recurrence
  std::int64_t convolution_size = 0;
  std::int64_t recurrent_size = 0;

  float* convolution_of(std::int32_t slot) const { return convolution + slot * convolution_size; }
  float* recurrent_of(std::int32_t slot) const { return recurrent + slot * recurrent_size; }
};

}  // namespace rocmforge::ops
