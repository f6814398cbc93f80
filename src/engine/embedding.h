// Computes the embedding of a text: pools the hidden states of its tokens into one vector and applies the file's
// projections.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/job.h"
#include "gguf/reader.h"
#include "rocmforge/model.h"

namespace rocmforge::engine {

// Returns the pooling that the file specifies (`{architecture}.pooling_type`). Throws Error if it specifies none, or
// one that does not give an embedding.
Pooling pooling_of(const gguf::File& file);

// The matrices `dense_2` and `dense_3`, with which some files project the pooled vector.
class Projections {
 public:
  // Throws Error if the inputs of a matrix do not match the outputs before it.
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

// Scales the vector to length 1. A vector of zeros stays as it is.
void normalize(std::vector<float>& vector);

// Passes the result from the engine's thread to the client that waits for it.
class PooledStates {
 public:
  // Blocks until the result is there. Throws the Error that was passed to fail().
  std::vector<float> take();

  void put(std::vector<float> pooled);
  void fail(const Job::Failure& failure) noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::vector<float>> pooled_;  // under mutex_
  Job::Failure failure_;                      // under mutex_; nullptr: none
};

class EmbeddingJob : public Job {
 public:
  // Throws Error if the text has no tokens, more tokens than the context, or a token that the model has no embedding
  // for.
  EmbeddingJob(std::vector<kv::TokenId> tokens, Pooling pooling, const Runner& runner,
               std::shared_ptr<PooledStates> result);

  std::span<const kv::TokenId> tokens() const override { return tokens_; }
  Wanted wanted(bool) const override { return Wanted::kStates; }
  // The hidden states of cached tokens are not kept, so they would be missing from the mean.
  bool uses_cache() const override { return false; }
  void begin(int) override {}
  Next advance(const Runner& runner, int row, int rows) override;
  bool is_cancelled() const override { return false; }
  void cancelled() override {}
  void fail(const Failure& failure) noexcept override { result_->fail(failure); }

 private:
  std::vector<kv::TokenId> tokens_;
  Pooling pooling_;
  std::vector<double> sum_;
  std::size_t done_ = 0;
  std::shared_ptr<PooledStates> result_;
};

}  // namespace rocmforge::engine
