// A state is stored row by row. In the delta rule and RWKV 6 each column is an independent recurrence, so a block of
// columns is kept in registers while all rows are processed. In RWKV 7 each row is an independent recurrence.
#include "backends/cpu/kernels/matrix_states.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/matrix_states.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

using ops::DeltaRule;
using ops::Wkv6;
using ops::Wkv7;

inline constexpr int kVectors = 4;  // of adjacent columns, at a time

HWY_ATTR AnyFloats all(float x) { return hn::Set(AnyTag(), x); }

// Some vectors of adjacent columns. Unless kIsWhole, the last has fewer values, up to the end of the row.
template <int kCount, bool kIsWhole>
struct Columns {
  std::int64_t first;
  std::int64_t end;

  static constexpr int kLanes = static_cast<int>(hn::MaxLanes(AnyTag()));

  HWY_ATTR AnyFloats load(const float* row, int vector) const {
    const float* from = row + first + vector * kLanes;
    return kIsWhole ? hn::LoadU(AnyTag(), from) : load_first(from, end - first);
  }
  HWY_ATTR void store(AnyFloats values, float* row, int vector) const {
    float* to = row + first + vector * kLanes;
    if (kIsWhole) {
      hn::StoreU(values, AnyTag(), to);
    } else {
      store_first(values, to, end - first);
    }
  }
};

// Calls function(columns) for blocks of columns that cover a row.
template <typename Function>
HWY_ATTR void for_columns(std::int64_t count, Function function) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(AnyTag()));
  std::int64_t first = 0;
  for (; first + kVectors * lanes <= count; first += kVectors * lanes) {
    function(Columns<kVectors, true>{first, count});
  }
  for (; first + lanes <= count; first += lanes) function(Columns<1, true>{first, count});
  if (first < count) function(Columns<1, false>{first, count});
}

// ---- The delta rule ----

HWY_ATTR void delta_keeps(const DeltaRule& rule, int head, const float* decay, float* keeps) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  const std::int64_t size = rule.key_size;
  if (!rule.decays_by_channel) {
    const double x = static_cast<double>(*decay) + static_cast<double>(rule.dt_bias[head]);
    const double forgets = x > 20 ? x : std::log1p(std::exp(x));
    std::fill_n(keeps, size, static_cast<float>(std::exp(static_cast<double>(rule.a[head]) * forgets)));
    return;
  }
  const float* const bias = rule.dt_bias + head * size;
  for (std::int64_t i = 0; i < size; i += lanes) {
    const auto forgets = softplus(load_first(decay + i, size - i) + load_first(bias + i, size - i));
    store_first(exp(all(rule.a[head]) * forgets), keeps + i, size - i);
  }
}

// The first pass multiplies the decayed state with the key; the second adds the correction to the state and computes
// the result.
template <int kCount, bool kIsWhole>
HWY_ATTR void delta_token(const DeltaRule& rule, const DeltaToken& token, Columns<kCount, kIsWhole> columns,
                          float* state) {
  AnyFloats change[kCount];
  AnyFloats sums[kCount];
  for (int c = 0; c < kCount; ++c) change[c] = sums[c] = all(0);
  for (int i = 0; i < rule.key_size; ++i) {
    const float* const row = state + static_cast<std::int64_t>(i) * rule.value_size;
    const AnyFloats keeps = all(token.keeps[i]);
    const AnyFloats key = all(token.k[i]);
    for (int c = 0; c < kCount; ++c) change[c] = hn::MulAdd(key, columns.load(row, c) * keeps, change[c]);
  }
  for (int c = 0; c < kCount; ++c) change[c] = all(token.strength) * (columns.load(token.v, c) - change[c]);
  for (int i = 0; i < rule.key_size; ++i) {
    float* const row = state + static_cast<std::int64_t>(i) * rule.value_size;
    const AnyFloats keeps = all(token.keeps[i]);
    const AnyFloats key = all(token.k[i]);
    const AnyFloats query = all(token.q[i]);
    for (int c = 0; c < kCount; ++c) {
      const AnyFloats next = hn::MulAdd(key, change[c], columns.load(row, c) * keeps);
      columns.store(next, row, c);
      sums[c] = hn::MulAdd(query, next, sums[c]);
    }
  }
  const AnyFloats scale = all(1 / std::sqrt(static_cast<float>(rule.key_size)));
  for (int c = 0; c < kCount; ++c) columns.store(sums[c] * scale, token.y, c);
}

HWY_ATTR void delta(const DeltaRule& rule, const DeltaToken* tokens, int count, float* state) {
  for_columns(rule.value_size, [&](auto columns) HWY_ATTR {
    for (int t = 0; t < count; ++t) delta_token(rule, tokens[t], columns, state);
  });
}

// ---- RWKV 6 ----

template <int kCount, bool kIsWhole>
HWY_ATTR void wkv6_columns(int size, const WkvToken& token, const float* keeps, float bonus,
                           Columns<kCount, kIsWhole> columns, float* state) {
  AnyFloats values[kCount];
  AnyFloats sums[kCount];
  for (int c = 0; c < kCount; ++c) {
    values[c] = columns.load(token.v, c);
    sums[c] = all(bonus) * values[c];
  }
  for (int i = 0; i < size; ++i) {
    float* const row = state + static_cast<std::int64_t>(i) * size;
    const AnyFloats keep = all(keeps[i]);
    const AnyFloats key = all(token.k[i]);
    const AnyFloats receptance = all(token.r[i]);
    for (int c = 0; c < kCount; ++c) {
      const AnyFloats kept = columns.load(row, c);
      sums[c] = hn::MulAdd(receptance, kept, sums[c]);
      columns.store(hn::MulAdd(keep, kept, key * values[c]), row, c);
    }
  }
  for (int c = 0; c < kCount; ++c) columns.store(sums[c], token.y, c);
}

HWY_ATTR void wkv6(const Wkv6& wkv, int head, const WkvToken& token, float* state, float* working) {
  const int size = wkv.head_size;
  const float* const of_head = wkv.bonus + static_cast<std::int64_t>(head) * size;
  const auto lanes = static_cast<int>(hn::Lanes(AnyTag()));
  float bonus = 0;
  for (int i = 0; i < size; ++i) bonus += token.r[i] * of_head[i] * token.k[i];
  for (int i = 0; i < size; i += lanes) {
    store_first(exp(hn::Neg(exp(load_first(token.decay + i, size - i)))), working + i, size - i);
  }
  for_columns(size, [&](auto columns) HWY_ATTR { wkv6_columns(size, token, working, bonus, columns, state); });
}

// ---- RWKV 7 ----

// The vectors with which a token updates every row of the state, padded with zeros to whole SIMD vectors.
struct Wkv7Token {
  float* keeps;      // w
  float* direction;  // κ
  float* learns;     // κ a
  float* key;        // k'
};

HWY_ATTR Wkv7Token prepare(const Wkv7& wkv, int head, const WkvToken& token, float* working) {
  const int size = wkv.head_size;
  const std::int64_t padded = wkv_working(size) / 4;
  const std::int64_t first = static_cast<std::int64_t>(head) * size;
  const auto lanes = static_cast<int>(hn::Lanes(AnyTag()));
  const Wkv7Token result{working, working + padded, working + 2 * padded, working + 3 * padded};
  double squares = 0;
  for (int j = 0; j < size; ++j) {
    const double x = static_cast<double>(token.k[j]) * static_cast<double>(wkv.key_scale[first + j]);
    squares += x * x;
  }
  const AnyFloats inverse = all(static_cast<float>(1 / std::max(std::sqrt(squares), 1e-12)));
  for (int j = 0; j < size; j += lanes) {
    const auto part = [&](const float* from) HWY_ATTR { return load_first(from + j, size - j); };
    const AnyFloats key = part(token.k);
    const AnyFloats rate = sigmoid(part(token.rate));
    const AnyFloats direction = key * part(wkv.key_scale + first) * inverse;
    const AnyFloats change = hn::MulAdd(rate - all(1), part(wkv.key_rate + first), all(1));
    hn::StoreU(exp(all(-0.606531f) * sigmoid(part(token.decay))), AnyTag(), result.keeps + j);
    hn::StoreU(direction, AnyTag(), result.direction + j);
    hn::StoreU(direction * rate, AnyTag(), result.learns + j);
    hn::StoreU(key * change, AnyTag(), result.key + j);
  }
  return result;
}

HWY_ATTR float wkv7(const Wkv7& wkv, int head, const WkvToken& token, float* state, float* working) {
  const AnyTag tag;
  const auto lanes = static_cast<int>(hn::Lanes(tag));
  const int size = wkv.head_size;
  const Wkv7Token own = prepare(wkv, head, token, working);
  for (int i = 0; i < size; ++i) {
    float* const row = state + static_cast<std::int64_t>(i) * size;
    AnyFloats recalled = all(0);
    for (int j = 0; j < size; j += lanes) {
      recalled = hn::NegMulAdd(load_first(row + j, size - j), hn::LoadU(tag, own.direction + j), recalled);
    }
    const AnyFloats known = hn::SumOfLanes(tag, recalled);
    const AnyFloats value = all(token.v[i]);
    AnyFloats sum = all(0);
    for (int j = 0; j < size; j += lanes) {
      const AnyFloats learnt = hn::MulAdd(value, hn::LoadU(tag, own.key + j), known * hn::LoadU(tag, own.learns + j));
      const AnyFloats next = hn::MulAdd(load_first(row + j, size - j), hn::LoadU(tag, own.keeps + j), learnt);
      store_first(next, row + j, size - j);
      sum = hn::MulAdd(next, load_first(token.r + j, size - j), sum);
    }
    token.y[i] = hn::GetLane(hn::SumOfLanes(tag, sum));
  }
  const float* const of_head = wkv.bonus + static_cast<std::int64_t>(head) * size;
  float bonus = 0;
  for (int j = 0; j < size; ++j) bonus += token.r[j] * own.key[j] * of_head[j];
  return bonus;
}

constexpr MatrixStateKernels kKernels = {delta_keeps, delta, wkv6, wkv7};
const MatrixStateKernels& table() { return kKernels; }

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

const MatrixStateKernels& matrix_state_kernels(CpuTier tier) { return ROCMFORGE_CPU_PICK(table(), tier); }

}  // namespace rocmforge::cpu
#endif
