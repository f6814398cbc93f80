#include "models/tensor_list.h"

#include <algorithm>

#include "models/bind.h"

namespace rocmforge::models {
namespace {

// Records every request and returns absent tensors.
class TensorLister final : public TensorSource {
 public:
  explicit TensorLister(std::vector<ListedTensor>& tensors) : tensors_(tensors) {}

  // Returns false, so that an output that may be tied is listed as tied, and everything else in its usual form.
  bool has(const std::string&) const override { return false; }

  ops::Weight matrix(const std::string& name, std::initializer_list<Extent> shape, Need need, RowRange) override {
    list(name, shape, need, true);
    return {};
  }
  const float* vector(const std::string& name, std::initializer_list<Extent> shape, Need need, RowRange) override {
    list(name, shape, need, false);
    return nullptr;
  }
  std::vector<float> numbers(const std::string& name, std::initializer_list<Extent> shape) override {
    list(name, shape, Need::kRequired, true);
    return {};
  }
  ops::Weight own_matrix(std::vector<float>, std::int64_t, std::int64_t, std::int64_t) override { return {}; }
  const float* constants(std::span<const float>) override { return nullptr; }
  void keep_scale_apart(const std::string&) override {}

 private:
  void list(const std::string& name, std::initializer_list<Extent> shape, Need need, bool is_matrix) {
    if (need == Need::kNever || std::ranges::find(tensors_, name, &ListedTensor::name) != tensors_.end()) return;
    std::vector<std::uint64_t> dimensions;
    for (const Extent& extent : shape) {
      // If any size is allowed, use 2 rows: the fewest that distinguish a table from a vector.
      dimensions.push_back(extent.size == 0 ? 2 : static_cast<std::uint64_t>(extent.size));
    }
    tensors_.push_back({name, gguf::Shape(dimensions), is_matrix, need == Need::kOptional});
  }

  std::vector<ListedTensor>& tensors_;
};

}  // namespace

std::vector<ListedTensor> list_tensors(const DecoderSpec& spec) {
  std::vector<ListedTensor> tensors;
  TensorLister lister(tensors);
  ask_for_all(spec, lister);
  return tensors;
}

}  // namespace rocmforge::models
