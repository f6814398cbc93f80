// Tests recurrences with a matrix for each head on every backend: against the reference, against results by hand, and
// in chunks.
#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/steps.h"

namespace rocmforge {
namespace {

using namespace testing;

class MatrixStates : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(MatrixStates);

constexpr std::int64_t kSlots = 4;

struct Result {
  Numbers out;
  Numbers state;
};

// A run over several steps. The inputs of a row do not depend on how the steps are divided.
class Run {
 public:
  Run(ops::Backend& backend, std::int64_t head_states, const Numbers& first_state)
      : backend_(backend), size_(head_states), state_(backend, first_state) {}

  // Calls scan(step, state, part, y) for each step; part(seed, columns, deviation) returns an input.
  template <typename Scan>
  Result over(const std::vector<TestStep>& steps, std::int64_t width, Scan scan) {
    Result result;
    std::int64_t done = 0;
    for (const TestStep& plan : steps) {
      const auto part = [&](std::uint32_t seed, std::int64_t columns, float deviation = 1) {
        const Numbers all = normal(seed, (done + plan.rows()) * columns, deviation);
        return Rows(backend_, plan.rows(), columns, Numbers(all.begin() + done * columns, all.end()));
      };
      const Rows y(backend_, plan.rows(), width);
      scan(plan.step(), ops::StateView{nullptr, state_.data(), 0, size_}, part, y.tensor());
      const Numbers values = y.values();
      result.out.insert(result.out.end(), values.begin(), values.end());
      done += plan.rows();
    }
    result.state = state_.values();
    return result;
  }

 private:
  ops::Backend& backend_;
  std::int64_t size_;
  Array<float> state_;
};

const std::vector<TestStep>& ragged() {
  static const std::vector<TestStep> steps = {TestStep({{0, 1, 2, 0}, {5, 40, 0, 1}, {1, 2, 3, 2}})};
  return steps;
}

// The rows of one sequence in one step, and in several.
const std::vector<TestStep>& whole() {
  static const std::vector<TestStep> steps = {TestStep({{0, 75, 1, 0}})};
  return steps;
}
const std::vector<TestStep>& in_parts() {
  static const std::vector<TestStep> steps = {TestStep({{0, 1, 1, 0}}), TestStep({{1, 33, 1, 0}}),
                                              TestStep({{34, 41, 1, 0}})};
  return steps;
}

void expect_close(const Result& found, const Result& expected, double tolerance) {
  expect_relative(found.state, expected.state, tolerance, tolerance, "state");
  expect_relative(found.out, expected.out, tolerance, tolerance, "out");
}

void expect_same(const Result& found, const Result& expected) {
  expect_same_bits(found.out, expected.out, "out");
  expect_same_bits(found.state, expected.state, "state");
}

// ---- The gated delta rule ----

struct DeltaShape {
  int heads;
  int key_heads;
  int key_size;
  int value_size;
  bool repeats = false;
  bool by_channel = false;

  std::int64_t state() const { return static_cast<std::int64_t>(heads) * key_size * value_size; }
};

// Keys have a length of about 1, as in models, so that the state stays about as large as the values.
Result delta(ops::Backend& backend, const DeltaShape& shape, const std::vector<TestStep>& steps,
             const Numbers& first_state) {
  const std::int64_t decays = shape.by_channel ? shape.heads * shape.key_size : shape.heads;
  Numbers rates = normal(1, shape.heads);
  for (float& rate : rates) rate = -std::fabs(rate);
  const Array<float> a(backend, rates), bias(backend, normal(2, decays));
  const ops::DeltaRule rule{shape.heads,   shape.key_heads,  shape.key_size, shape.value_size,
                            shape.repeats, shape.by_channel, a.data(),       bias.data()};
  Run run(backend, shape.state(), first_state);
  const float unit = 1 / std::sqrt(static_cast<float>(shape.key_size));
  return run.over(steps, shape.heads * shape.value_size,
                  [&](const ops::Step& step, const ops::StateView& state, auto part, ops::Tensor y) {
                    const Rows q = part(3, shape.key_heads * shape.key_size, 1);
                    const Rows k = part(4, shape.key_heads * shape.key_size, unit);
                    const Rows v = part(5, shape.heads * shape.value_size, 1);
                    const Rows decay = part(6, decays, 2);
                    const Rows beta = part(7, shape.heads, 2);
                    backend.delta_scan(step, rule, state, q.tensor(), k.tensor(), v.tensor(), decay.tensor(),
                                       beta.tensor(), y);
                  });
}

constexpr DeltaShape kDeltaShapes[] = {{4, 2, 128, 128},           {4, 2, 16, 24, true}, {3, 3, 7, 5, false, true},
                                       {2, 2, 40, 64, true, true}, {6, 2, 33, 1},        {1, 1, 1, 100}};

TEST_P(MatrixStates, DeltaRule) {
  for (const DeltaShape& shape : kDeltaShapes) {
    const Numbers state = normal(8, kSlots * shape.state());
    // Sums of up to 128 products, over 40 tokens with decay.
    expect_close(delta(*backend_, shape, ragged(), state), delta(*ref_, shape, ragged(), state), 2e-5);
  }
}

TEST_P(MatrixStates, DeltaRuleInChunksGivesTheSameBits) {
  for (const DeltaShape& shape : kDeltaShapes) {
    const Numbers state(static_cast<std::size_t>(kSlots * shape.state()), 0.0f);
    expect_same(delta(*backend_, shape, in_parts(), state), delta(*backend_, shape, whole(), state));
  }
}

// Two key heads, four value heads, keys and values of one number: S' = S exp(a ln 2), and then beta (0 gives half) of
// the difference to v / k.
TEST_P(MatrixStates, DeltaRuleIsItsFormula) {
  const TestStep plan({{0, 1, 0, 0}});
  for (ops::Backend* backend : both()) {
    for (const bool repeats : {false, true}) {
      const Array<float> a(*backend, {-1, -1, -2, -2}), bias(*backend, {1, 1, 1, 1}), state(*backend, {8, 8, 8, 8});
      const Rows q(*backend, 1, 2, {1, 10}), k(*backend, 1, 2, {1, 2}), v(*backend, 1, 4, {0, 4, 6, 8});
      const Rows decay(*backend, 1, 4, {-1, -1, -1, -1}), beta(*backend, 1, 4, {0, 0, 0, 0}), y(*backend, 1, 4);
      backend->delta_scan(plan.step(), {4, 2, 1, 1, repeats, false, a.data(), bias.data()},
                          {nullptr, state.data(), 0, 4}, q.tensor(), k.tensor(), v.tensor(), decay.tensor(),
                          beta.tensor(), y.tensor());
      Numbers kept, read;
      const double decayed[] = {4, 4, 2, 2};
      const double values[] = {0, 4, 6, 8};
      for (int head = 0; head < 4; ++head) {
        const int key_head = repeats ? head % 2 : head / 2;
        const double key = key_head == 0 ? 1 : 2;
        const double next = decayed[head] + key * 0.5 * (values[head] - key * decayed[head]);
        kept.push_back(static_cast<float>(next));
        read.push_back(static_cast<float>(next * (key_head == 0 ? 1 : 10)));
      }
      expect_relative(state.values(), kept, 1e-6, 1e-6, "state");
      expect_relative(y.values(), read, 1e-6, 1e-6, "y");
    }
  }
}

// ---- RWKV ----

struct WkvShape {
  int heads;
  int head_size;

  std::int64_t width() const { return static_cast<std::int64_t>(heads) * head_size; }
  std::int64_t state() const { return width() * head_size; }
};

constexpr WkvShape kWkvShapes[] = {{3, 64}, {2, 7}, {1, 1}, {2, 33}, {1, 128}};

Result wkv6(ops::Backend& backend, const WkvShape& shape, const std::vector<TestStep>& steps,
            const Numbers& first_state) {
  const Array<float> bonus(backend, normal(11, shape.width()));
  Run run(backend, shape.state(), first_state);
  return run.over(
      steps, shape.width(), [&](const ops::Step& step, const ops::StateView& state, auto part, ops::Tensor y) {
        const std::int64_t width = shape.width();
        const Rows r = part(12, width), k = part(13, width), v = part(14, width), decay = part(15, width, 2);
        backend.wkv6_scan(step, {shape.heads, shape.head_size, bonus.data()}, state, r.tensor(), k.tensor(), v.tensor(),
                          decay.tensor(), y);
      });
}

// The norm of the heads, with or without separate weights.
enum class HeadNorm { kNone, kForAll, kForEach };

Result wkv7(ops::Backend& backend, const WkvShape& shape, HeadNorm kind, const std::vector<TestStep>& steps,
            const Numbers& first_state) {
  const Array<float> scale(backend, normal(21, shape.width())), rates(backend, normal(22, shape.width()));
  const Array<float> bonus(backend, normal(23, shape.width()));
  const Array<float> weight(backend, normal(24, shape.width())), bias(backend, normal(25, shape.width()));
  ops::Norm norm{ops::NormKind::kLayer, weight.data(), bias.data(), 1e-3f, shape.head_size, shape.head_size};
  if (kind == HeadNorm::kNone) norm = {};
  if (kind == HeadNorm::kForEach) norm.weights = static_cast<int>(shape.width());
  const ops::Wkv7 wkv{shape.heads, shape.head_size, scale.data(), rates.data(), bonus.data(), norm};
  Run run(backend, shape.state(), first_state);
  return run.over(
      steps, shape.width(), [&](const ops::Step& step, const ops::StateView& state, auto part, ops::Tensor y) {
        const std::int64_t width = shape.width();
        const Rows r = part(26, width), k = part(27, width, 0.3f), v = part(28, width);
        const Rows decay = part(29, width, 2), rate = part(30, width, 2);
        backend.wkv7_scan(step, wkv, state, r.tensor(), k.tensor(), v.tensor(), decay.tensor(), rate.tensor(), y);
      });
}

TEST_P(MatrixStates, Wkv6) {
  for (const WkvShape& shape : kWkvShapes) {
    const Numbers state = normal(16, kSlots * shape.state());
    // States of about 10, whose sums have up to 128 products.
    expect_close(wkv6(*backend_, shape, ragged(), state), wkv6(*ref_, shape, ragged(), state), 1e-4);
  }
}

TEST_P(MatrixStates, Wkv7) {
  for (const WkvShape& shape : kWkvShapes) {
    for (const HeadNorm norm : {HeadNorm::kNone, HeadNorm::kForAll, HeadNorm::kForEach}) {
      if (shape.head_size == 1 && norm != HeadNorm::kNone) continue;  // a single value less its mean is 0
      const Numbers state = normal(31, kSlots * shape.state());
      expect_close(wkv7(*backend_, shape, norm, ragged(), state), wkv7(*ref_, shape, norm, ragged(), state), 1e-4);
    }
  }
}

TEST_P(MatrixStates, WkvInChunksGivesTheSameBits) {
  for (const WkvShape& shape : kWkvShapes) {
    const Numbers state(static_cast<std::size_t>(kSlots * shape.state()), 0.0f);
    expect_same(wkv6(*backend_, shape, in_parts(), state), wkv6(*backend_, shape, whole(), state));
    expect_same(wkv7(*backend_, shape, HeadNorm::kForEach, in_parts(), state),
                wkv7(*backend_, shape, HeadNorm::kForEach, whole(), state));
  }
}

// One number per head, computed by hand. exp(-exp(0)) = 1/e; the state is read before it is updated.
TEST_P(MatrixStates, Wkv6IsItsFormula) {
  const TestStep plan({{0, 1, 0, 0}});
  for (ops::Backend* backend : both()) {
    const Array<float> bonus(*backend, {0.5f}), state(*backend, {3.0f});
    const Rows r(*backend, 1, 1, {2}), k(*backend, 1, 1, {5}), v(*backend, 1, 1, {7}), decay(*backend, 1, 1, {0});
    const Rows y(*backend, 1, 1);
    backend->wkv6_scan(plan.step(), {1, 1, bonus.data()}, {nullptr, state.data(), 0, 1}, r.tensor(), k.tensor(),
                       v.tensor(), decay.tensor(), y.tensor());
    expect_relative(y.values(), {2 * (3 + 0.5f * 35)}, 1e-6, 0, "y");
    expect_relative(state.values(), {static_cast<float>(3 / std::exp(1.0) + 35)}, 1e-6, 0, "state");
  }
}

// A key of one direction, in a state of two rows: w = exp(-0.606531 / 2), a = 1/2, κ = (1, 0), k' = k (1 - rate / 2).
TEST_P(MatrixStates, Wkv7IsItsFormula) {
  const TestStep plan({{0, 1, 0, 0}});
  const double w = std::exp(-0.606531 / 2);
  const double first = 3 * w + 10 * 2.4 - 3 * 0.5;  // S_00 w + v_0 k'_0 + s_0 κ_0 a_0, where s_0 = -3
  const double second = 5 * w;
  const double third = 7 * w + 20 * 2.4 - 7 * 0.5;
  for (ops::Backend* backend : both()) {
    const Array<float> scale(*backend, {2, 2}), rates(*backend, {0.4f, 0.4f}), bonus(*backend, {0.25f, 0.25f});
    const Array<float> state(*backend, {3, 5, 7, 0});
    const Rows r(*backend, 1, 2, {1, 2}), k(*backend, 1, 2, {3, 0}), v(*backend, 1, 2, {10, 20});
    const Rows zeros(*backend, 1, 2, {0, 0}), y(*backend, 1, 2);
    backend->wkv7_scan(plan.step(), {1, 2, scale.data(), rates.data(), bonus.data(), {}}, {nullptr, state.data(), 0, 4},
                       r.tensor(), k.tensor(), v.tensor(), zeros.tensor(), zeros.tensor(), y.tensor());
    expect_relative(state.values(),
                    {static_cast<float>(first), static_cast<float>(second), static_cast<float>(third), 0}, 1e-6, 1e-6,
                    "state");
    const double more = 1 * 2.4 * 0.25;  // r k' bonus
    expect_relative(y.values(),
                    {static_cast<float>(first + 2 * second + 10 * more), static_cast<float>(third + 20 * more)}, 1e-6,
                    0, "y");
  }
}

}  // namespace
}  // namespace rocmforge
