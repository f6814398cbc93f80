#include "engine/embedding.h"

#include <cmath>

#include "base/error.h"
#include "gguf/tensor_values.h"

namespace rocmforge::engine {
namespace {

// The values of `pooling_type`.
constexpr std::uint32_t kMean = 1;
constexpr std::uint32_t kFirst = 2;
constexpr std::uint32_t kLast = 3;
constexpr std::uint32_t kRank = 4;

}  // namespace

Pooling pooling_of(const gguf::File& file) {
  const std::string key = file.metadata().get<std::string>("general.architecture") + ".pooling_type";
  const auto type = file.metadata().find<std::uint32_t>(key).value_or(0);
  switch (type) {
    case kMean: return Pooling::kMean;
    case kFirst: return Pooling::kFirst;
    case kLast: return Pooling::kLast;
    case 0:
      throw Error(ErrorCode::kUsage,
                  fmt::format("{}: '{}' does not say how tokens become one vector", file.path(), key),
                  "choose one: --pooling mean, cls or last");
    case kRank:
      throw error(ErrorCode::kUnsupported, "{}: '{}' is 4: the model ranks texts and has no embeddings", file.path(),
                  key);
    default: throw error(ErrorCode::kMalformed, "{}: '{}' is {}, expected 0 to 4", file.path(), key, type);
  }
}

Projections::Projections(const gguf::File& file, int width) {
  auto columns = static_cast<std::size_t>(width);
  for (const char* name : {"dense_2", "dense_3"}) {
    std::optional<Matrix> matrix = read(file, name, columns);
    if (!matrix) continue;
    columns = matrix->values.size() / columns;
    matrices_.push_back(*std::move(matrix));
  }
}

std::optional<Projections::Matrix> Projections::read(const gguf::File& file, const std::string& name,
                                                     std::size_t inputs) {
  const gguf::Tensor* weight = file.find_tensor(name + ".weight");
  if (weight == nullptr) return std::nullopt;
  if (weight->shape.rank() > 2 || weight->shape.row_length() != inputs) {
    throw error(ErrorCode::kMalformed, "{}: tensor '{}' is {}, expected rows of {}", file.path(), weight->name,
                to_string(weight->shape), inputs);
  }
  gguf::refuse_integers(*weight, file.path());
  Matrix matrix{.inputs = inputs, .values = gguf::decoded(*weight), .bias = {}};
  if (const gguf::Tensor* bias = file.find_tensor(name + ".bias")) {
    if (bias->shape.count() != weight->shape.rows()) {
      throw error(ErrorCode::kMalformed, "{}: tensor '{}' is {}, expected [{}]", file.path(), bias->name,
                  to_string(bias->shape), weight->shape.rows());
    }
    gguf::refuse_integers(*bias, file.path());
    matrix.bias = gguf::decoded(*bias);
  }
  return matrix;
}

std::vector<float> Projections::project(std::vector<float> pooled) const {
  for (const Matrix& matrix : matrices_) {
    std::vector<float> out(matrix.values.size() / matrix.inputs);
    for (std::size_t row = 0; row < out.size(); ++row) {
      double sum = matrix.bias.empty() ? 0 : static_cast<double>(matrix.bias[row]);
      for (std::size_t i = 0; i < matrix.inputs; ++i) {
        sum += static_cast<double>(matrix.values[row * matrix.inputs + i]) * static_cast<double>(pooled[i]);
      }
      out[row] = static_cast<float>(sum);
    }
    pooled = std::move(out);
  }
  return pooled;
}

void normalize(std::vector<float>& vector) {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
  if (squares == 0) return;
  const double length = std::sqrt(squares);
  for (float& value : vector) value = static_cast<float>(static_cast<double>(value) / length);
}

std::vector<float> PooledStates::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return pooled_ || failure_; });
  if (failure_) throw Error(*failure_);
  return *std::move(pooled_);
}

void PooledStates::put(std::vector<float> pooled) {
  {
    const std::lock_guard lock(mutex_);
    pooled_ = std::move(pooled);
  }
  changed_.notify_one();
}

void PooledStates::fail(const Job::Failure& failure) noexcept {
  {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
  }
  changed_.notify_one();
}

EmbeddingJob::EmbeddingJob(std::vector<kv::TokenId> tokens, Pooling pooling, const Runner& runner,
                           std::shared_ptr<PooledStates> result)
    : tokens_(std::move(tokens)),
      pooling_(pooling),
      sum_(static_cast<std::size_t>(runner.spec().width)),
      result_(std::move(result)) {
  RF_CHECK(pooling != Pooling::kFromFile);
  if (tokens_.empty()) throw error(ErrorCode::kUsage, "the text is empty, and the model adds no tokens of its own");
  const auto context = static_cast<std::size_t>(runner.memory().context);
  if (tokens_.size() > context) {
    throw error(ErrorCode::kTooLarge, "the text has {} tokens, more than the context of {}", tokens_.size(), context);
  }
  runner.check_tokens(tokens_, "the text");
}

Job::Next EmbeddingJob::advance(const Runner& runner, int row, int rows) {
  for (int r = 0; r < rows; ++r, ++done_) {
    const bool counts = pooling_ == Pooling::kMean || (pooling_ == Pooling::kFirst && done_ == 0) ||
                        (pooling_ == Pooling::kLast && done_ + 1 == tokens_.size());
    if (!counts) continue;
    const std::span<const float> state = runner.states(row + r);
    for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += static_cast<double>(state[i]);
  }
  if (done_ < tokens_.size()) return Next::kGoOn;
  const double count = pooling_ == Pooling::kMean ? static_cast<double>(done_) : 1;
  std::vector<float> pooled;
  pooled.reserve(sum_.size());
  for (const double sum : sum_) pooled.push_back(static_cast<float>(sum / count));
  result_->put(std::move(pooled));
  return Next::kDone;
}

}  // namespace rocmforge::engine
