#include "backends/cpu/kernels/recurrent.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/recurrent.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "backends/cpu/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

using ops::Convolution;
using ops::Mamba;
using ops::Mamba2;

// ---- Convolution ----

HWY_ATTR void silu_in_place(float* x, std::int64_t count) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  for (std::int64_t i = 0; i < count; i += lanes) hn::StoreU(silu(hn::LoadU(tag, x + i)), tag, x + i);
}

// Convolves row by row. The state holds the inputs of the previous positions and is shifted by one per row.
HWY_ATTR void convolve(const Convolution& convolution, const ops::SequenceRows& rows, float* state, std::int64_t first,
                       std::int64_t count, ops::Tensor x) {
  const int past = convolution.taps - 1;
  const std::int64_t channels = convolution.channels;
  alignas(64) std::array<float, kConvolutionChannels> sums;
  const auto add_tap = [&](int tap, const float* input) HWY_ATTR {
    const float* weight = convolution.weight + first * convolution.taps + tap;
    for (std::int64_t c = 0; c < count; ++c) {
      sums[static_cast<std::size_t>(c)] += weight[c * convolution.taps] * input[c];
    }
  };
  for (std::int32_t row = rows.first_row; row < rows.first_row + rows.rows; ++row) {
    float* const own = x.row(row) + first;
    std::fill(sums.begin(), sums.end(), 0.0f);
    if (convolution.bias != nullptr) std::copy_n(convolution.bias + first, count, sums.begin());
    for (int tap = 0; tap < past; ++tap) add_tap(tap, state + tap * channels + first);
    add_tap(past, own);
    for (int tap = 0; tap + 1 < past; ++tap) {
      std::copy_n(state + (tap + 1) * channels + first, count, state + tap * channels + first);
    }
    if (past > 0) std::copy_n(own, count, state + (past - 1) * channels + first);
    if (convolution.has_silu) silu_in_place(sums.data(), count);  // whole vectors: the array has room
    std::copy_n(sums.begin(), count, own);
  }
}

// ---- Mamba ----

// Processes one channel. state, a, b and c: [state_size].
HWY_ATTR float scan_channel(int states, float step, float input, const float* a, const float* b, const float* c,
                            float* state) {
  const AnyTag tag;
  const auto lanes = static_cast<int>(hn::Lanes(tag));
  auto sums = hn::Zero(tag);
  for (int n = 0; n < states; n += lanes) {
    const int count = states - n;
    const auto decay = exp(hn::Set(tag, step) * load_first(a + n, count));
    const auto next = hn::MulAdd(load_first(state + n, count), decay, hn::Set(tag, input) * load_first(b + n, count));
    store_first(next, state + n, count);
    sums = hn::MulAdd(next, load_first(c + n, count), sums);
  }
  return hn::GetLane(hn::SumOfLanes(tag, sums));
}

HWY_ATTR void scan_channels(const Mamba& mamba, const MambaRows& all, std::int64_t first, std::int64_t count,
                            float* state) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  alignas(64) std::array<float, kMambaChannels> steps{};
  for (std::int32_t row = all.rows.first_row; row < all.rows.first_row + all.rows.rows; ++row) {
    std::copy_n(all.dt.row(row) + first, count, steps.begin());
    for (std::int64_t i = 0; i < count; i += lanes) {  // whole vectors: the array has room
      hn::StoreU(softplus(hn::LoadU(tag, steps.data() + i)), tag, steps.data() + i);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t channel = first + i;
      const float x = all.x.row(row)[channel];
      const float step = steps[static_cast<std::size_t>(i)];
      const float sum = scan_channel(mamba.state_size, step, step * x, mamba.a + channel * mamba.state_size,
                                     all.b.row(row), all.c.row(row), state + channel * mamba.state_size);
      all.y.row(row)[channel] = sum + mamba.d[channel] * x;
    }
  }
}

// ---- Mamba 2 ----

HWY_ATTR void scan(const Mamba2& mamba, int head, float dt, const float* x, const float* b, const float* c,
                   float* state, float* y) {
  const double raw = static_cast<double>(dt) + static_cast<double>(mamba.dt_bias[head]);
  const double step = raw > 20 ? raw : std::log1p(std::exp(raw));
  const auto decay = static_cast<float>(std::exp(step * static_cast<double>(mamba.a[head])));
  const AnyTag tag;
  const auto lanes = static_cast<int>(hn::Lanes(tag));
  const int whole = mamba.state_size / lanes * lanes;
  for (int channel = 0; channel < mamba.head_size; ++channel) {
    const auto input = static_cast<float>(step * static_cast<double>(x[channel]));
    float* const kept = state + static_cast<std::int64_t>(channel) * mamba.state_size;
    auto sums = hn::Zero(tag);
    for (int n = 0; n < whole; n += lanes) {
      const auto next =
          hn::MulAdd(hn::LoadU(tag, kept + n), hn::Set(tag, decay), hn::Set(tag, input) * hn::LoadU(tag, b + n));
      hn::StoreU(next, tag, kept + n);
      sums = hn::MulAdd(next, hn::LoadU(tag, c + n), sums);
    }
    float sum = hn::GetLane(hn::SumOfLanes(tag, sums));
    for (int n = whole; n < mamba.state_size; ++n) {
      kept[n] = kept[n] * decay + input * b[n];
      sum += kept[n] * c[n];
    }
    y[channel] = sum + mamba.d[head] * x[channel];
  }
}

constexpr RecurrentKernels kKernels = {convolve, scan, scan_channels};
const RecurrentKernels& table() { return kKernels; }

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

const RecurrentKernels& recurrent_kernels(CpuTier tier) { return ROCMFORGE_CPU_PICK(table(), tier); }

}  // namespace rocmforge::cpu
#endif
