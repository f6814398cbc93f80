// Represents a weight of a checkpoint as a matrix of numbers, independent of its storage format, and views of it: the
// same numbers in another order, with which one layout becomes another without a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "quant/formats.h"

namespace rocmforge::convert {

class Weight {
 public:
  virtual ~Weight() = default;

  const std::string& name() const { return name_; }
  std::span<const std::uint64_t> shape() const { return shape_; }
  std::uint64_t count() const;

  // The smallest GGUF format that holds these numbers without loss.
  virtual const quant::Format& format() const = 0;

  // Reads the numbers at `first`, `first + step` and so on, in the order of the shape. Thread-safe.
  virtual void read(std::uint64_t first, std::int64_t step, std::span<float> out) const = 0;

  // Reads the blocks that begin at number `first`, in GGUF's layout. Requires: format() is a block format.
  virtual void read_blocks(std::uint64_t first, std::span<std::byte> out) const;

  // Releases the memory of the bytes that were read.
  virtual void release() const noexcept {}

 protected:
  Weight(std::string name, std::vector<std::uint64_t> shape) : name_(std::move(name)), shape_(std::move(shape)) {}

 private:
  std::string name_;
  std::vector<std::uint64_t> shape_;
};

// A weight whose numbers are computed from the configuration.
class ComputedWeight final : public Weight {
 public:
  ComputedWeight(std::string name, std::vector<std::uint64_t> shape, std::vector<float> values)
      : Weight(std::move(name), std::move(shape)), values_(std::move(values)) {}
  const quant::Format& format() const override { return quant::format_of(quant::FormatId::kF32); }
  void read(std::uint64_t first, std::int64_t step, std::span<float> out) const override;

 private:
  std::vector<float> values_;
};

// A change that is applied to each number when it is read.
struct ValueChange {
  enum class Kind { kNone, kAdd, kMultiply, kNegativeExponential } kind = Kind::kNone;
  float operand = 0;

  float operator()(float value) const;
};

// A view of a weight's numbers as nested loops, from the outermost axis to the innermost.
struct View {
  struct Axis {
    std::uint64_t size = 0;
    std::int64_t step = 0;
  };
  const Weight* weight = nullptr;
  std::uint64_t first = 0;
  std::vector<Axis> axes;
  ValueChange change = {};

  static View of(const Weight& weight);

  std::uint64_t count() const;
  std::vector<std::uint64_t> shape() const;

  // Each returns another view. Throws Error, which names the weight, if a size does not fit.
  View split(std::size_t axis, std::uint64_t parts) const;  // an axis becomes two, the outer one with size `parts`
  View exchanged(std::size_t a, std::size_t b) const;
  View part(std::size_t axis, std::uint64_t begin, std::uint64_t size) const;
  View every(std::size_t axis, std::uint64_t begin, std::uint64_t step) const;
  View changed(ValueChange::Kind kind, float operand = 0) const;

  // Reads the numbers from `begin` on, in the view's order.
  void read(std::uint64_t begin, std::span<float> out) const;

  // Returns whether the rows of the view are rows, or whole runs of blocks, of the unchanged weight.
  bool keeps_blocks(const quant::Format& format) const;
  void read_blocks(std::uint64_t begin, std::uint64_t values, std::span<std::byte> out) const;

 private:
  void check_axis(std::size_t axis, std::uint64_t multiple) const;
  std::uint64_t place_of(std::uint64_t index) const;
};

}  // namespace rocmforge::convert
