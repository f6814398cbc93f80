// Tests what a backend guarantees besides its operations: memory is allocated once, and unsupported requests are
// refused.
#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/steps.h"
#include "support/allocation_count.h"
#include "support/expect_error.h"

namespace rocmforge {
namespace {

using namespace testing;

class SteadyState : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(SteadyState);

constexpr std::int64_t kStepWidth = 256;

// A step of a small model with every operation; its tensors already exist.
class WholeStep {
 public:
  explicit WholeStep(ops::Backend& backend)
      : backend_(backend),
        plan_({{0, 4, 0, 0}, {30, 1, 1, 1}}),
        x_(backend, plan_.rows(), kStepWidth),
        y_(backend, plan_.rows(), kStepWidth),
        z_(backend, plan_.rows(), kStepWidth),
        wide_(backend, plan_.rows(), 2 * kStepWidth),
        table_(backend, plan_.rows(), 64),
        logits_(backend, plan_.rows(), 16),
        one_(backend, plan_.rows(), 1),
        floats_(backend, normal(1, 4096)),
        state_(backend, normal(2, 8 * kStepWidth * 16)),
        chosen_(backend, std::vector<std::int32_t>(64)),
        bits_(backend, std::vector<std::uint32_t>(64 * 32)),
        keys_(backend.allocate(TestStep::kBlocks * 16 * kStepWidth * sizeof(float))),
        values_(backend.allocate(TestStep::kBlocks * 16 * kStepWidth * sizeof(float))) {
    for (const quant::Format* format : weight_formats()) {
      matrices_.emplace_back(*format, kStepWidth, kStepWidth, 16, 3);
      weights_.push_back(matrices_.back().bind(backend));
    }
  }

  void run() {
    const ops::Step step = plan_.step();
    backend_.begin_step(step);
    for (const ops::Weight& weight : weights_) products(step, weight);
    for (const auto id : {quant::FormatId::kF32, quant::FormatId::kF16, quant::FormatId::kBF16, quant::FormatId::kQ8_0,
                          quant::FormatId::kQ4_0}) {
      attend(step, quant::format_of(id));
    }
    recur(step);
    rows();
    backend_.end_step();
  }

 private:
  void products(const ops::Step& step, const ops::Weight& weight) {
    const ops::Linear linear{weight, nullptr};
    const ops::FeedForward ffn{linear, linear, linear, ops::Activation::kGeluErf, {}};
    backend_.embed(step, ops::Backend::RowOf::kPosition, weight, 1, ops::Write::kSet, x_.tensor());
    const ops::Projection projections[] = {{linear, y_.tensor()}, {linear, wide_.tensor().slice(0, kStepWidth)}};
    backend_.linear(x_.tensor(), projections, ops::Write::kAdd);
    backend_.linear(x_.tensor().first_rows(1), linear, y_.tensor().first_rows(1));
    backend_.linear_heads({wide_.tensor(), 2, kStepWidth, kStepWidth, 0}, weight,
                          {wide_.tensor(), 2, kStepWidth, kStepWidth, 0});
    backend_.gate_up(x_.tensor(), ffn, y_.tensor());
    const ops::Routing routing{chosen_.data(), floats_.data() + 3000, 3};
    backend_.route(logits_.tensor(), {16, 3, ops::Gating::kSigmoid, floats_.data(), 4, 2, true, 1}, routing);
    backend_.moe_ffn(x_.tensor(), ffn, routing, ops::Write::kAdd, y_.tensor());
    const ops::Routing of_inputs{chosen_.data(), floats_.data() + 3000, 3, true};
    backend_.moe_ffn(x_.tensor(), ffn, of_inputs, ops::Write::kAdd, y_.tensor());
  }

  void attend(const ops::Step& step, const quant::Format& format) {
    ops::Attention attention;
    attention.heads = 4;
    attention.kv_heads = 2;
    attention.key_size = attention.value_size = 64;
    attention.query_norm = {ops::NormKind::kRms, floats_.data(), nullptr, 1e-5f, 64, 64};
    attention.sinks = floats_.data();
    attention.temperature = 0.1f;
    attention.clamp = 3;
    attention.value_norm = {ops::NormKind::kLength, nullptr, nullptr, 1e-5f, 64, 0};
    attention.slopes = attention.distance_bias = floats_.data();
    attention.distance_reach = 5;
    const ops::PagedKvView cache{keys_->data(), values_->data(), &format, &format, 0, 16, 2, 64, 64};
    backend_.rope_table(step, {floats_.data(), 32, 1}, table_.tensor());
    backend_.rope_append(step, attention, table_.tensor(), x_.tensor(), wide_.tensor().slice(0, 128),
                         wide_.tensor().slice(128, 128), cache);
    backend_.paged_attention(step, attention, x_.tensor(), cache, {}, y_.tensor());
    ops::PagedKvView index = cache;
    index.kv_heads = 1;
    const ops::KeySelection selection{bits_.data(), 32};
    backend_.select_keys(step, 7, {x_.tensor(), 4, 64, 64, 0}, wide_.tensor().slice(0, 4), index, selection);
    backend_.paged_attention(step, attention, x_.tensor(), cache, selection, y_.tensor());
  }

  void recur(const ops::Step& step) {
    backend_.causal_convolution(step, {static_cast<int>(kStepWidth), 4, floats_.data(), nullptr},
                                {state_.data(), nullptr, 3 * kStepWidth, 0}, x_.tensor());
    backend_.shift_difference(step, {state_.data(), nullptr, kStepWidth, 0}, x_.tensor(), y_.tensor());
    backend_.mamba_scan(step, {64, 16, floats_.data(), floats_.data()}, {nullptr, state_.data(), 0, kStepWidth * 16},
                        x_.tensor().slice(0, 64), wide_.tensor().slice(0, 16), wide_.tensor().slice(16, 16),
                        wide_.tensor().slice(64, 64), y_.tensor().slice(0, 64));
    matrix_states(step);
    backend_.mamba2_scan(step, {4, 64, 1, 16, floats_.data(), floats_.data(), floats_.data()},
                         {nullptr, state_.data(), 0, kStepWidth * 16}, x_.tensor(), wide_.tensor().slice(0, 16),
                         wide_.tensor().slice(16, 16), wide_.tensor().slice(32, 4), y_.tensor());
  }

  void matrix_states(const ops::Step& step) {
    const ops::StateView state{nullptr, state_.data(), 0, kStepWidth * 16};
    const auto part = [&](std::int64_t number) { return wide_.tensor().slice(64 * number, 64); };
    const ops::Tensor y = y_.tensor().slice(0, 64);
    backend_.delta_scan(step, {4, 2, 16, 16, true, false, floats_.data(), floats_.data()}, state, part(0).slice(0, 32),
                        part(1).slice(0, 32), part(2), part(3).slice(0, 4), part(4).slice(0, 4), y);
    backend_.wkv6_scan(step, {4, 16, floats_.data()}, state, part(0), part(1), part(2), part(3), y);
    const ops::Norm norm{ops::NormKind::kLayer, floats_.data(), nullptr, 1e-5f, 16, 64};
    backend_.wkv7_scan(step, {4, 16, floats_.data(), floats_.data(), floats_.data(), norm}, state, part(0), part(1),
                       part(2), part(3), part(4), y);
  }

  void rows() {
    backend_.norm(x_.tensor(), {ops::NormKind::kLayer, floats_.data(), nullptr, 1e-5f, 0, kStepWidth}, ops::Write::kSet,
                  x_.tensor());
    backend_.copy_heads({x_.tensor(), 4, 64, 64, 0}, {y_.tensor(), 4, 64, 64, 0});
    backend_.add(x_.tensor(), 0.5f, y_.tensor());
    backend_.add_gated(x_.tensor(), one_.tensor(), y_.tensor());
    backend_.gate(ops::Activation::kSilu, x_.tensor(), y_.tensor(), y_.tensor());
    backend_.scale_columns(floats_.data(), y_.tensor());
    backend_.interpolate(x_.tensor(), y_.tensor(), floats_.data(), wide_.tensor().slice(0, kStepWidth), z_.tensor());
    backend_.blend(z_.tensor(), x_.tensor(), y_.tensor());
    backend_.keep_outliers(1, z_.tensor());
    backend_.match_length(x_.tensor(), kStepWidth, wide_.tensor());
    backend_.mix_streams(x_.tensor(), wide_.tensor().slice(0, 16), y_.tensor());
    backend_.add_to_streams(x_.tensor(), wide_.tensor().slice(0, 2), wide_.tensor());
    backend_.scale(0.5f, y_.tensor());
    backend_.soft_cap(30, y_.tensor());
    const std::array<std::int32_t, 2> wanted = {4, 0};
    backend_.gather_rows(x_.tensor(), wanted, y_.tensor().first_rows(2));
  }

  ops::Backend& backend_;
  TestStep plan_;
  Rows x_, y_, z_, wide_, table_, logits_, one_;
  Array<float> floats_, state_;
  Array<std::int32_t> chosen_;
  Array<std::uint32_t> bits_;
  std::unique_ptr<ops::Buffer> keys_, values_;
  std::vector<Matrices> matrices_;
  std::vector<ops::Weight> weights_;
};

// An allocation in a step is a pause at the worst moment, and a failed one is a crash in the middle of an answer.
TEST_P(SteadyState, OperationsAllocateNothing) {
  WholeStep step(*backend_);
  const long before = testing::allocations;
  step.run();
  EXPECT_EQ(testing::allocations - before, 0);
}

TEST_P(SteadyState, WorkBytesAreWhatReserveTakes) {
  ops::WorkLimits more = kTestLimits;
  more.rows *= 2;
  EXPECT_GT(backend_->work_bytes(kTestLimits), std::uint64_t{300} * 4096 * 2);
  EXPECT_GT(backend_->work_bytes(more), backend_->work_bytes(kTestLimits));
}

// Reserving more must not keep the smaller reservation.
TEST_P(SteadyState, ReservesAgainForGreaterLimits) {
  const auto fresh = GetParam().make();
  ops::WorkLimits limits{.rows = 1, .columns = 256, .head_size = 64};
  fresh->reserve(limits);
  limits.rows = 40;
  fresh->reserve(limits);
  const Matrices weights(quant::format_of(quant::FormatId::kQ4_0), 32, 256, 1, 4);
  const Rows x(*fresh, 40, 256, normal(5, 40 * 256));
  const Rows out(*fresh, 40, 32);
  fresh->linear(x.tensor(), {weights.bind(*fresh), nullptr}, out.tensor());
  for (const float value : out.values()) EXPECT_NE(value, 0.5f);
}

TEST_P(SteadyState, NewMemoryIsZero) {
  const auto buffer = backend_->allocate(100000);
  EXPECT_EQ(buffer->size(), 100000u);
  std::vector<std::byte> bytes(buffer->size(), std::byte{1});
  backend_->read(bytes, buffer->data());
  EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST_P(SteadyState, MovesInside) {
  const Array<float> array(*backend_, {1, 2, 3, 4});
  backend_->move(reinterpret_cast<std::byte*>(array.data()), reinterpret_cast<const std::byte*>(array.data() + 2), 8);
  EXPECT_EQ(array.values(), (Numbers{3, 4, 3, 4}));
}

TEST_P(SteadyState, SaysHowMuchMemoryThereIsNot) {
  EXPECT_ERROR(backend_->allocate(std::size_t{1} << 50), "1.00 PiB");
  EXPECT_ERROR(backend_->allocate(~std::size_t{0} - 100), "16.0 EiB");
}

TEST_P(SteadyState, KnowsItsMemory) {
  const ops::MemoryState memory = backend_->memory();
  EXPECT_GT(memory.total, std::uint64_t{256} << 20);
  EXPECT_GT(memory.available, 0u);
  EXPECT_LE(memory.available, memory.total);
}

TEST(CpuBackend, SaysWhatItIs) {
  const auto backend = cpu::make_backend({2, CpuTier::kScalar});
  EXPECT_EQ(backend->name(), "cpu");
  EXPECT_EQ(backend->description(), "scalar, 2 threads");
}

}  // namespace
}  // namespace rocmforge
