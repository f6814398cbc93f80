// Tests operations with a state on every backend: against the reference, and in chunks against a single step.
#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/steps.h"

namespace rocmforge {
namespace {

using namespace testing;

class Recurrent : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(Recurrent);

struct ScanResult {
  Numbers out;
  Numbers state;
};

constexpr std::int64_t kScanSlots = 4;

// ---- Convolution ----

struct ConvolutionCase {
  int channels;
  int taps;
  bool has_bias;
  bool has_silu = true;
};

ScanResult convolve(ops::Backend& backend, const ConvolutionCase& how, const std::vector<TestStep>& steps,
                    const Numbers& x, const Numbers& first_state) {
  const Array<float> weights(backend, normal(1, how.channels * how.taps));
  const Array<float> biases(backend, normal(2, how.channels));
  const Array<float> state(backend, first_state);
  const std::int64_t size = static_cast<std::int64_t>(how.taps - 1) * how.channels;
  const ops::Convolution convolution{how.channels, how.taps, weights.data(), how.has_bias ? biases.data() : nullptr,
                                     how.has_silu};
  ScanResult result;
  std::int64_t done = 0;
  for (const TestStep& plan : steps) {
    const Numbers own(x.begin() + done * how.channels, x.begin() + (done + plan.rows()) * how.channels);
    const Rows rows(backend, plan.rows(), how.channels, own);
    backend.causal_convolution(plan.step(), convolution, {state.data(), nullptr, size, 0}, rows.tensor());
    const Numbers values = rows.values();
    result.out.insert(result.out.end(), values.begin(), values.end());
    done += plan.rows();
  }
  result.state = state.values();
  return result;
}

TEST_P(Recurrent, Convolution) {
  for (const ConvolutionCase& how :
       {ConvolutionCase{300, 4, true}, ConvolutionCase{17, 3, false}, ConvolutionCase{5, 1, true},
        ConvolutionCase{40, 2, true}, ConvolutionCase{300, 3, true, false}}) {
    const TestStep plan({{0, 1, 2, 0}, {5, 9, 0, 1}, {1, 2, 3, 2}});
    const Numbers x = normal(3, plan.rows() * how.channels);
    const Numbers state = normal(4, std::max<std::int64_t>(kScanSlots * (how.taps - 1) * how.channels, 1));
    const ScanResult expected = convolve(*ref_, how, {plan}, x, state);
    const ScanResult found = convolve(*backend_, how, {plan}, x, state);
    // Sums of five terms of about 1, and the steepness of silu.
    expect_relative(found.out, expected.out, 2e-6, 4e-6, "out");
    expect_same_bits(found.state, expected.state, "state");
  }
}

TEST_P(Recurrent, ConvolutionInChunksGivesTheSameBits) {
  const ConvolutionCase how{40, 4, true};
  const Numbers x = normal(5, 12 * how.channels);
  const Numbers state(static_cast<std::size_t>(kScanSlots * 3 * how.channels), 0.0f);
  const ScanResult whole = convolve(*backend_, how, {TestStep({{0, 12, 1, 0}})}, x, state);
  const ScanResult cut = convolve(
      *backend_, how, {TestStep({{0, 1, 1, 0}}), TestStep({{1, 2, 1, 0}}), TestStep({{3, 9, 1, 0}})}, x, state);
  expect_same_bits(cut.out, whole.out, "out");
  expect_same_bits(cut.state, whole.state, "state");
}

// ---- Mamba 2 ----

struct ScanShape {
  int heads;
  int head_size;
  int groups;
  int state_size;

  std::int64_t width() const { return static_cast<std::int64_t>(heads) * head_size; }
  std::int64_t groups_width() const { return static_cast<std::int64_t>(groups) * state_size; }
  std::int64_t state() const { return width() * state_size; }
};

ScanResult scan(ops::Backend& backend, const ScanShape& shape, const std::vector<TestStep>& steps,
                const Numbers& first_state) {
  const Array<float> dt_bias(backend, normal(6, shape.heads));
  Numbers decays = normal(7, shape.heads);
  for (float& decay : decays) decay = -std::fabs(decay);
  const Array<float> a(backend, decays);
  const Array<float> d(backend, normal(8, shape.heads));
  const Array<float> state(backend, first_state);
  const ops::Mamba2 mamba{shape.heads,    shape.head_size, shape.groups, shape.state_size,
                          dt_bias.data(), a.data(),        d.data()};
  ScanResult result;
  std::int64_t done = 0;
  for (const TestStep& plan : steps) {
    const std::int64_t rows = plan.rows();
    const auto part = [&](std::uint32_t seed, std::int64_t columns) {
      const Numbers all = normal(seed, (done + rows) * columns);  // the same for a row, however the steps are divided
      return Rows(backend, rows, columns, Numbers(all.begin() + done * columns, all.end()));
    };
    const Rows x = part(9, shape.width());
    const Rows b = part(10, shape.groups_width());
    const Rows c = part(11, shape.groups_width());
    const Rows dt = part(12, shape.heads);
    const Rows y(backend, rows, shape.width());
    backend.mamba2_scan(plan.step(), mamba, {nullptr, state.data(), 0, shape.state()}, x.tensor(), b.tensor(),
                        c.tensor(), dt.tensor(), y.tensor());
    const Numbers values = y.values();
    result.out.insert(result.out.end(), values.begin(), values.end());
    done += rows;
  }
  result.state = state.values();
  return result;
}

TEST_P(Recurrent, MambaScan) {
  for (const ScanShape& shape : {ScanShape{4, 64, 2, 128}, ScanShape{3, 5, 1, 16}, ScanShape{2, 8, 2, 7}}) {
    const TestStep plan({{0, 1, 2, 0}, {5, 9, 0, 1}, {1, 2, 3, 2}});
    const Numbers state = normal(13, kScanSlots * shape.state());
    const ScanResult expected = scan(*ref_, shape, {plan}, state);
    const ScanResult found = scan(*backend_, shape, {plan}, state);
    // Sums of up to 128 products of states of about 10: a rounding each, and one a position of the state.
    const double rounding = 0x1p-24;
    expect_relative(found.state, expected.state, 32 * rounding, 32 * rounding * 10, "state");
    expect_relative(found.out, expected.out, 32 * rounding, 128 * 10 * 3 * rounding, "out");
  }
}

TEST_P(Recurrent, MambaScanInChunksGivesTheSameBits) {
  const ScanShape shape{2, 16, 1, 32};
  const Numbers state(static_cast<std::size_t>(kScanSlots * shape.state()), 0.0f);
  const ScanResult whole = scan(*backend_, shape, {TestStep({{0, 12, 1, 0}})}, state);
  const ScanResult cut =
      scan(*backend_, shape, {TestStep({{0, 1, 1, 0}}), TestStep({{1, 4, 1, 0}}), TestStep({{5, 7, 1, 0}})}, state);
  expect_same_bits(cut.out, whole.out, "out");
  expect_same_bits(cut.state, whole.state, "state");
}

// ---- Mamba ----

struct ChannelShape {
  int channels;
  int state_size;

  std::int64_t state() const { return static_cast<std::int64_t>(channels) * state_size; }
};

ScanResult scan_channels(ops::Backend& backend, const ChannelShape& shape, const std::vector<TestStep>& steps,
                         const Numbers& first_state) {
  Numbers decays = normal(14, shape.state());
  for (float& decay : decays) decay = -std::fabs(decay);
  const Array<float> a(backend, decays), d(backend, normal(15, shape.channels)), state(backend, first_state);
  const ops::Mamba mamba{shape.channels, shape.state_size, a.data(), d.data()};
  ScanResult result;
  std::int64_t done = 0;
  for (const TestStep& plan : steps) {
    const auto part = [&](std::uint32_t seed, std::int64_t columns, float deviation = 1) {
      const Numbers all = normal(seed, (done + plan.rows()) * columns, deviation);
      return Rows(backend, plan.rows(), columns, Numbers(all.begin() + done * columns, all.end()));
    };
    const Rows x = part(16, shape.channels), dt = part(17, shape.channels, 8), y(backend, plan.rows(), shape.channels);
    const Rows b = part(18, shape.state_size), c = part(19, shape.state_size);
    backend.mamba_scan(plan.step(), mamba, {nullptr, state.data(), 0, shape.state()}, x.tensor(), b.tensor(),
                       c.tensor(), dt.tensor(), y.tensor());
    const Numbers values = y.values();
    result.out.insert(result.out.end(), values.begin(), values.end());
    done += plan.rows();
  }
  result.state = state.values();
  return result;
}

TEST_P(Recurrent, MambaOfChannels) {
  for (const ChannelShape& shape :
       {ChannelShape{200, 16}, ChannelShape{65, 7}, ChannelShape{3, 1}, ChannelShape{64, 33}}) {
    const TestStep plan({{0, 1, 2, 0}, {5, 9, 0, 1}, {1, 2, 3, 2}});
    const Numbers state = normal(20, kScanSlots * shape.state());
    const ScanResult expected = scan_channels(*ref_, shape, {plan}, state);
    const ScanResult found = scan_channels(*backend_, shape, {plan}, state);
    // Steps of up to 30 bring numbers of about 100; of each a rounding, and of the exponent a few of up to 90.
    expect_relative(found.state, expected.state, 3e-6, 1e-4, "state");
    expect_relative(found.out, expected.out, 3e-6, 4e-4, "out");
  }
}

// One channel and one number of state, computed by hand: softplus(0) = ln 2.
TEST_P(Recurrent, MambaIsItsFormula) {
  const TestStep plan({{0, 1, 0, 0}});
  for (ops::Backend* backend : both()) {
    const Array<float> a(*backend, {-1.0f}), d(*backend, {10.0f}), state(*backend, {4.0f});
    const Rows x(*backend, 1, 1, {3}), b(*backend, 1, 1, {2}), c(*backend, 1, 1, {5}), dt(*backend, 1, 1, {0});
    const Rows y(*backend, 1, 1);
    backend->mamba_scan(plan.step(), {1, 1, a.data(), d.data()}, {nullptr, state.data(), 0, 1}, x.tensor(), b.tensor(),
                        c.tensor(), dt.tensor(), y.tensor());
    const auto kept = static_cast<float>(4 * 0.5 + std::log(2.0) * 3 * 2);
    expect_relative(state.values(), {kept}, 1e-6, 0, "state");
    expect_relative(y.values(), {5 * kept + 30}, 1e-6, 0, "y");
  }
}

const std::vector<TestStep>& cut_steps() {
  static const std::vector<TestStep> steps = {TestStep({{0, 1, 1, 0}}), TestStep({{1, 4, 1, 0}}),
                                              TestStep({{5, 7, 1, 0}})};
  return steps;
}

TEST_P(Recurrent, MambaOfChannelsInChunksGivesTheSameBits) {
  const ChannelShape shape{130, 16};
  const Numbers state(static_cast<std::size_t>(kScanSlots * shape.state()), 0.0f);
  const ScanResult whole = scan_channels(*backend_, shape, {TestStep({{0, 12, 1, 0}})}, state);
  const ScanResult cut = scan_channels(*backend_, shape, cut_steps(), state);
  expect_same_bits(cut.out, whole.out, "out");
  expect_same_bits(cut.state, whole.state, "state");
}

// ---- Differences to the row before ----

TEST_P(Recurrent, ShiftDifference) {
  for (const std::int64_t width : {1, 37, 2100}) {
    const TestStep plan({{0, 1, 2, 0}, {5, 9, 0, 1}, {1, 2, 3, 2}});
    const Numbers x = normal(21, plan.rows() * width);
    const Numbers kept = normal(22, kScanSlots * width);
    Numbers expected(x.size());
    Numbers expected_state = kept;
    for (const ops::SequenceRows& sequence : plan.step().sequences) {
      for (std::int64_t row = sequence.first_row; row < sequence.first_row + sequence.rows; ++row) {
        for (std::int64_t i = 0; i < width; ++i) {
          float& before = expected_state[static_cast<std::size_t>(sequence.state_slot * width + i)];
          const auto at = static_cast<std::size_t>(row * width + i);
          expected[at] = before - x[at];
          before = x[at];
        }
      }
    }
    for (ops::Backend* backend : both()) {
      const Array<float> state(*backend, kept);
      const Rows rows(*backend, plan.rows(), width, x), out(*backend, plan.rows(), width);
      backend->shift_difference(plan.step(), {state.data(), nullptr, width, 0}, rows.tensor(), out.tensor());
      expect_same_bits(out.values(), expected, "out");
      expect_same_bits(state.values(), expected_state, "state");
      expect_same_bits(rows.values(), x, "x stays");
    }
  }
}

}  // namespace
}  // namespace rocmforge
