// Recurrences with one matrix per head as state, which each token reads and updates: the gated delta rule and RWKV.
#include <algorithm>
#include <cmath>

#include "backends/ref/reference.h"

namespace rocmforge::ref {
namespace {

// Calls function(row, head, the head's state) for the rows of each sequence in order.
template <typename Function>
void for_each_head(const Step& step, const StateView& state, int heads, std::int64_t head_state, Function function) {
  for (const SequenceRows& sequence : step.sequences) {
    for (std::int32_t row = sequence.first_row; row < sequence.first_row + sequence.rows; ++row) {
      for (int head = 0; head < heads; ++head) {
        function(row, head, state.recurrent_of(sequence.state_slot) + head * head_state);
      }
    }
  }
}

}  // namespace

void delta_scan(const Step& step, const DeltaRule& rule, const StateView& state, Tensor q, Tensor k, Tensor v,
                Tensor decay, Tensor beta, Tensor y) {
  const int keys = rule.key_size;
  const int values = rule.value_size;
  std::vector<double> keeps(static_cast<std::size_t>(keys));  // decay factor of each key channel
  std::vector<double> kept(static_cast<std::size_t>(keys));   // a column of the state
  const auto scan = [&](std::int32_t row, int head, float* s) {
    const int key_head = rule.repeats_key_heads ? head % rule.key_heads : head / (rule.heads / rule.key_heads);
    const float* query = q.row(row) + static_cast<std::int64_t>(key_head) * keys;
    const float* key = k.row(row) + static_cast<std::int64_t>(key_head) * keys;
    const double strength = sigmoid(beta.row(row)[head]);
    for (int i = 0; i < keys; ++i) {
      const int number = rule.decays_by_channel ? head * keys + i : head;
      const double forgets = softplus(static_cast<double>(decay.row(row)[number]) + rule.dt_bias[number]);
      keeps[static_cast<std::size_t>(i)] = std::exp(rule.a[head] * forgets);
    }
    for (int j = 0; j < values; ++j) {
      double recalled = 0;
      for (int i = 0; i < keys; ++i) {
        kept[static_cast<std::size_t>(i)] = s[i * values + j] * keeps[static_cast<std::size_t>(i)];
        recalled += kept[static_cast<std::size_t>(i)] * key[i];
      }
      const double change = strength * (v.row(row)[head * values + j] - recalled);
      double sum = 0;
      for (int i = 0; i < keys; ++i) {
        const double next = kept[static_cast<std::size_t>(i)] + key[i] * change;
        s[i * values + j] = static_cast<float>(next);
        sum += next * query[i];
      }
      y.row(row)[head * values + j] = static_cast<float>(sum / std::sqrt(static_cast<double>(keys)));
    }
  };
  for_each_head(step, state, rule.heads, static_cast<std::int64_t>(keys) * values, scan);
}

void wkv6_scan(const Step& step, const Wkv6& wkv, const StateView& state, Tensor r, Tensor k, Tensor v, Tensor decay,
               Tensor y) {
  const int size = wkv.head_size;
  const auto scan = [&](std::int32_t row, int head, float* s) {
    const int first = head * size;
    std::vector<double> sums(static_cast<std::size_t>(size));
    for (int i = first; i < first + size; ++i) {
      const double keeps = std::exp(-std::exp(static_cast<double>(decay.row(row)[i])));
      for (int j = 0; j < size; ++j) {
        float& kept = s[(i - first) * size + j];
        const double pair = static_cast<double>(k.row(row)[i]) * v.row(row)[first + j];
        sums[static_cast<std::size_t>(j)] += r.row(row)[i] * (kept + wkv.bonus[i] * pair);
        kept = static_cast<float>(keeps * kept + pair);
      }
    }
    std::ranges::transform(sums, y.row(row) + first, [](double sum) { return static_cast<float>(sum); });
  };
  for_each_head(step, state, wkv.heads, static_cast<std::int64_t>(size) * size, scan);
}

void wkv7_scan(const Step& step, const Wkv7& wkv, const StateView& state, Tensor r, Tensor k, Tensor v, Tensor decay,
               Tensor rate, Tensor y) {
  const auto size = static_cast<std::size_t>(wkv.head_size);
  std::vector<double> direction(size), keeps(size), learns(size), key(size);
  std::vector<double> bonus(static_cast<std::size_t>(wkv.heads));
  const auto scan = [&](std::int32_t row, int head, float* s) {
    const std::size_t first = static_cast<std::size_t>(head) * size;
    double squares = 0;
    bonus[static_cast<std::size_t>(head)] = 0;
    for (std::size_t j = 0; j < size; ++j) {
      const double plain = k.row(row)[first + j];
      keeps[j] = std::exp(-0.606531 * sigmoid(decay.row(row)[first + j]));
      learns[j] = sigmoid(rate.row(row)[first + j]);
      key[j] = plain * (1 + (learns[j] - 1) * wkv.key_rate[first + j]);
      direction[j] = plain * wkv.key_scale[first + j];
      squares += direction[j] * direction[j];
      bonus[static_cast<std::size_t>(head)] += r.row(row)[first + j] * key[j] * wkv.bonus[first + j];
    }
    for (double& value : direction) value /= std::max(std::sqrt(squares), 1e-12);
    for (std::size_t i = 0; i < size; ++i) {
      float* kept = s + i * size;
      double recalled = 0;
      for (std::size_t j = 0; j < size; ++j) recalled -= kept[j] * direction[j];
      double sum = 0;
      for (std::size_t j = 0; j < size; ++j) {
        const double next = kept[j] * keeps[j] + v.row(row)[first + i] * key[j] + recalled * direction[j] * learns[j];
        kept[j] = static_cast<float>(next);
        sum += next * r.row(row)[first + j];
      }
      y.row(row)[first + i] = static_cast<float>(sum);
    }
    if (head + 1 < wkv.heads) return;
    Norm norm = wkv.norm;
    norm.group = wkv.head_size;
    if (norm.is_present()) normalize(y.values(row), norm, Write::kSet, y.values(row));
    for (std::size_t i = 0; i < y.values(row).size(); ++i) {
      write_to(Write::kAdd, y.row(row)[i], v.row(row)[i] * bonus[i / size]);
    }
  };
  for_each_head(step, state, wkv.heads, static_cast<std::int64_t>(size * size), scan);
}

}  // namespace rocmforge::ref
