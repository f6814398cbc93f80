// The class of the reference backend, which passes each operation to a function of reference.h.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "backends/ref/factory.h"
#include "backends/ref/reference.h"
#include "base/error.h"
#include "base/memory_state.h"
#include "base/text.h"

namespace rocmforge::ref {
namespace {

class HostBuffer final : public Buffer {
 public:
  explicit HostBuffer(std::size_t bytes) : bytes_(bytes) {}
  std::byte* data() const override { return const_cast<std::byte*>(bytes_.data()); }
  std::size_t size() const override { return bytes_.size(); }

 private:
  std::vector<std::byte> bytes_;
};

class ReferenceBackend final : public Backend {
 public:
  explicit ReferenceBackend(const Options& options)
      : inputs_(options.rounds_activations ? Inputs::kRounded : Inputs::kAsTheyAre) {}

  std::string_view name() const override { return "ref"; }
  std::string description() const override { return "plain C++ with double accumulation, 1 thread"; }
  MemoryState memory() const override {
    const SystemMemory memory = system_memory();
    return {memory.total, memory.available};
  }
  // The speed of this backend is of no interest.
  MachineLimits measure_limits() override { return {}; }
  bool can_multiply(const quant::Format& format) const override { return !format.is_integer(); }
  bool can_cache(const quant::Format& format) const override { return format.has_encoder; }

  std::unique_ptr<Buffer> allocate(std::size_t bytes) override {
    try {
      return std::make_unique<HostBuffer>(bytes);
    } catch (const std::exception&) {
      throw error(ErrorCode::kOutOfMemory, "no memory for {}", format_bytes(bytes));
    }
  }
  Weight bind(const WeightSource& source) override {
    return {source.format,       source.columns,     source.rows,        source.count,
            source.bytes.data(), source.row_bytes(), source.matrix_bytes};
  }
  void reserve(const WorkLimits&) override {}
  std::uint64_t work_bytes(const WorkLimits&) const override { return 0; }

  void write(std::byte* to, std::span<const std::byte> from) override { std::memcpy(to, from.data(), from.size()); }
  void read(std::span<std::byte> to, const std::byte* from) override { std::memcpy(to.data(), from, to.size()); }
  void move(std::byte* to, const std::byte* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }

  void begin_step(const Step&) override {}
  void end_step() override {}

  void embed(const Step& step, RowOf which, const Weight& table, float scale, Write write, Tensor out) override {
    std::vector<float> values(static_cast<std::size_t>(table.columns));
    for (std::int64_t row = 0; row < step.rows(); ++row) {
      const std::size_t r = static_cast<std::size_t>(row);
      const std::int64_t index = which == RowOf::kToken      ? step.tokens[r]
                                 : which == RowOf::kPosition ? step.positions[r]
                                                             : 0;
      decode_row(table, 0, index, values);
      for (std::size_t i = 0; i < values.size(); ++i) {
        write_to(write, out.row(row)[i], static_cast<double>(values[i]) * scale);
      }
    }
  }

  void norm(Tensor x, const Norm& norm, Write write, Tensor out) override {
    for (std::int64_t row = 0; row < x.rows; ++row) normalize(x.values(row), norm, write, out.values(row));
  }

  void linear(Tensor x, std::span<const Projection> projections, Write write) override {
    for (const Projection& projection : projections) {
      std::vector<double> result(static_cast<std::size_t>(projection.linear.weight.rows));
      for (std::int64_t row = 0; row < x.rows; ++row) {
        multiply(projection.linear, 0, x.values(row), inputs_, result);
        for (std::size_t i = 0; i < result.size(); ++i) write_to(write, projection.out.row(row)[i], result[i]);
      }
    }
  }

  void linear_heads(Heads x, const Weight& weight, Heads out) override {
    std::vector<double> result(static_cast<std::size_t>(weight.rows));
    for (std::int64_t row = 0; row < x.tensor.rows; ++row) {
      for (int head = 0; head < x.heads; ++head) {
        multiply({weight}, head, {x.at(row, head), static_cast<std::size_t>(x.size)}, inputs_, result);
        std::ranges::transform(result, out.at(row, head), [](double value) { return static_cast<float>(value); });
      }
    }
  }

  void copy_heads(Heads from, Heads to) override {
    for (std::int64_t row = 0; row < from.tensor.rows; ++row) {
      for (int head = 0; head < from.heads; ++head) std::copy_n(from.at(row, head), from.size, to.at(row, head));
    }
  }

  void gate_up(Tensor x, const FeedForward& ffn, Tensor hidden) override {
    for (std::int64_t row = 0; row < x.rows; ++row) {
      ref::gate_up(ffn, 0, x.values(row), inputs_, 1, hidden.values(row));
    }
  }

  void rope_table(const Step& step, const Rope& rope, Tensor table) override { ref::rope_table(step, rope, table); }
  void rope_append(const Step& step, const Attention& attention, Tensor table, Tensor q, Tensor k, Tensor v,
                   const PagedKvView& cache) override {
    ref::rope_append(step, attention, table, q, k, v, cache);
  }
  void paged_attention(const Step& step, const Attention& attention, Tensor q, const PagedKvView& cache,
                       const KeySelection& selection, Tensor out) override {
    ref::paged_attention(step, attention, q, cache, selection, out);
  }
  void select_keys(const Step& step, int most, Heads q, Tensor weights, const PagedKvView& keys,
                   const KeySelection& selection) override {
    ref::select_keys(step, most, q, weights, keys, selection);
  }

  void route(Tensor logits, const Router& router, Routing routing) override {
    for (std::int64_t row = 0; row < logits.rows; ++row) {
      ref::route(logits.values(row), router, routing.experts + row * routing.used,
                 routing.weights + row * routing.used);
    }
  }
  void moe_ffn(Tensor x, const FeedForward& experts, Routing routing, Write write, Tensor out) override {
    ref::moe_ffn(x, experts, routing, inputs_, write, out);
  }

  void causal_convolution(const Step& step, const Convolution& convolution, const StateView& state, Tensor x) override {
    ref::causal_convolution(step, convolution, state, x);
  }
  void mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b, Tensor c,
                   Tensor dt, Tensor y) override {
    ref::mamba2_scan(step, mamba, state, x, b, c, dt, y);
  }
  void mamba_scan(const Step& step, const Mamba& mamba, const StateView& state, Tensor x, Tensor b, Tensor c, Tensor dt,
                  Tensor y) override {
    ref::mamba_scan(step, mamba, state, x, b, c, dt, y);
  }
  void delta_scan(const Step& step, const DeltaRule& rule, const StateView& state, Tensor q, Tensor k, Tensor v,
                  Tensor decay, Tensor beta, Tensor y) override {
    ref::delta_scan(step, rule, state, q, k, v, decay, beta, y);
  }
  void wkv6_scan(const Step& step, const Wkv6& wkv, const StateView& state, Tensor r, Tensor k, Tensor v, Tensor decay,
                 Tensor y) override {
    ref::wkv6_scan(step, wkv, state, r, k, v, decay, y);
  }
  void wkv7_scan(const Step& step, const Wkv7& wkv, const StateView& state, Tensor r, Tensor k, Tensor v, Tensor decay,
                 Tensor rate, Tensor y) override {
    ref::wkv7_scan(step, wkv, state, r, k, v, decay, rate, y);
  }
  void shift_difference(const Step& step, const StateView& state, Tensor x, Tensor out) override {
    ref::shift_difference(step, state, x, out);
  }

  void add(Tensor x, float factor, Tensor to) override {
    change(to, [x, factor](std::int64_t row, std::size_t i, double value) {
      return value + static_cast<double>(factor) * x.row(row)[i];
    });
  }
  void add_gated(Tensor x, Tensor gate, Tensor to) override {
    change(to, [x, gate](std::int64_t row, std::size_t i, double value) {
      return value + sigmoid(gate.row(row)[0]) * x.row(row)[i];
    });
  }
  void gate(Activation activation, Tensor gate, Tensor x, Tensor out) override {
    change(out, [=](std::int64_t row, std::size_t i, double) {
      return activate(activation, gate.row(row)[i], x.row(row)[i]);
    });
  }
  void scale(float factor, Tensor x) override {
    change(x, [factor](std::int64_t, std::size_t, double value) { return value * factor; });
  }
  void scale_columns(const float* factors, Tensor x) override {
    change(x, [factors](std::int64_t, std::size_t i, double value) { return value * factors[i]; });
  }
  void interpolate(Tensor x, Tensor difference, const float* weight, Tensor more, Tensor out) override {
    change(out, [=](std::int64_t row, std::size_t i, double) {
      const double share = weight[i] + (more.columns == 0 ? 0.0 : more.row(row)[i]);
      return x.row(row)[i] + difference.row(row)[i] * share;
    });
  }
  void blend(Tensor other, Tensor gate, Tensor x) override {
    change(x, [other, gate](std::int64_t row, std::size_t i, double value) {
      return value + (other.row(row)[i] - value) * sigmoid(gate.row(row)[i]);
    });
  }
  void match_length(Tensor like, std::int64_t part, Tensor x) override { ref::match_length(like, part, x); }
  void keep_outliers(float deviations, Tensor x) override { ref::keep_outliers(deviations, x); }
  void mix_streams(Tensor x, Tensor coefficients, Tensor out) override { ref::mix_streams(x, coefficients, out); }
  void add_to_streams(Tensor x, Tensor coefficients, Tensor to) override { ref::add_to_streams(x, coefficients, to); }
  void soft_cap(float cap, Tensor x) override {
    change(x, [cap](std::int64_t, std::size_t, double value) { return cap * std::tanh(value / cap); });
  }
  void gather_rows(Tensor x, std::span<const std::int32_t> rows, Tensor out) override {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::ranges::copy(x.values(rows[r]), out.row(static_cast<std::int64_t>(r)));
    }
  }

 private:
  template <typename Change>
  static void change(Tensor x, Change change) {
    for (std::int64_t row = 0; row < x.rows; ++row) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(x.columns); ++i) {
        x.row(row)[i] = static_cast<float>(change(row, i, x.row(row)[i]));
      }
    }
  }

  Inputs inputs_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(const Options& options) { return std::make_unique<ReferenceBackend>(options); }

}  // namespace rocmforge::ref
