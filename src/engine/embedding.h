// A text's embedding: the hidden states of its tokens, pooled to one vector, and what the file has to project that.
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

// The way from the engine's thread to the client that waits.
class PooledStates {
 public:
  // Waits; throws what went wrong.
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
  // Throws Error if the text does not fit the model: it has no token, more than the context, or one without embedding.
  EmbeddingJob(std::vector<kv::TokenId> tokens, Pooling pooling, const Runner& runner,
               std::shared_ptr<PooledStates> result);

  std::span<const kv::TokenId> tokens() const override { return tokens_; }
  Wanted wanted(bool) const override { return Wanted::kStates; }
  // What is in the cache already has its states nowhere, and would be missing from the mean.
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
