// Operations that carry a state from position to position.
#include <algorithm>
#include <cmath>

#include "backends/ref/reference.h"

namespace rocmforge::ref {

void causal_convolution(const Step& step, const Convolution& convolution, const StateView& state, Tensor x) {
  const std::int64_t channels = convolution.channels;
  const int past = convolution.taps - 1;
  for (const SequenceRows& sequence : step.sequences) {
    float* kept = state.convolution_of(sequence.state_slot);
    for (std::int32_t row = sequence.first_row; row < sequence.first_row + sequence.rows; ++row) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float* taps = convolution.weight + c * convolution.taps;
        const float now = x.row(row)[c];
        double sum = convolution.bias == nullptr ? 0 : convolution.bias[c];
        for (int t = 0; t < past; ++t) sum += static_cast<double>(taps[t]) * kept[t * channels + c];
        sum += static_cast<double>(taps[past]) * now;
        for (int t = 0; t + 1 < past; ++t) kept[t * channels + c] = kept[(t + 1) * channels + c];
        if (past > 0) kept[(past - 1) * channels + c] = now;
        x.row(row)[c] = static_cast<float>(convolution.has_silu ? silu(sum) : sum);
      }
    }
  }
}

void mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b, Tensor c, Tensor dt,
                 Tensor y) {
  const int states = mamba.state_size;
  for (const SequenceRows& sequence : step.sequences) {
    for (int head = 0; head < mamba.heads; ++head) {
      const int group = head / (mamba.heads / mamba.groups);
      float* of_head =
          state.recurrent_of(sequence.state_slot) + static_cast<std::int64_t>(head) * mamba.head_size * states;
      for (std::int32_t row = sequence.first_row; row < sequence.first_row + sequence.rows; ++row) {
        const double step_size = softplus(static_cast<double>(dt.row(row)[head]) + mamba.dt_bias[head]);
        const double decay = std::exp(step_size * mamba.a[head]);
        const float* in = b.row(row) + group * states;
        const float* read = c.row(row) + group * states;
        for (int channel = 0; channel < mamba.head_size; ++channel) {
          const int index = head * mamba.head_size + channel;
          const double value = x.row(row)[index];
          float* kept = of_head + static_cast<std::int64_t>(channel) * states;
          double sum = 0;
          for (int n = 0; n < states; ++n) {
            const double next = kept[n] * decay + step_size * value * in[n];
            kept[n] = static_cast<float>(next);
            sum += next * read[n];
          }
          y.row(row)[index] = static_cast<float>(sum + mamba.d[head] * value);
        }
      }
    }
  }
}

void mamba_scan(const Step& step, const Mamba& mamba, const StateView& state, Tensor x, Tensor b, Tensor c, Tensor dt,
                Tensor y) {
  const int states = mamba.state_size;
  for (const SequenceRows& sequence : step.sequences) {
    for (std::int32_t row = sequence.first_row; row < sequence.first_row + sequence.rows; ++row) {
      for (int channel = 0; channel < mamba.channels; ++channel) {
        const double step_size = softplus(dt.row(row)[channel]);
        const double value = x.row(row)[channel];
        const float* a = mamba.a + static_cast<std::int64_t>(channel) * states;
        float* kept = state.recurrent_of(sequence.state_slot) + static_cast<std::int64_t>(channel) * states;
        double sum = 0;
        for (int n = 0; n < states; ++n) {
          const double next = kept[n] * std::exp(step_size * a[n]) + step_size * value * b.row(row)[n];
          kept[n] = static_cast<float>(next);
          sum += next * c.row(row)[n];
        }
        y.row(row)[channel] = static_cast<float>(sum + mamba.d[channel] * value);
      }
    }
  }
}

void shift_difference(const Step& step, const StateView& state, Tensor x, Tensor out) {
  for (const SequenceRows& sequence : step.sequences) {
    float* before = state.convolution_of(sequence.state_slot);
    for (std::int32_t row = sequence.first_row; row < sequence.first_row + sequence.rows; ++row) {
      for (std::int64_t i = 0; i < x.columns; ++i) {
        out.row(row)[i] = before[i] - x.row(row)[i];
        before[i] = x.row(row)[i];
      }
    }
  }
}

}  // namespace rocmforge::ref
