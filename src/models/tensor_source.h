// The interface from which the binding of a model takes its tensors. One description of a model's tensors serves two
// purposes: reading the tensors of a file, and listing the tensors that a file must have.
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

// A dimension and the reason for its size, for messages: {4096, "embedding_length"}.
struct Extent {
  std::int64_t size;
  const char* what;
};

// A range of a fused matrix's rows. A count of 0 means all rows.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;

  // Returns whether the tensor exists. Binders use it to choose between two storage forms.
  virtual bool has(const std::string& name) const = 0;

  // Returns a matrix of shape [columns, rows] or [columns, rows, count], contiguous dimension first, or only the given
  // rows of each matrix. The result is not present if the tensor is absent and not required.
  virtual ops::Weight matrix(const std::string& name, std::initializer_list<Extent> shape, Need need = Need::kRequired,
                             RowRange rows = {}) = 0;

  // Returns a tensor as float32 in the backend's memory, or nullptr if it is absent and not required. Dimensions of 1
  // may be missing or added.
  virtual const float* vector(const std::string& name, std::initializer_list<Extent> shape, Need need = Need::kRequired,
                              RowRange range = {}) = 0;

  // For tensors stored in a form that no operation accepts: numbers() returns a tensor's values in host memory,
  // own_matrix() and constants() make a matrix and a vector of converted values.
  virtual std::vector<float> numbers(const std::string& name, std::initializer_list<Extent> shape) = 0;
  virtual ops::Weight own_matrix(std::vector<float> values, std::int64_t columns, std::int64_t rows,
                                 std::int64_t count) = 0;
  virtual const float* constants(std::span<const float> values) = 0;

  // States that NAME.scale is not a factor of the product with NAME.weight but is requested separately.
  virtual void keep_scale_apart(const std::string& name) = 0;
};

}  // namespace rocmforge::models
