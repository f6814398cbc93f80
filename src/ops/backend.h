// The interface of a backend: the memory of a device, what the device supports, and the operations it runs.
//
// Operations are queued in order and may still be pending when the call returns; read() waits for all operations queued
// before it. No operation throws, allocates, or fails because of the values in its arguments: everything that can be
// wrong is found at load. A backend is not thread-safe; the engine thread owns every backend.
//
// Each row of a result depends only on that row's inputs and is summed in a fixed order, whatever else is in the step
// and however many threads run. A sequence therefore gives the same bits alone, in a batch, and in chunks of any size.
//
// Unless stated otherwise, tensors do not overlap and a result has as many rows as the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ops/parameters.h"
#include "ops/step.h"
#include "ops/tensor.h"

namespace rocmforge::ops {

// Memory of a backend. New memory is zero.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  virtual ~Buffer() = default;

  virtual std::byte* data() const = 0;
  virtual std::size_t size() const = 0;
};

// Upper bounds of the steps and tensors that operations will be given. A backend reserves its own memory for these.
struct WorkLimits {
  std::int64_t rows = 0;     // tokens of a step
  std::int64_t columns = 0;  // input or output values of a product
  std::int64_t experts = 0;
  std::int64_t experts_used = 0;  // per token
  std::int64_t expert_width = 0;  // hidden values per expert
  std::int64_t heads = 0;         // per layer
  std::int64_t head_size = 0;     // of keys or values, the larger
  std::int64_t context = 0;       // positions of a sequence
  std::int64_t sequences = 0;
};

struct MemoryState {
  std::uint64_t total = 0;
  std::uint64_t available = 0;
};

// Speeds of the machine, measured with plain loops on as many threads as the backend uses.
struct MachineLimits {
  double read_bytes_per_second = 0;          // of memory far larger than the caches
  double float_operations_per_second = 0;    // multiplications and additions of float32
  double integer_operations_per_second = 0;  // of the integer type that quantized products use
};

// One of several matrix products that share an input.
struct Projection {
  const Linear& linear;
  Tensor out;  // [rows, linear.weight.rows]
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  // ---- Properties ----

  virtual std::string_view name() const = 0;    // "cpu"
  virtual std::string description() const = 0;  // "AVX-512, 8 threads"
  virtual MemoryState memory() const = 0;
  // Blocks for about one second. Requires that no step is running.
  virtual MachineLimits measure_limits() = 0;
  // Return whether weights (can_multiply) or cached keys and values (can_cache) may have the format.
  virtual bool can_multiply(const quant::Format& format) const = 0;
  virtual bool can_cache(const quant::Format& format) const = 0;

  // ---- Memory. These functions throw Error if there is not enough ----

  virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
  // Makes a matrix usable by this backend, either as a view of the source's bytes or as a copy in a form that suits the
  // backend. The backend keeps the copy until it is destroyed.
  virtual Weight bind(const WeightSource& source) = 0;
  // Reserves the scratch memory of the operations. Must be called before the first step, and again if a limit grows.
  virtual void reserve(const WorkLimits& limits) = 0;
  // Returns the bytes that reserve() would allocate.
  virtual std::uint64_t work_bytes(const WorkLimits& limits) const = 0;

  virtual void write(std::byte* to, std::span<const std::byte> from) = 0;  // from host memory
  virtual void read(std::span<std::byte> to, const std::byte* from) = 0;  // to host memory, after all queued operations
  virtual void move(std::byte* to, const std::byte* from, std::size_t bytes) = 0;  // inside; must not overlap

  // ---- A step ----

  virtual void begin_step(const Step& step) = 0;
  virtual void end_step() = 0;

  // ---- Operations ----

  enum class RowOf { kToken, kPosition, kFirst };
  // out = scale * row of the table, or out += that. table: [rows, width]. `which` selects the row by token, by
  // position, or as row 0.
  virtual void embed(const Step& step, RowOf which, const Weight& table, float scale, Write write, Tensor out) = 0;

  // `out` may be `x`. With Write::kAdd the normalized row is added to `out`.
  virtual void norm(Tensor x, const Norm& norm, Write write, Tensor out) = 0;
  // Scales each `part` columns of a row of x to the length (root of the sum of squares) of the same row of `like`. Rows
  // shorter than 1e-5 are scaled as if their length were 1e-5. like: [rows, part].
  virtual void match_length(Tensor like, std::int64_t part, Tensor x) = 0;

  // Multiplies one input with several matrices. Requires: every matrix has count 1.
  virtual void linear(Tensor x, std::span<const Projection> projections, Write write) = 0;
  void linear(Tensor x, const Linear& by, Tensor out, Write write = Write::kSet) {
    const Projection projection{by, out};
    linear(x, std::span(&projection, 1), write);
  }
  // Multiplies head h of x with matrix h of the weight. x.size is the matrices' columns, out.size their rows.
  virtual void linear_heads(Heads x, const Weight& weight, Heads out) = 0;
  virtual void copy_heads(Heads from, Heads to) = 0;

  // hidden = f(gate x) * (up x), or f(up x) without a gate. Requires: the matrices have count 1.
  virtual void gate_up(Tensor x, const FeedForward& ffn, Tensor hidden) = 0;

  // Fills the table with the cosine and sine of each pair, alternating, times the magnitude, for the rows' positions.
  // table: [rows, 2 * pairs].
  virtual void rope_table(const Step& step, const Rope& rope, Tensor table) = 0;
  // Clamps, normalizes and rotates queries (in place), keys and values, and stores keys and values at the rows'
  // positions. k and v are overwritten. An empty table means no rotation. q: [rows, heads * key_size], k: [rows,
  // kv_heads * key_size], v: [rows, kv_heads * value_size]. v has no columns if the values are part of the keys; k and
  // v have none if the cache is another layer's.
  virtual void rope_append(const Step& step, const Attention& attention, Tensor table, Tensor q, Tensor k, Tensor v,
                           const PagedKvView& cache) = 0;
  // Computes attention over the cached positions. Sums are split at fixed positions. out: [rows, heads * value_size].
  virtual void paged_attention(const Step& step, const Attention& attention, Tensor q, const PagedKvView& cache,
                               const KeySelection& selection, Tensor out) = 0;
  // Selects for each row the `most` positions with the best scores, up to and including the row's own position; all
  // positions if there are no more than `most`. Of equal scores the earlier position wins. A score is the sum over
  // heads h of weights[h] * max(0, q_h · key). q: [rows, heads * size], weights: [rows, heads]; the keys have one head.
  virtual void select_keys(const Step& step, int most, Heads q, Tensor weights, const PagedKvView& keys,
                           const KeySelection& selection) = 0;

  // Chooses and weights the experts of each row. logits: [rows, experts].
  virtual void route(Tensor logits, const Router& router, Routing routing) = 0;
  // out = the sum of the chosen experts' results times their weights, the best expert first; or out += that. Requires:
  // the matrices have count `experts`.
  virtual void moe_ffn(Tensor x, const FeedForward& experts, Routing routing, Write write, Tensor out) = 0;

  // x = convolution of x, in place. Updates the state. x: [rows, channels].
  virtual void causal_convolution(const Step& step, const Convolution& convolution, const StateView& state,
                                  Tensor x) = 0;
  // Updates the state. x and y: [rows, heads * head_size], b and c: [rows, groups * state_size], dt: [rows, heads].
  virtual void mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b, Tensor c,
                           Tensor dt, Tensor y) = 0;

  // Updates the state. x, dt and y: [rows, channels], b and c: [rows, state_size].
  virtual void mamba_scan(const Step& step, const Mamba& mamba, const StateView& state, Tensor x, Tensor b, Tensor c,
                          Tensor dt, Tensor y) = 0;
  // Updates the state, [heads, key_size, value_size]. q and k: [rows, key_heads * key_size], v and y: [rows, heads *
  // value_size], decay: [rows, heads] or [rows, heads * key_size], beta: [rows, heads].
  virtual void delta_scan(const Step& step, const DeltaRule& rule, const StateView& state, Tensor q, Tensor k, Tensor v,
                          Tensor decay, Tensor beta, Tensor y) = 0;
  // Update the state: [heads, key, value] for wkv6, [heads, value, key] for wkv7. All tensors: [rows, heads *
  // head_size].
  virtual void wkv6_scan(const Step& step, const Wkv6& wkv, const StateView& state, Tensor r, Tensor k, Tensor v,
                         Tensor decay, Tensor y) = 0;
  virtual void wkv7_scan(const Step& step, const Wkv7& wkv, const StateView& state, Tensor r, Tensor k, Tensor v,
                         Tensor decay, Tensor rate, Tensor y) = 0;
  // out = (previous row of the same sequence) - x. The state holds the row before the first and is updated.
  virtual void shift_difference(const Step& step, const StateView& state, Tensor x, Tensor out) = 0;

  virtual void add(Tensor x, float factor, Tensor to) = 0;       // to += factor * x
  virtual void add_gated(Tensor x, Tensor gate, Tensor to) = 0;  // to += sigmoid(gate) * x; gate: [rows, 1]
  // out = f(gate) * x; `out` may be `gate` or `x`.
  virtual void gate(Activation activation, Tensor gate, Tensor x, Tensor out) = 0;
  virtual void scale(float factor, Tensor x) = 0;                  // x *= factor
  virtual void scale_columns(const float* factors, Tensor x) = 0;  // x *= factors, [columns]
  // out = x + difference * (weight + more). weight: [columns]; `more` may have no columns, which means 0.
  virtual void interpolate(Tensor x, Tensor difference, const float* weight, Tensor more, Tensor out) = 0;
  virtual void blend(Tensor other, Tensor gate, Tensor x) = 0;  // x += (other - x) * sigmoid(gate)
  // x = max(0, x - (mean + deviations * standard deviation)), with the row's mean and standard deviation.
  virtual void keep_outliers(float deviations, Tensor x) = 0;
  // Streams are n adjacent parts of a row. out_k = x_k + sum over j of coefficients[k * n + j] * x_j. coefficients:
  // [rows, n * n].
  virtual void mix_streams(Tensor x, Tensor coefficients, Tensor out) = 0;
  // to_k += (1 + coefficients[k]) * x; coefficients: [rows, n], x: [rows, part], to: [rows, n * part].
  virtual void add_to_streams(Tensor x, Tensor coefficients, Tensor to) = 0;
  virtual void soft_cap(float cap, Tensor x) = 0;  // x = cap * tanh(x / cap)
  virtual void gather_rows(Tensor x, std::span<const std::int32_t> rows, Tensor out) = 0;
};

}  // namespace rocmforge::ops
