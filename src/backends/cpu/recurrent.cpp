// Operations that carry a state from position to position: in parallel over sequences and channels or heads, and in
// order over the positions of a sequence.
#include <algorithm>

#include "backends/cpu/cpu_backend.h"

namespace rocmforge::cpu {

using namespace ops;

// Calls task(rows of the sequence, first channel, channel count) for ranges of at most `at_most` channels.
template <typename Task>
void CpuBackend::for_channels(const Step& step, std::int64_t channels, std::int64_t at_most,
                              std::int64_t values_a_channel, Task&& task) {
  const std::int64_t parts = (channels + at_most - 1) / at_most;
  for_each_of_sequences(step, parts, values_a_channel * at_most, [&](const SequenceRows& rows, std::int64_t part) {
    const std::int64_t first = part * at_most;
    task(rows, first, std::min(at_most, channels - first));
  });
}

void CpuBackend::causal_convolution(const Step& step, const Convolution& convolution, const StateView& state,
                                    Tensor x) {
  for_channels(step, convolution.channels, kConvolutionChannels, 8,
               [&](const SequenceRows& rows, std::int64_t first, std::int64_t count) {
                 recurrent_.convolve(convolution, rows, state.convolution_of(rows.state_slot), first, count, x);
               });
}

void CpuBackend::mamba_scan(const Step& step, const Mamba& mamba, const StateView& state, Tensor x, Tensor b, Tensor c,
                            Tensor dt, Tensor y) {
  for_channels(step, mamba.channels, kMambaChannels, 4 * static_cast<std::int64_t>(mamba.state_size),
               [&](const SequenceRows& rows, std::int64_t first, std::int64_t count) {
                 recurrent_.scan_channels(mamba, {rows, x, b, c, dt, y}, first, count,
                                          state.recurrent_of(rows.state_slot));
               });
}

void CpuBackend::mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b,
                             Tensor c, Tensor dt, Tensor y) {
  const std::int64_t head_state = static_cast<std::int64_t>(mamba.head_size) * mamba.state_size;
  for_each_of_sequences(step, mamba.heads, head_state, [&](const SequenceRows& rows, std::int64_t index) {
    const auto head = static_cast<int>(index);
    const std::int64_t group = static_cast<std::int64_t>(head / (mamba.heads / mamba.groups)) * mamba.state_size;
    const std::int64_t channel = static_cast<std::int64_t>(head) * mamba.head_size;
    float* const of_head = state.recurrent_of(rows.state_slot) + head * head_state;
    for (std::int32_t row = rows.first_row; row < rows.first_row + rows.rows; ++row) {
      recurrent_.scan(mamba, head, dt.row(row)[head], x.row(row) + channel, b.row(row) + group, c.row(row) + group,
                      of_head, y.row(row) + channel);
    }
  });
}

void CpuBackend::shift_difference(const Step& step, const StateView& state, Tensor x, Tensor out) {
  constexpr std::int64_t kColumns = 1024;
  for_channels(step, x.columns, kColumns, 1, [&](const SequenceRows& rows, std::int64_t first, std::int64_t count) {
    float* const kept = state.convolution_of(rows.state_slot) + first;
    const float* before = kept;
    for (std::int32_t row = rows.first_row; row < rows.first_row + rows.rows; ++row) {
      const float* const own = x.row(row) + first;
      for (std::int64_t i = 0; i < count; ++i) out.row(row)[first + i] = before[i] - own[i];
      before = own;
    }
    if (rows.rows > 0) std::copy_n(before, count, kept);
  });
}

}  // namespace rocmforge::cpu
