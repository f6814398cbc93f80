// Makes models that are damaged in one place: a tensor or key that is missing, misnamed, of another shape or type, or
// absurd.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/random_model.h"

namespace rocmforge::testing {

struct Damage {
  std::string name;  // name of the tensor or key
  std::string what;  // "removed", "is the integer -1"
  RandomModel model;
  // The model whose output the damaged one must give if it runs, if that is not the intact model.
  std::optional<RandomModel> same_as;
};

// ---- Tensors ----

// Returns the tensor with another shape. The values repeat if the shape needs more of them.
inline StoredTensor reshaped(const StoredTensor& tensor, const gguf::Shape& shape) {
  const std::vector<float> values = decode(tensor);
  std::vector<float> resized(shape.count());
  for (std::size_t i = 0; i < resized.size(); ++i) resized[i] = values[i % values.size()];
  return stored(tensor.name, shape, resized);
}

inline std::vector<gguf::Shape> wrong_shapes(const gguf::Shape& shape) {
  const std::vector<std::uint64_t> right(shape.dimensions().begin(), shape.dimensions().end());
  std::vector<std::vector<std::uint64_t>> wrong;
  for (std::size_t d = 0; d < right.size(); ++d) {
    for (const std::uint64_t size : {right[d] + 1, right[d] - 1, right[d] / 2, right[d] * 2}) {
      wrong.push_back(right);
      wrong.back()[d] = size;
    }
  }
  wrong.push_back({shape.count()});
  wrong.push_back({right.rbegin(), right.rend()});
  for (const std::uint64_t size : {1, 2}) {
    wrong.push_back(right);
    wrong.back().push_back(size);
    wrong.push_back(right);
    wrong.back().insert(wrong.back().begin(), size);
  }
  std::vector<gguf::Shape> shapes;
  for (const std::vector<std::uint64_t>& dimensions : wrong) {
    const gguf::Shape made{std::span<const std::uint64_t>(dimensions)};
    if (made.count() > 0 && made != shape) shapes.push_back(made);
  }
  return shapes;
}

// Returns the same values in another format, as precisely as it can hold them.
inline StoredTensor retyped(const StoredTensor& tensor, quant::FormatId id) {
  const std::vector<float> values = decode(tensor);
  if (id != quant::FormatId::kI32) return stored(tensor.name, tensor.shape, values, id);
  std::vector<std::int32_t> integers;
  for (const float value : values) integers.push_back(static_cast<std::int32_t>(std::lround(value)));
  const auto bytes = std::as_bytes(std::span(integers));
  return {tensor.name, tensor.shape, &quant::format_of(id), {bytes.begin(), bytes.end()}};
}

template <typename Visit>
void for_each_damaged_tensor(const RandomModel& model, Visit visit) {
  for (std::size_t t = 0; t < model.tensors.size(); ++t) {
    const StoredTensor& sound = model.tensors[t];
    Damage damage{sound.name, "removed", model, {}};
    damage.model.erase(sound.name);
    visit(damage);
    const auto replaced = [&](std::string what, StoredTensor by) {
      damage.what = std::move(what);
      damage.model.tensors = model.tensors;
      damage.model.tensors[t] = std::move(by);
      visit(damage);
    };
    for (const std::string& name : {sound.name + "x", "x" + sound.name}) {
      StoredTensor renamed = sound;
      renamed.name = name;
      replaced("renamed to " + name, renamed);
    }
    for (const gguf::Shape& shape : wrong_shapes(sound.shape)) {
      replaced("of shape " + to_string(shape), reshaped(sound, shape));
    }
    for (const quant::FormatId id : {quant::FormatId::kF16, quant::FormatId::kQ8_0, quant::FormatId::kI32}) {
      const quant::Format& format = quant::format_of(id);
      if (!gguf::stored_size(format, sound.shape).fault.empty()) continue;
      const StoredTensor rounded = retyped(sound, id);
      damage.same_as.reset();
      if (!format.is_integer()) {
        damage.same_as = model;
        damage.same_as->tensors[t] = stored(sound.name, sound.shape, decode(rounded));
      }
      replaced("of type " + std::string(format.name), rounded);
    }
  }
}

// Visits models with an additional tensor that no architecture expects.
template <typename Visit>
void for_each_added_tensor(const RandomModel& model, Visit visit) {
  const StoredTensor extra =
      stored("", model.tensor("token_embd.weight").shape, decode(model.tensor("token_embd.weight")));
  for (const char* name : {"extra.weight", "blk.0.extra.weight", "blk.99.attn_norm.weight", "xblk.0.attn_norm.weight",
                           "token_embd.scale", "blk.0.", "blk.", ""}) {
    Damage damage{name, "added", model, {}};
    damage.model.tensors.push_back(extra);
    damage.model.tensors.back().name = name;
    visit(damage);
  }
}

// ---- Keys ----

template <typename Visit>
class KeyDamager {
 public:
  KeyDamager(const RandomModel& model, std::string key, Visit& visit)
      : model_(model), damage_{std::move(key), "", model, {}}, visit_(visit) {}

  void remove() {
    damage_.what = "removed";
    damage_.model.keys.erase(damage_.name);
    report();
  }
  template <typename T>
  void set(std::string what, const T& value) {
    damage_.what = std::move(what);
    damage_.model.keys.set(damage_.name, value);
    report();
  }
  template <typename T>
  void set_array(std::string what, const std::vector<T>& values) {
    damage_.what = std::move(what);
    damage_.model.keys.set_array(damage_.name, values);
    report();
  }
  void set_texts(std::string what, std::span<const std::string> values) {
    damage_.what = std::move(what);
    damage_.model.keys.set_array(damage_.name, values);
    report();
  }

 private:
  void report() {
    visit_(damage_);
    damage_.model.keys = model_.keys;
  }

  const RandomModel& model_;
  Damage damage_;
  Visit& visit_;
};

// Counts beyond what a model can have, beyond 32 bits, and plausible ones that do not match this model.
inline constexpr std::uint64_t kHugeCounts[] = {
    1 << 14, 1 << 20, 1 << 30, 1u << 31, std::uint64_t{1} << 62, std::numeric_limits<std::uint64_t>::max()};

template <typename Visit>
void for_each_damaged_key(const RandomModel& model, Visit visit) {
  const ModelFile file(model);
  for (const auto& [name, value] : file.file().metadata().entries()) {
    KeyDamager<Visit> damager(model, std::string(name), visit);
    damager.remove();
    const std::vector<std::string> texts = {"4", "8"};
    for (const char* text : {"", "1", "nonsense"}) damager.set("is '" + std::string(text) + "'", std::string(text));
    if (value.type() != gguf::ValueType::kBool) damager.set("is a bool", true);
    damager.set_texts("is an array of strings", texts);
    damager.set_array("is an empty array", std::vector<std::uint32_t>());
    damager.set_array("is an array of 7", std::vector<std::uint32_t>(7, 1));
    damager.set_array("is an array of a million", std::vector<std::uint32_t>(1 << 20, 1));
    damager.set_array("is an array of floats", std::vector<float>(2, 1.0f));
    damager.set("is the integer 0", std::uint32_t{0});
    damager.set("is the integer 1", std::uint32_t{1});
    damager.set("is the integer -1", std::int32_t{-1});
    for (const std::uint64_t count : kHugeCounts) damager.set("is the integer " + std::to_string(count), count);
    damager.set("is the float 0", 0.0f);
    damager.set("is the float 1", 1.0f);
    damager.set("is the float -1", -1.0f);
    damager.set("is the float 1e30", 1e30f);
    damager.set("is the float 1e-30", 1e-30f);
    damager.set("is the double 1e300", 1e300);
    damager.set("is NaN", std::numeric_limits<float>::quiet_NaN());
    damager.set("is infinite", std::numeric_limits<float>::infinity());
    damager.set("is negatively infinite", -std::numeric_limits<float>::infinity());
    if (!gguf::is_integer(value.type())) continue;
    const auto count = file.file().metadata().template get<std::int64_t>(name);
    damager.set_array("is an array of one a layer", std::vector<std::int64_t>(2, count));
    damager.set_array("is an array that ends in 0", std::vector<std::int64_t>{count, 0});
    damager.set_array("is an array that begins with 0", std::vector<std::int64_t>{0, count});
    damager.set_array("is an array that ends in -1", std::vector<std::int64_t>{count, -1});
  }
}

}  // namespace rocmforge::testing
