// Small models with random weights, of every architecture: made in memory, to be altered before they are opened.
//
// A tensor's numbers depend on its name, its shape and the seed alone, so that two models that differ in one option
// have everything else in common.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gguf/memory_image.h"
#include "gguf/reader.h"
#include "models/registry.h"
#include "models/tensor_list.h"
#include "quant/codec.h"
#include "support/random_model_keys.h"

namespace rocmforge::testing {

struct StoredTensor {
  std::string name;
  gguf::Shape shape;
  const quant::Format* format = nullptr;
  std::vector<std::byte> bytes;

  bool is_storable() const { return gguf::stored_size(*format, shape).fault.empty(); }
};

struct RandomModel {
  gguf::MetadataBuilder keys;
  std::vector<StoredTensor> tensors;

  const StoredTensor* find(std::string_view name) const {
    const auto found = std::ranges::find(tensors, name, &StoredTensor::name);
    return found == tensors.end() ? nullptr : &*found;
  }
  const StoredTensor& tensor(std::string_view name) const {
    const StoredTensor* found = find(name);
    if (found == nullptr) throw error(ErrorCode::kNotFound, "the random model has no tensor '{}'", name);
    return *found;
  }
  void erase(std::string_view name) {
    std::erase_if(tensors, [&](const StoredTensor& tensor) { return tensor.name == name; });
  }
};

// A model's file, in memory; errors call it kRandomModelName.
inline constexpr const char* kRandomModelName = "random.gguf";

class ModelFile {
 public:
  explicit ModelFile(const RandomModel& model)
      : image_(filled(model)), file_(gguf::File::from_memory(image_.bytes(), kRandomModelName)) {}

  const gguf::File& file() const { return file_; }
  std::span<const std::byte> bytes() const { return image_.bytes(); }

 private:
  static gguf::MemoryImage filled(const RandomModel& model) {
    std::vector<gguf::TensorSpec> specs;
    for (const StoredTensor& tensor : model.tensors) specs.push_back({tensor.name, tensor.format, tensor.shape});
    gguf::MemoryImage image(model.keys, specs);
    for (std::size_t t = 0; t < specs.size(); ++t) {
      if (image.tensor(t).size() != model.tensors[t].bytes.size()) {
        throw error(ErrorCode::kUsage, "the random model's tensor '{}' has {} bytes, its shape takes {}", specs[t].name,
                    model.tensors[t].bytes.size(), image.tensor(t).size());
      }
      std::ranges::copy(model.tensors[t].bytes, image.tensor(t).begin());
    }
    return image;
  }

  gguf::MemoryImage image_;
  gguf::File file_;
};

// ---- Numbers to bytes and back ----

inline std::vector<std::byte> encode(const quant::Format& format, const gguf::Shape& shape,
                                     std::span<const float> values) {
  const std::size_t row = shape.row_length();
  const std::size_t row_bytes = gguf::row_bytes(format, row);
  std::vector<std::byte> bytes(shape.rows() * row_bytes);
  for (std::size_t r = 0; r < shape.rows(); ++r) {
    const auto fault =
        quant::encode_row(format, values.subspan(r * row, row), {}, std::span(bytes).subspan(r * row_bytes, row_bytes));
    if (fault) throw error(ErrorCode::kUsage, "{} cannot hold {}", format.name, fault->value);
  }
  return bytes;
}

inline std::vector<float> decode(const StoredTensor& tensor) {
  const std::size_t row = tensor.shape.row_length();
  const std::size_t row_bytes = gguf::row_bytes(*tensor.format, row);
  std::vector<float> values(tensor.shape.count());
  for (std::size_t r = 0; r < tensor.shape.rows(); ++r) {
    quant::decode_row(*tensor.format, std::span(tensor.bytes).subspan(r * row_bytes, row_bytes),
                      std::span(values).subspan(r * row, row));
  }
  return values;
}

inline StoredTensor stored(std::string name, const gguf::Shape& shape, std::span<const float> values,
                           quant::FormatId format = quant::FormatId::kF32) {
  const quant::Format& of = quant::format_of(format);
  return {std::move(name), shape, &of, encode(of, shape, values)};
}

// ---- Building ----

// What trained tensors of the name are like, as far as it matters: norms near 1, the decay of a state negative,
// divisors of frequencies from 1 on, and matrices such that logits spread by a few.
inline float plausible(std::string_view name, float normal, const gguf::Shape& shape, bool is_matrix) {
  if (name.ends_with("_norm.weight") || name.ends_with("ssm_d")) return 1 + 0.1f * normal;
  if (name.ends_with("ssm_a")) return -std::exp(0.5f * normal);
  if (name.starts_with("rope_")) return 1 + std::fabs(normal);
  if (is_matrix) return 2 * normal / std::sqrt(static_cast<float>(shape.row_length()));
  return 0.3f * normal;
}

inline StoredTensor random_tensor(const RandomModelOptions& options, const std::string& name, const gguf::Shape& shape,
                                  bool is_matrix) {
  std::vector<std::uint32_t> seeds(name.begin(), name.end());
  seeds.push_back(options.seed);
  std::seed_seq sequence(seeds.begin(), seeds.end());
  std::mt19937 generator(sequence);
  std::normal_distribution<float> normal;
  std::vector<float> values(shape.count());
  for (float& value : values) value = plausible(name, normal(generator), shape, is_matrix);
  const bool fits = shape.row_length() % quant::format_of(options.format).block_values == 0;
  return stored(name, shape, values, is_matrix && fits ? options.format : quant::FormatId::kF32);
}

// The spec that the keys make of a file without tensors.
inline models::Description describe(const RandomModelOptions& options, const gguf::MetadataBuilder& keys) {
  const gguf::MemoryImage image(keys, {});
  const gguf::File file = gguf::File::from_memory(image.bytes(), kRandomModelName);
  const auto has_tensor = [&](const std::string& name) {
    if (name.starts_with("rope_freqs")) return options.divisors == RopeDivisors::kOne;
    if (name.starts_with("rope_factors")) return options.divisors == RopeDivisors::kLongAndShort;
    return options.has_optional_tensors;
  };
  return models::describe({file.metadata(), options.vocabulary, has_tensor});
}

inline int rotated_pairs(const models::DecoderSpec& spec) {
  for (const models::LayerSpec& layer : spec.layers) {
    const auto* attention = std::get_if<models::AttentionSpec>(&layer.mixer);
    if (attention != nullptr && attention->rope && attention->rope->has_divisors) {
      return attention->rope->dimensions / 2;
    }
  }
  return 0;
}

inline RandomModel random_model(const RandomModelOptions& options) {
  RandomModel model;
  model.keys = random_model_keys(options);
  const models::DecoderSpec spec = describe(options, model.keys).spec;
  for (const models::ListedTensor& listed : models::list_tensors(spec)) {
    if (listed.is_optional && !options.has_optional_tensors) continue;
    model.tensors.push_back(random_tensor(options, listed.name, listed.shape, listed.is_matrix));
  }
  if (options.has_own_output && spec.output == models::OutputMatrix::kOwnOrTied) {
    model.tensors.push_back(random_tensor(options, "output.weight", model.tensor("token_embd.weight").shape, true));
  }
  const gguf::Shape pairs = {static_cast<std::uint64_t>(rotated_pairs(spec))};
  std::vector<const char*> divisors;
  if (options.divisors == RopeDivisors::kOne) divisors = {"rope_freqs.weight"};
  if (options.divisors == RopeDivisors::kLongAndShort) {
    divisors = {"rope_factors_long.weight", "rope_factors_short.weight"};
  }
  if (pairs[0] == 0) divisors.clear();
  for (const char* name : divisors) model.tensors.push_back(random_tensor(options, name, pairs, false));
  return model;
}

}  // namespace rocmforge::testing
