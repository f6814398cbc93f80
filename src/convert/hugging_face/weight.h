// A weight of a checkpoint as a matrix of numbers, whatever it is stored in, and views of it: the same numbers in
// another order, which is how one layout becomes another without a copy.
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

  // The format of GGUF files that holds these numbers without loss and without waste.
  virtual const quant::Format& format() const = 0;

  // The numbers at `first`, `first + step` ..., in the order of the shape. Any number of threads at once.
  virtual void read(std::uint64_t first, std::int64_t step, std::span<float> out) const = 0;

  // For weights whose format() is one of blocks: the blocks that begin at number `first`, in GGUF's layout.
  virtual void read_blocks(std::uint64_t first, std::span<std::byte> out) const;

  // Lets go of the memory of what was read.
  virtual void release() const noexcept {}

 protected:
  Weight(std::string name, std::vector<std::uint64_t> shape) : name_(std::move(name)), shape_(std::move(shape)) {}

 private:
  std::string name_;
  std::vector<std::uint64_t> shape_;
};

// Numbers that no file has: computed from the configuration.
class ComputedWeight final : public Weight {
 public:
  ComputedWeight(std::string name, std::vector<std::uint64_t> shape, std::vector<float> values)
      : Weight(std::move(name), std::move(shape)), values_(std::move(values)) {}
  const quant::Format& format() const override { return quant::format_of(quant::FormatId::kF32); }
  void read(std::uint64_t first, std::int64_t step, std::span<float> out) const override;

 private:
  std::vector<float> values_;
};

// What happens to each number on its way.
struct ValueChange {
  enum class Kind { kNone, kAdd, kMultiply, kNegativeExponential } kind = Kind::kNone;
  float operand = 0;

  float operator()(float value) const;
};

// Numbers of a weight, in nested loops from the outermost axis on.
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

  // Each gives another view; a size that does not fit is an Error that names the weight.
  View split(std::size_t axis, std::uint64_t parts) const;  // an axis becomes two, the outer one of `parts`
  View exchanged(std::size_t a, std::size_t b) const;
  View part(std::size_t axis, std::uint64_t begin, std::uint64_t size) const;
  View every(std::size_t axis, std::uint64_t begin, std::uint64_t step) const;
  View without_ones() const;
  View changed(ValueChange::Kind kind, float operand = 0) const;

  // Numbers `begin` and on, in the view's order.
  void read(std::uint64_t begin, std::span<float> out) const;

  // Whether the rows of the view are rows, or whole runs of blocks, of the weight as they are.
  bool keeps_blocks(const quant::Format& format) const;
  void read_blocks(std::uint64_t begin, std::uint64_t values, std::span<std::byte> out) const;

 private:
  void check_axis(std::size_t axis, std::uint64_t multiple) const;
  std::uint64_t place_of(std::uint64_t index) const;
};

}  // namespace rocmforge::convert
