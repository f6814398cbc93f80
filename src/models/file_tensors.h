// Binds a file's tensors to backends as a model asks for them, and reports tensors that no model part asked for.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gguf/reader.h"
#include "models/tensor_source.h"
#include "ops/backend.h"

namespace rocmforge::models {

// Totals of the bound tensors, for the log and for the memory plan.
struct BindStatistics {
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
  std::uint64_t repacked_bytes = 0;  // copied into a form of the backend or of this program
};

// Errors name the file and the tensor, and say what was found and what was expected and why.
class FileTensors final : public TensorSource {
 public:
  // The file must outlive the model.
  explicit FileTensors(const gguf::File& file) : file_(file) {}

  const gguf::File& file() const { return file_; }

  // Tensors taken from now on are bound to this backend. Before the first call, shapes are only checked and nothing is
  // bound.
  void bind_to(ops::Backend& backend) { backend_ = &backend; }

  // Accepts unused tensors with these name prefixes.
  void ignore(const std::vector<std::string>& beginnings);

  // Marks a tensor as used because another reader takes it. The file need not have it.
  void leave(const std::string& name) { taken_.insert(name); }

  bool has(const std::string& name) const override { return file_.find_tensor(name) != nullptr; }
  ops::Weight matrix(const std::string& name, std::initializer_list<Extent> shape, Need need, RowRange rows) override;
  const float* vector(const std::string& name, std::initializer_list<Extent> shape, Need need, RowRange range) override;
  std::vector<float> numbers(const std::string& name, std::initializer_list<Extent> shape) override;
  ops::Weight own_matrix(std::vector<float> values, std::int64_t columns, std::int64_t rows,
                         std::int64_t count) override;

  const float* constants(std::span<const float> values) override;
  void keep_scale_apart(const std::string& name) override { scales_apart_.insert(name); }

  // Throws Error if no part of the model asked for a tensor, or if some layers have an optional tensor and others lack
  // it. Call it after everything was taken.
  void check_complete() const;

  // Returns a line about the unused tensors, such as "12 tensors are not used: 'v.…' (10), 'blk.32.…' (2)", or "".
  std::string ignored() const;

  const BindStatistics& statistics() const { return statistics_; }

  // Hands over the buffers of all vectors and own matrices so far. The model must keep them.
  std::vector<std::unique_ptr<ops::Buffer>> take_buffers() {
    arenas_.clear();
    return std::exchange(buffers_, {});
  }

 private:
  struct Arena {
    ops::Buffer* buffer = nullptr;
    std::size_t used = 0;
  };
  // The name of one optional tensor that exists, and of one that is missing.
  struct Presence {
    std::string with;
    std::string without;
  };

  const gguf::Tensor* find(const std::string& name, Need need);
  void check_shape(const gguf::Tensor& tensor, std::initializer_list<Extent> shape, bool any_ones) const;
  const float* scale_of(const std::string& name, std::int64_t count);
  void note_presence(const std::string& name, bool is_there);
  std::byte* place(std::size_t bytes);

  const gguf::File& file_;
  ops::Backend* backend_ = nullptr;
  std::map<ops::Backend*, Arena> arenas_;
  std::vector<std::unique_ptr<ops::Buffer>> buffers_;
  std::vector<std::string> ignored_beginnings_;
  std::set<std::string> scales_apart_;
  std::set<std::string> taken_;
  std::map<std::string, Presence> presence_;
  BindStatistics statistics_;
};

}  // namespace rocmforge::models
