// A place where operations run: its memory, what it can do, and the operations themselves.
//
// Operations are queued in order and may not have happened when the call returns; read() waits for all before it. None
// of them throws, allocates or fails for what its arguments hold: whatever can be wrong is found at load. Not
// thread-safe; the engine thread owns every backend.
//
// Every row of a result depends on that row's inputs alone and is summed in one order, whatever else is in the step,
// and however many threads work: a sequence gives the same bits alone, in a batch and in chunks of any size.
//
// Unless said otherwise tensors do not overlap, and a result has as many rows as the input.
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

// Memory of a backend, zero when it is new.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  virtual ~Buffer() = default;

  virtual std::byte* data() const = 0;
  virtual std::size_t size() const = 0;
};

// The largest step and tensors that operations will meet: what a backend needs to reserve its own memory for.
struct WorkLimits {
  std::int64_t rows = 0;     // tokens of a step
  std::int64_t columns = 0;  // values that a product takes or gives
  std::int64_t experts = 0;
  std::int64_t experts_used = 0;  // of a token
  std::int64_t expert_width = 0;  // hidden values of an expert
  std::int64_t heads = 0;         // of a layer
  std::int64_t head_size = 0;     // key or value
  std::int64_t context = 0;       // positions of a sequence
  std::int64_t sequences = 0;
};

struct MemoryState {
  std::uint64_t total = 0;
  std::uint64_t available = 0;
};

// What the machine can do, measured with plain loops on as many threads as the backend has.
struct MachineLimits {
  double read_bytes_per_second = 0;          // of memory far larger than the caches
  double float_operations_per_second = 0;    // multiplications and additions of float32
  double integer_operations_per_second = 0;  // of the integers that quantized products are made of
};

// One of several products of the same input.
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

  // ---- What it is ----

  virtual std::string_view name() const = 0;    // "cpu"
  virtual std::string description() const = 0;  // "AVX-512, 8 threads"
  virtual MemoryState memory() const = 0;
  // Takes about a second.
  virtual MachineLimits measure_limits() = 0;
  // Whether weights, and keys and values, may be in the format.
  virtual bool can_multiply(const quant::Format& format) const = 0;
  virtual bool can_cache(const quant::Format& format) const = 0;

  // ---- Memory; an Error when there is not enough ----

  virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
  // May keep a view of the source's bytes, or a copy in a form that it likes better; held until the backend goes.
  virtual Weight bind(const WeightSource& source) = 0;
  // Reserves what operations need between their inputs and results. Before the first step, and again for greater
  // limits.
  virtual void reserve(const WorkLimits& limits) = 0;
  // Bytes of `reserve`, without doing it.
  virtual std::uint64_t work_bytes(const WorkLimits& limits) const = 0;

  virtual void write(std::byte* to, std::span<const std::byte> from) = 0;  // from host memory
  virtual void read(std::span<std::byte> to, const std::byte* from) = 0;   // to host memory, after all that was queued
  virtual void move(std::byte* to, const std::byte* from, std::size_t bytes) = 0;  // inside; must not overlap

  // ---- A step ----

  virtual void begin_step(const Step& step) = 0;
  virtual void end_step() = 0;

  // ---- Operations ----

  enum class RowOf { kToken, kPosition, kFirst };
  // out = scale * rows of the table, or added to what is there. table: [rows, width].
  virtual void embed(const Step& step, RowOf which, const Weight& table, float scale, Write write, Tensor out) = 0;

  // out may be x, or is added to.
  virtual void norm(Tensor x, const Norm& norm, Write write, Tensor out) = 0;
  // x is scaled to the length (the root of the sum of squares) of the same row of `like`; a row shorter than 1e-5 as if
  // it were as long as that. Each `part` of x's columns for itself; like: [rows, part].
  virtual void match_length(Tensor like, std::int64_t part, Tensor x) = 0;

  // Products of one input, each with a matrix of its own. Matrices with count 1.
  virtual void linear(Tensor x, std::span<const Projection> projections, Write write) = 0;
  void linear(Tensor x, const Linear& by, Tensor out, Write write = Write::kSet) {
    const Projection projection{by, out};
    linear(x, std::span(&projection, 1), write);
  }
  // Head h of x times matrix h of the weight. x.size is the matrices' columns, out.size their rows.
  virtual void linear_heads(Heads x, const Weight& weight, Heads out) = 0;
  virtual void copy_heads(Heads from, Heads to) = 0;

  // hidden = f(gate x) * (up x), or f(up x). Matrices with count 1.
  virtual void gate_up(Tensor x, const FeedForward& ffn, Tensor hidden) = 0;

  // table: [rows, 2 * pairs]: cosine and sine of each pair by turns, times the magnitude, for the rows' positions.
  virtual void rope_table(const Step& step, const Rope& rope, Tensor table) = 0;
  // Clamps, normalizes and rotates queries (in place), keys and values (k and v are working space afterwards), and
  // stores keys and values at the rows' positions. q: [rows, heads * key_size], k: [rows, kv_heads * key_size], v:
  // [rows, kv_heads * value_size], no columns where the values are part of the keys; k has no columns either where the
  // cache is another layer's. An empty table rotates nothing.
  virtual void rope_append(const Step& step, const Attention& attention, Tensor table, Tensor q, Tensor k, Tensor v,
                           const PagedKvView& cache) = 0;
  // out: [rows, heads * value_size]. Sums are cut at fixed positions.
  virtual void paged_attention(const Step& step, const Attention& attention, Tensor q, const PagedKvView& cache,
                               const KeySelection& selection, Tensor out) = 0;
  // Of the positions up to each row's own the `most` with the best scores, all while there are no more; of equal ones
  // the earlier. A score is the sum over heads h of weights[h] * max(0, q_h · key). q: [rows, heads * size], weights:
  // [rows, heads]; the keys have one head.
  virtual void select_keys(const Step& step, int most, Heads q, Tensor weights, const PagedKvView& keys,
                           const KeySelection& selection) = 0;

  // logits: [rows, experts].
  virtual void route(Tensor logits, const Router& router, Routing routing) = 0;
  // out = the sum of the chosen experts' results times their weights, the best expert's first, or that is added.
  // Matrices with count `experts`.
  virtual void moe_ffn(Tensor x, const FeedForward& experts, Routing routing, Write write, Tensor out) = 0;

  // x = convolution of x, in place; the state moves on. x: [rows, channels].
  virtual void causal_convolution(const Step& step, const Convolution& convolution, const StateView& state,
                                  Tensor x) = 0;
  // x: [rows, heads * head_size], b and c: [rows, groups * state_size], dt: [rows, heads]; y like x. The state moves
  // on.
  virtual void mamba2_scan(const Step& step, const Mamba2& mamba, const StateView& state, Tensor x, Tensor b, Tensor c,
                           Tensor dt, Tensor y) = 0;

  // x, b and c as they come of the convolution; x, dt and y: [rows, channels], b and c: [rows, state_size].
  virtual void mamba_scan(const Step& step, const Mamba& mamba, const StateView& state, Tensor x, Tensor b, Tensor c,
                          Tensor dt, Tensor y) = 0;
  // q and k: [rows, key_heads * key_size], v and y: [rows, heads * value_size], decay: [rows, heads] or [rows, heads *
  // key_size], beta: [rows, heads]. The state moves on: [heads, key_size, value_size].
  virtual void delta_scan(const Step& step, const DeltaRule& rule, const StateView& state, Tensor q, Tensor k, Tensor v,
                          Tensor decay, Tensor beta, Tensor y) = 0;
  // All: [rows, heads * head_size]. The states move on: [heads, key, value], and [heads, value, key].
  virtual void wkv6_scan(const Step& step, const Wkv6& wkv, const StateView& state, Tensor r, Tensor k, Tensor v,
                         Tensor decay, Tensor y) = 0;
  virtual void wkv7_scan(const Step& step, const Wkv7& wkv, const StateView& state, Tensor r, Tensor k, Tensor v,
                         Tensor decay, Tensor rate, Tensor y) = 0;
  // out = the row before of the same sequence, less x; the state, which is the row before the first, moves on.
  virtual void shift_difference(const Step& step, const StateView& state, Tensor x, Tensor out) = 0;

  virtual void add(Tensor x, float factor, Tensor to) = 0;       // to += factor * x
  virtual void add_gated(Tensor x, Tensor gate, Tensor to) = 0;  // to += sigmoid(gate) * x; gate: [rows, 1]
  // out = f(gate) * x; out may be either.
  virtual void gate(Activation activation, Tensor gate, Tensor x, Tensor out) = 0;
  virtual void scale(float factor, Tensor x) = 0;                  // x *= factor
  virtual void scale_columns(const float* factors, Tensor x) = 0;  // x *= factors, [columns]
  // out = x + difference * (weight + more). weight: [columns]; more may have no columns.
  virtual void interpolate(Tensor x, Tensor difference, const float* weight, Tensor more, Tensor out) = 0;
  virtual void blend(Tensor other, Tensor gate, Tensor x) = 0;  // x += (other - x) * sigmoid(gate)
  // x = max(0, x - (mean + deviations * standard deviation)), both of the row.
  virtual void keep_outliers(float deviations, Tensor x) = 0;
  // Streams are n neighbouring parts of a row. out_k = x_k + sum over j of coefficients[k * n + j] * x_j; coefficients:
  // [rows, n * n].
  virtual void mix_streams(Tensor x, Tensor coefficients, Tensor out) = 0;
  // to_k += (1 + coefficients[k]) * x; coefficients: [rows, n], x: [rows, part], to: [rows, n * part].
  virtual void add_to_streams(Tensor x, Tensor coefficients, Tensor to) = 0;
  virtual void soft_cap(float cap, Tensor x) = 0;  // x = cap * tanh(x / cap)
  virtual void gather_rows(Tensor x, std::span<const std::int32_t> rows, Tensor out) = 0;
  // out[row]: the number of the greatest value, the lowest of equal ones; in the backend's memory.
  virtual void argmax(Tensor x, std::int32_t* out) = 0;
};

}  // namespace rocmforge::ops
