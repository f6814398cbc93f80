// Operations on whole rows: norms, lengths, streams.
#include <algorithm>
#include <cmath>

#include "backends/ref/reference.h"

namespace rocmforge::ref {
namespace {

double length(std::span<const float> x) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  return std::sqrt(squares);
}

}  // namespace

void normalize(std::span<const float> x, const Norm& norm, Write write, std::span<float> out) {
  const std::size_t group = norm.group > 0 ? static_cast<std::size_t>(norm.group) : x.size();
  for (std::size_t first = 0; first < x.size(); first += group) {
    double mean = 0;
    double squares = 0;
    for (std::size_t i = 0; i < group; ++i) mean += x[first + i];
    mean = norm.kind == NormKind::kLayer ? mean / static_cast<double>(group) : 0;
    for (std::size_t i = 0; i < group; ++i) squares += (x[first + i] - mean) * (x[first + i] - mean);
    const double divisor = norm.kind == NormKind::kLength
                               ? std::max(std::sqrt(squares), static_cast<double>(norm.epsilon))
                               : std::sqrt(squares / static_cast<double>(group) + norm.epsilon);
    for (std::size_t i = 0; i < group; ++i) {
      double value = (x[first + i] - mean) / divisor;
      if (norm.weight != nullptr) value *= norm.weight[(first + i) % static_cast<std::size_t>(norm.weights)];
      if (norm.bias != nullptr) value += norm.bias[(first + i) % static_cast<std::size_t>(norm.weights)];
      write_to(write, out[first + i], value);
    }
  }
}

void match_length(Tensor like, std::int64_t part, Tensor x) {
  for (std::int64_t row = 0; row < x.rows; ++row) {
    const double wanted = length(like.values(row));
    for (std::int64_t first = 0; first < x.columns; first += part) {
      const auto values = x.slice(first, part).values(row);
      const double factor = wanted / std::max(length(values), 1e-5);
      for (float& value : values) value = static_cast<float>(value * factor);
    }
  }
}

void keep_outliers(float deviations, Tensor x) {
  const auto count = static_cast<double>(x.columns);
  for (std::int64_t row = 0; row < x.rows; ++row) {
    double mean = 0;
    for (const float value : x.values(row)) mean += value / count;
    double variance = 0;
    for (const float value : x.values(row)) variance += (value - mean) * (value - mean) / count;
    const double least = mean + deviations * std::sqrt(variance);
    for (float& value : x.values(row)) value = static_cast<float>(std::max(value - least, 0.0));
  }
}

void mix_streams(Tensor x, Tensor coefficients, Tensor out) {
  const auto streams = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(coefficients.columns))));
  const std::int64_t part = x.columns / streams;
  for (std::int64_t row = 0; row < x.rows; ++row) {
    for (std::int64_t column = 0; column < x.columns; ++column) {
      double sum = x.row(row)[column];
      for (std::int64_t j = 0; j < streams; ++j) {
        sum += static_cast<double>(coefficients.row(row)[column / part * streams + j]) *
               x.row(row)[j * part + column % part];
      }
      out.row(row)[column] = static_cast<float>(sum);
    }
  }
}

void add_to_streams(Tensor x, Tensor coefficients, Tensor to) {
  for (std::int64_t row = 0; row < to.rows; ++row) {
    for (std::int64_t column = 0; column < to.columns; ++column) {
      const double factor = 1 + static_cast<double>(coefficients.row(row)[column / x.columns]);
      write_to(Write::kAdd, to.row(row)[column], factor * x.row(row)[column % x.columns]);
    }
  }
}

}  // namespace rocmforge::ref
