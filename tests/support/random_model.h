// Makes small models with random weights, of every architecture, in memory, so that tests can modify them before they
// are opened.
//
// A tensor's values depend only on its name, its shape and the seed, so two models that differ in one option have
// everything else in common.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/memory_image.h"
#include "gguf/reader.h"
#include "models/registry.h"
#include "support/random_model_keys.h"

namespace rocmforge::testing {

struct StoredTensor {
  std::string name;
  gguf::Shape shape;
  const quant::Format* format = nullptr;
  std::vector<std::byte> bytes;

  bool is_storable() const;
};

struct RandomModel {
  gguf::MetadataBuilder keys;
  std::vector<StoredTensor> tensors;

  const StoredTensor* find(std::string_view name) const;
  const StoredTensor& tensor(std::string_view name) const;
  void erase(std::string_view name);
};

// A model's file in memory; errors name it kRandomModelName.
inline constexpr const char* kRandomModelName = "random.gguf";

class ModelFile {
 public:
  explicit ModelFile(const RandomModel& model);

  const gguf::File& file() const { return file_; }
  std::span<const std::byte> bytes() const { return image_.bytes(); }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes().data()), bytes().size()}; }

 private:
  gguf::MemoryImage image_;
  gguf::File file_;
};

// ---- Numbers to bytes and back ----

std::vector<std::byte> encode(const quant::Format& format, const gguf::Shape& shape, std::span<const float> values);
std::vector<float> decode(const StoredTensor& tensor);
StoredTensor stored(std::string name, const gguf::Shape& shape, std::span<const float> values,
                    quant::FormatId format = quant::FormatId::kF32);

// ---- Building ----

bool is_norm(std::string_view name);

// Returns values that resemble those of a trained tensor of this name, as far as it matters.
StoredTensor random_tensor(const RandomModelOptions& options, const std::string& name, const gguf::Shape& shape,
                           bool is_matrix);

// Returns the description that the keys give for a file without tensors.
models::Description describe(const RandomModelOptions& options, const gguf::MetadataBuilder& keys);

RandomModel random_model(const RandomModelOptions& options);

}  // namespace rocmforge::testing
