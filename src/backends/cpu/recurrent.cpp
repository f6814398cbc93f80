// Operations that carry a state from position to position: in parallel over sequences and channels or heads, and in a
// sequence strictly one position after the other.
#include <algorithm>

#include "backends/cpu/cpu_backend.h"

namespace rocmforge::cpu {

using namespace ops;

namespace {

// Of all sequences together, shared out: what decides whether threads are worth their waking.
std::int64_t rows_a_sequence(const Step& step) {
  return step.rows() / std::max<std::int64_t>(static_cast<std::int64_t>(step.sequences.size()), 1) + 1;
}

}  // namespace

void CpuBackend::causal_convolution(const Step& step, const Convolution& convolution, const StateView& state,
                                    Tensor x) {
  const std::int64_t parts = (convolution.channels + kConvolutionChannels - 1) / kConvolutionChannels;
  const auto count = static_cast<std::int64_t>(step.sequences.size()) * parts;
  for_each_row(count, 8 * kConvolutionChannels * rows_a_sequence(step), [&](std::int64_t index, int) {
    const SequenceRows& rows = step.sequences[static_cast<std::size_t>(index / parts)];
    if (rows.rows == 0) return;
    const std::int64_t first = index % parts * kConvolutionChannels;
    const std::int64_t channels = std::min(kConvolutionChannels, convolution.channels - first);
    recurrent_.convolve(convolution, rows, state.convolution_of(rows.state_slot), first, channels, x);
  });
}

void CpuBackend::mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b,
                             Tensor c, Tensor dt, Tensor y) {
  const auto count = static_cast<std::int64_t>(step.sequences.size()) * mamba.heads;
  const std::int64_t head_state = static_cast<std::int64_t>(mamba.head_size) * mamba.state_size;
  for_each_row(count, head_state * rows_a_sequence(step), [&](std::int64_t index, int) {
    const SequenceRows& rows = step.sequences[static_cast<std::size_t>(index / mamba.heads)];
    const auto head = static_cast<int>(index % mamba.heads);
    const std::int64_t group = static_cast<std::int64_t>(head / (mamba.heads / mamba.groups)) * mamba.state_size;
    const std::int64_t channel = static_cast<std::int64_t>(head) * mamba.head_size;
    float* const of_head = state.recurrent_of(rows.state_slot) + head * head_state;
    for (std::int32_t row = rows.first_row; row < rows.first_row + rows.rows; ++row) {
      recurrent_.scan(mamba, head, dt.row(row)[head], x.row(row) + channel, b.row(row) + group, c.row(row) + group,
                      of_head, y.row(row) + channel);
    }
  });
}

}  // namespace rocmforge::cpu
