// Where the binding of a model takes its tensors from. One description of what a model needs serves two purposes:
// taking the tensors out of a file, and listing those that a file must have.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/mixer_specs.h"
#include "ops/tensor.h"

namespace rocmforge::models {

// A dimension and why it is what it is, for messages: {4096, "embedding_length"}.
struct Extent {
  std::int64_t size;
  const char* what;
};

// Rows of a larger matrix: fused ones are taken apart.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;

  // Whether there is such a tensor, and the caller's right to ask for either of two forms.
  virtual bool has(const std::string& name) const = 0;

  // A matrix of [columns, rows] or [columns, rows, count], contiguous first; only the given rows of each where a range
  // is given. Not present when it is absent and need not be there.
  virtual ops::Weight matrix(const std::string& name, std::initializer_list<Extent> shape, Need need = Need::kRequired,
                             RowRange rows = {}) = 0;

  // The same as numbers. nullptr when it is absent and need not be there. Dimensions of 1 may be left out or added.
  virtual const float* vector(const std::string& name, std::initializer_list<Extent> shape, Need need = Need::kRequired,
                              RowRange range = {}) = 0;

  // The numbers of a tensor in host memory, and a matrix made of such: for what is stored in a form that no operation
  // takes.
  virtual std::vector<float> numbers(const std::string& name, std::initializer_list<Extent> shape) = 0;
  virtual ops::Weight own_matrix(std::vector<float> values, std::int64_t columns, std::int64_t rows,
                                 std::int64_t count) = 0;
  virtual const float* constants(std::span<const float> values) = 0;

  // NAME.scale beside NAME.weight is not what the product is multiplied with: it is asked for by itself.
  virtual void keep_scale_apart(const std::string& name) = 0;
};

}  // namespace rocmforge::models
