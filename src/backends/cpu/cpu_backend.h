// The CPU backend. It splits operations into tasks for a thread pool; the inner loops are kernels for one instruction
// set. Every operation is finished when its call returns.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "backends/cpu/factory.h"
#include "backends/cpu/kernels/attention.h"
#include "backends/cpu/kernels/elementwise.h"
#include "backends/cpu/kernels/matrix_states.h"
#include "backends/cpu/kernels/product.h"
#include "backends/cpu/kernels/recurrent.h"
#include "backends/cpu/scratch.h"
#include "base/thread_pool.h"
#include "ops/backend.h"

namespace rocmforge::cpu {

class CpuBackend final : public ops::Backend {
 public:
  explicit CpuBackend(const Options& options);

  std::string_view name() const override { return "cpu"; }
  std::string description() const override;
  ops::MemoryState memory() const override;
  ops::MachineLimits measure_limits() override;
  bool can_multiply(const quant::Format& format) const override;
  bool can_cache(const quant::Format& format) const override;

  std::unique_ptr<ops::Buffer> allocate(std::size_t bytes) override;
  ops::Weight bind(const ops::WeightSource& source) override;
  void reserve(const ops::WorkLimits& limits) override;
  std::uint64_t work_bytes(const ops::WorkLimits& limits) const override;

  void write(std::byte* to, std::span<const std::byte> from) override;
  void read(std::span<std::byte> to, const std::byte* from) override;
  void move(std::byte* to, const std::byte* from, std::size_t bytes) override;

  void begin_step(const ops::Step&) override {}
  void end_step() override {}

  // rows.cpp
  void embed(const ops::Step& step, RowOf which, const ops::Weight& table, float scale, ops::Write write,
             ops::Tensor out) override;
  void norm(ops::Tensor x, const ops::Norm& norm, ops::Write write, ops::Tensor out) override;
  void copy_heads(ops::Heads from, ops::Heads to) override;
  void match_length(ops::Tensor like, std::int64_t part, ops::Tensor x) override;
  void add(ops::Tensor x, float factor, ops::Tensor to) override;
  void add_gated(ops::Tensor x, ops::Tensor gate, ops::Tensor to) override;
  void gate(ops::Activation activation, ops::Tensor gate, ops::Tensor x, ops::Tensor out) override;
  void scale(float factor, ops::Tensor x) override;
  void scale_columns(const float* factors, ops::Tensor x) override;
  void interpolate(ops::Tensor x, ops::Tensor difference, const float* weight, ops::Tensor more,
                   ops::Tensor out) override;
  void blend(ops::Tensor other, ops::Tensor gate, ops::Tensor x) override;
  void keep_outliers(float deviations, ops::Tensor x) override;
  void mix_streams(ops::Tensor x, ops::Tensor coefficients, ops::Tensor out) override;
  void add_to_streams(ops::Tensor x, ops::Tensor coefficients, ops::Tensor to) override;
  void soft_cap(float cap, ops::Tensor x) override;
  void gather_rows(ops::Tensor x, std::span<const std::int32_t> rows, ops::Tensor out) override;

  // products.cpp
  using Backend::linear;
  void linear(ops::Tensor x, std::span<const ops::Projection> projections, ops::Write write) override;
  void linear_heads(ops::Heads x, const ops::Weight& weight, ops::Heads out) override;
  void gate_up(ops::Tensor x, const ops::FeedForward& ffn, ops::Tensor hidden) override;

  // rope.cpp
  void rope_table(const ops::Step& step, const ops::Rope& rope, ops::Tensor table) override;
  void rope_append(const ops::Step& step, const ops::Attention& attention, ops::Tensor table, ops::Tensor q,
                   ops::Tensor k, ops::Tensor v, const ops::PagedKvView& cache) override;
  // paged_attention.cpp
  void paged_attention(const ops::Step& step, const ops::Attention& attention, ops::Tensor q,
                       const ops::PagedKvView& cache, const ops::KeySelection& selection, ops::Tensor out) override;
  // select_keys.cpp
  void select_keys(const ops::Step& step, int most, ops::Heads q, ops::Tensor weights, const ops::PagedKvView& keys,
                   const ops::KeySelection& selection) override;

  // experts.cpp
  void route(ops::Tensor logits, const ops::Router& router, ops::Routing routing) override;
  void moe_ffn(ops::Tensor x, const ops::FeedForward& experts, ops::Routing routing, ops::Write write,
               ops::Tensor out) override;

  // recurrent.cpp
  void causal_convolution(const ops::Step& step, const ops::Convolution& convolution, const ops::StateView& state,
                          ops::Tensor x) override;
  void mamba2_scan(const ops::Step& step, const ops::Mamba2& mamba, const ops::StateView& state, ops::Tensor x,
                   ops::Tensor b, ops::Tensor c, ops::Tensor dt, ops::Tensor y) override;
  void mamba_scan(const ops::Step& step, const ops::Mamba& mamba, const ops::StateView& state, ops::Tensor x,
                  ops::Tensor b, ops::Tensor c, ops::Tensor dt, ops::Tensor y) override;
  void shift_difference(const ops::Step& step, const ops::StateView& state, ops::Tensor x, ops::Tensor out) override;

  // matrix_states.cpp
  void delta_scan(const ops::Step& step, const ops::DeltaRule& rule, const ops::StateView& state, ops::Tensor q,
                  ops::Tensor k, ops::Tensor v, ops::Tensor decay, ops::Tensor beta, ops::Tensor y) override;
  void wkv6_scan(const ops::Step& step, const ops::Wkv6& wkv, const ops::StateView& state, ops::Tensor r, ops::Tensor k,
                 ops::Tensor v, ops::Tensor decay, ops::Tensor y) override;
  void wkv7_scan(const ops::Step& step, const ops::Wkv7& wkv, const ops::StateView& state, ops::Tensor r, ops::Tensor k,
                 ops::Tensor v, ops::Tensor decay, ops::Tensor rate, ops::Tensor y) override;

 private:
  // Some rows of one matrix of a weight, and the activations to multiply them with.
  struct Tile {
    const ops::Linear& linear;
    std::int64_t index = 0;  // of the matrix
    std::int64_t first_row = 0;
    int rows = 0;
    const ActivationRows& x;
    const std::int32_t* tokens = nullptr;
    int token_count = 0;
    const float* factors = nullptr;  // factor of each token's products; may be absent
  };

  // The arguments of one select_keys() call.
  struct KeyScores {
    const ops::Step& step;
    const ops::Heads& q;
    const ops::Tensor& weights;
    const ops::PagedKvView& keys;
    CacheFormat format;
  };

  const ProductKernel& kernel_of(const quant::Format& format) const;
  bool takes_quantized(const ops::Linear& linear) const;
  // Computes the products with scale and bias. out: [tokens, kTileRows].
  void multiply(const Tile& tile, ThreadScratch& scratch, float* out) const;
  // Returns the rows as floats and, if `quantized`, also as integers.
  ActivationRows activations(ops::Tensor x, bool quantized);
  void quantize(ops::Tensor x, const QuantizedRows& out);
  // Returns the number of rows per tile that gives enough tiles for the threads.
  int tile_rows(std::int64_t all_rows) const;
  // Computes activation(gate, up) of a tile into the first tile of the thread's scratch memory.
  void gate_up_tile(const ops::FeedForward& ffn, Tile tile, ThreadScratch& scratch) const;

  void group_by_expert(const ops::Routing& routing, std::int64_t rows, std::int64_t experts, int& active_count);
  void multiply_experts(const ops::FeedForward& experts, bool is_down, const ActivationRows& x,
                        const std::int32_t* tokens_of_uses, const float* input_weights, int active_count);

  void prepare(const ops::Attention& attention, const ops::Norm& norm, const float* turns, std::int64_t pairs,
               std::span<float> row) const;

  // Computes the scores of the positions of one cut for a row.
  void score_cut(const KeyScores& what, std::int64_t row, std::int64_t cut, ThreadScratch& scratch,
                 float* scores) const;

  // Calls task(row, thread) for all rows, on this thread alone if there is little to do.
  template <typename Task>
  void for_each_row(std::int64_t rows, std::int64_t values_a_row, Task&& task) {
    if (rows * values_a_row < kLittleWork) {
      for (std::int64_t row = 0; row < rows; ++row) task(row, 0);
    } else {
      pool_.parallel_for(static_cast<std::size_t>(rows),
                         [&task](std::size_t row, int thread) { task(static_cast<std::int64_t>(row), thread); });
    }
  }
  // Calls task(rows of a sequence, part) for each part (a range of channels, or a head) of every sequence.
  template <typename Task>
  void for_each_of_sequences(const ops::Step& step, std::int64_t parts, std::int64_t values_a_row, Task&& task) {
    const auto sequences = static_cast<std::int64_t>(step.sequences.size());
    const std::int64_t rows = step.rows() / std::max<std::int64_t>(sequences, 1) + 1;  // of one sequence, roughly
    for_each_row(sequences * parts, values_a_row * rows, [&](std::int64_t index, int thread) {
      const ops::SequenceRows& own = step.sequences[static_cast<std::size_t>(index / parts)];
      if constexpr (std::is_invocable_v<Task&, const ops::SequenceRows&, std::int64_t, ThreadScratch&>) {
        task(own, index % parts, scratch_.thread(thread));
      } else {
        task(own, index % parts);
      }
    });
  }
  template <typename Task>
  void for_channels(const ops::Step& step, std::int64_t channels, std::int64_t at_most, std::int64_t values_a_channel,
                    Task&& task);
  // Values that take some microseconds to process, about as long as waking the threads.
  static constexpr std::int64_t kLittleWork = 8192;

  CpuTier tier_;
  ThreadPool pool_;
  const ElementwiseKernels& elementwise_;
  const AttentionKernels& attention_;
  const RecurrentKernels& recurrent_;
  const MatrixStateKernels& matrix_states_;
  QuantizeRow quantize_row_;
  std::vector<ProductKernel> products_;  // in the order of quant::formats()
  Scratch scratch_;
};

}  // namespace rocmforge::cpu
