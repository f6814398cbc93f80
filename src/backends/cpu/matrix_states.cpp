// Recurrences with one matrix per head as state (the gated delta rule and RWKV), in parallel over sequences and heads.
// Intermediate values of a token are in the thread's tile.
#include <algorithm>
#include <array>

#include "backends/cpu/cpu_backend.h"

namespace rocmforge::cpu {

using namespace ops;

namespace {

constexpr std::int64_t kWorkingFloats = std::int64_t{kTileTokens} * kTileRows;

// Returns the norm of one head as part of the norm over all heads: value i of the head uses weight i % weights.
Norm norm_of_head(const Norm& all, std::int64_t head, int head_size) {
  Norm norm = all;
  norm.group = head_size;
  if (all.weights <= head_size) return norm;
  const std::int64_t first = head * head_size % all.weights;
  if (norm.weight != nullptr) norm.weight += first;
  if (norm.bias != nullptr) norm.bias += first;
  norm.weights = head_size;
  return norm;
}

}  // namespace

// Processes several tokens at a time, so that a block of the state's columns stays in the L1 cache for all of them.
void CpuBackend::delta_scan(const Step& step, const DeltaRule& rule, const StateView& state, Tensor q, Tensor k,
                            Tensor v, Tensor decay, Tensor beta, Tensor y) {
  constexpr int kTokens = 32;
  const std::int64_t head_state = static_cast<std::int64_t>(rule.key_size) * rule.value_size;
  const auto at_once = static_cast<int>(std::clamp<std::int64_t>(kWorkingFloats / rule.key_size, 1, kTokens));
  const auto scan = [&](const SequenceRows& rows, std::int64_t index, ThreadScratch& scratch) {
    const auto head = static_cast<int>(index);
    const int key_head = rule.repeats_key_heads ? head % rule.key_heads : head / (rule.heads / rule.key_heads);
    const std::int64_t key = static_cast<std::int64_t>(key_head) * rule.key_size;
    const std::int64_t value = index * rule.value_size;
    const std::int64_t number = rule.decays_by_channel ? index * rule.key_size : index;
    float* const of_head = state.recurrent_of(rows.state_slot) + index * head_state;
    std::array<DeltaToken, kTokens> tokens;
    for (std::int32_t first = 0; first < rows.rows; first += at_once) {
      const int count = std::min(at_once, rows.rows - first);
      for (int t = 0; t < count; ++t) {
        const std::int64_t row = rows.first_row + first + t;
        float* const keeps = scratch.tile + static_cast<std::int64_t>(t) * rule.key_size;
        matrix_states_.delta_keeps(rule, head, decay.row(row) + number, keeps);
        tokens[static_cast<std::size_t>(t)] = {
            q.row(row) + key,  k.row(row) + key, v.row(row) + value, keeps, elementwise_.sigmoid(beta.row(row)[head]),
            y.row(row) + value};
      }
      matrix_states_.delta(rule, tokens.data(), count, of_head);
    }
  };
  for_each_of_sequences(step, rule.heads, 2 * head_state, scan);
}

void CpuBackend::wkv6_scan(const Step& step, const Wkv6& wkv, const StateView& state, Tensor r, Tensor k, Tensor v,
                           Tensor decay, Tensor y) {
  const std::int64_t size = wkv.head_size;
  const auto scan = [&](const SequenceRows& rows, std::int64_t head, ThreadScratch& scratch) {
    float* const of_head = state.recurrent_of(rows.state_slot) + head * size * size;
    for (std::int32_t row = rows.first_row; row < rows.first_row + rows.rows; ++row) {
      const auto part = [&](Tensor tensor) { return tensor.row(row) + head * size; };
      const WkvToken token{part(r), part(k), part(v), part(decay), nullptr, part(y)};
      matrix_states_.wkv6(wkv, static_cast<int>(head), token, of_head, scratch.tile);
    }
  };
  for_each_of_sequences(step, wkv.heads, 2 * size * size, scan);
}

void CpuBackend::wkv7_scan(const Step& step, const Wkv7& wkv, const StateView& state, Tensor r, Tensor k, Tensor v,
                           Tensor decay, Tensor rate, Tensor y) {
  const std::int64_t size = wkv.head_size;
  const auto scan = [&](const SequenceRows& rows, std::int64_t head, ThreadScratch& scratch) {
    const Norm norm = norm_of_head(wkv.norm, head, wkv.head_size);
    float* const of_head = state.recurrent_of(rows.state_slot) + head * size * size;
    for (std::int32_t row = rows.first_row; row < rows.first_row + rows.rows; ++row) {
      const auto part = [&](Tensor tensor) { return tensor.row(row) + head * size; };
      const WkvToken token{part(r), part(k), part(v), part(decay), part(rate), part(y)};
      const float bonus = matrix_states_.wkv7(wkv, static_cast<int>(head), token, of_head, scratch.tile);
      if (norm.is_present()) elementwise_.norm(token.y, norm, Write::kSet, token.y, size);
      elementwise_.add_scaled(bonus, token.v, token.y, size);
    }
  };
  for_each_of_sequences(step, wkv.heads, 3 * size * size, scan);
}

}  // namespace rocmforge::cpu
