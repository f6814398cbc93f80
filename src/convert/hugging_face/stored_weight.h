// The base class of weights that are stored in a file and whose numbers are read one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "convert/hugging_face/quantized_weights.h"

namespace rocmforge::convert {

template <typename T>
T element_at(std::span<const std::byte> bytes, std::uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

inline std::uint8_t byte_at(std::span<const std::byte> bytes, std::uint64_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

// Returns one number. Requires: the element type holds one number each, not packed codes.
float number_at(const StoredTensor& tensor, std::uint64_t index);

std::uint64_t count_of(const StoredTensor& tensor);

// Returns the Error "FILE: tensor 'NAME' is F32 [3], expected ...".
Error misfit(const StoredTensor& part, const std::string& expected);

class StoredWeight : public Weight {
 public:
  void release() const noexcept final { storage_.checkpoint.release(storage_.tensor); }
  void read(std::uint64_t first, std::int64_t step, std::span<float> out) const override {
    auto place = static_cast<std::int64_t>(first);
    for (float& value : out) {
      value = at(static_cast<std::uint64_t>(place));
      place += step;
    }
  }

 protected:
  StoredWeight(std::string name, std::vector<std::uint64_t> shape, Storage storage)
      : Weight(std::move(name), std::move(shape)), storage_(storage) {}

  virtual float at(std::uint64_t index) const = 0;

  std::uint64_t columns() const { return shape().back(); }
  const StoredTensor& stored() const { return storage_.tensor; }

 private:
  Storage storage_;
};

}  // namespace rocmforge::convert
