// Summarizes what a file's metadata and tensors say about its model, for display and for planning memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gguf/reader.h"
#include "quant/formats.h"

namespace rocmforge::models {

// A number stated by a key, or inferred from the tensors' shapes if the key is missing.
struct Dimension {
  std::uint64_t value = 0;
  bool inferred = false;
};

// The range over all layers of a number that may differ from layer to layer.
struct LayerRange {
  std::uint64_t least = 0;
  std::uint64_t greatest = 0;
};

struct FormatShare {
  const quant::Format* format;
  std::uint64_t tensors = 0;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
};

struct TokenizerSummary {
  std::string model;
  std::string pre;  // the pre-tokenizer; may be empty
  std::uint64_t tokens = 0;
  std::uint64_t merges = 0;
  std::optional<std::uint64_t> bos;
  std::optional<std::uint64_t> eos;
};

// What a sequence keeps in the caches. All zero for encoders and for unknown architectures.
struct CacheShape {
  std::uint64_t attention_layers = 0;  // with keys and values of their own
  std::uint64_t recurrent_layers = 0;
  std::uint64_t values_per_token = 0;  // keys and values of all layers together
  std::uint64_t state_values = 0;      // of all recurrent layers, independent of the length; always float32
  bool has_window = false;             // some layers attend to a window only
};

struct ModelSummary {
  std::string architecture;
  std::string name;
  std::string type;  // general.type; empty for a model
  std::optional<std::uint32_t> file_type;

  std::uint64_t files = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0;
  std::uint64_t weight_bytes = 0;

  std::optional<std::uint64_t> context_length;
  std::optional<Dimension> width;
  std::optional<Dimension> layers;
  std::optional<Dimension> vocabulary;
  std::optional<Dimension> ffn_width;  // of the widest layer
  std::optional<LayerRange> heads;
  std::optional<LayerRange> kv_heads;
  std::optional<std::uint64_t> key_length;
  std::optional<std::uint64_t> value_length;
  std::uint64_t experts = 0;
  std::uint64_t experts_used = 0;
  bool tied_embeddings = false;  // the output matrix is the token embeddings; false if the architecture is unknown

  std::optional<TokenizerSummary> tokenizer;
  std::optional<std::uint64_t> chat_template_bytes;
  std::vector<FormatShare> formats;  // most bytes first
  CacheShape cache;

  double bits_per_weight() const;
  // Returns the bytes of keys, values and states of one sequence of `context` tokens.
  std::uint64_t cache_bytes(std::uint64_t context, const quant::Format& format) const;
};

// Summarizes the file. general.architecture may be missing (an importance matrix, a projector); then only the fields
// that need no key are filled in. Throws Error if a key has the wrong type.
ModelSummary summarize(const gguf::File& file);

}  // namespace rocmforge::models
