// A text's embedding: the hidden states of its tokens, pooled to one vector, and what the file has to project that.
#pragma once

#include <future>
#include <memory>
#include <vector>

#include "engine/job.h"
#include "gguf/reader.h"
#include "rocmforge/model.h"

namespace rocmforge::engine {

// How the file wants texts pooled (`{architecture}.pooling_type`). An Error where it does not say, or wants what is not
// an embedding.
Pooling pooling_of(const gguf::File& file);

// The matrices `dense_2` and `dense_3` that some files have for the pooled vector.
class Projections {
 public:
  // An Error for matrices that do not follow each other.
  Projections(const gguf::File& file, int width);

  std::vector<float> project(std::vector<float> pooled) const;

 private:
  struct Matrix {
    std::size_t inputs = 0;
    std::vector<float> values;  // [outputs, inputs]
    std::vector<float> bias;    // empty: none
  };
  static std::optional<Matrix> read(const gguf::File& file, const std::string& name, std::size_t inputs);

  std::vector<Matrix> matrices_;
};

// To the length 1; a vector of zeros stays.
void normalize(std::vector<float>& vector);

class EmbeddingJob : public Job {
 public:
  EmbeddingJob(std::vector<kv::TokenId> tokens, Pooling pooling, int width);

  // The pooled states.
  std::future<std::vector<float>> result() { return promise_.get_future(); }

  std::span<const kv::TokenId> tokens() const override { return tokens_; }
  Wanted wanted(bool) const override { return Wanted::kStates; }
  // What is in the cache already has its states nowhere, and would be missing from the mean.
  bool uses_cache() const override { return false; }
  void begin(int) override {}
  Next advance(const Runner& runner, int row, int rows) override;
  bool is_cancelled() const override { return false; }
  void cancelled() override {}
  void fail(const std::exception_ptr& failure) override { promise_.set_exception(failure); }

 private:
  std::vector<kv::TokenId> tokens_;
  Pooling pooling_;
  std::vector<double> sum_;
  std::size_t done_ = 0;
  std::promise<std::vector<float>> promise_;
};

}  // namespace rocmforge::engine
