#include "models/activations.h"

#include <algorithm>

#include "models/bind.h"

namespace rocmforge::models {
namespace {

// The number of columns of each tensor: the most that any layer needs.
struct Columns {
  std::int64_t low = 0;
  std::int64_t query = 0;
  std::int64_t wide = 0;
  std::int64_t key = 0;
  std::int64_t value = 0;
  std::int64_t mixed = 0;
  std::int64_t gates = 0;
  std::int64_t hidden = 0;
  std::int64_t router = 0;
  std::int64_t first_value = 0;
  std::int64_t experts_used = 0;
  std::int64_t expert_width = 0;
  std::int64_t head_size = 0;
  std::int64_t heads = 0;
  bool has_shared_result = false;
  bool selects_keys = false;
  std::vector<std::int64_t> rope_tables;
};

void grow(std::int64_t& greatest, std::int64_t value) { greatest = std::max(greatest, value); }

// ---- One function per kind of mixer: the columns of each slice that its forward function takes ----

class ColumnCounter {
 public:
  ColumnCounter(Columns& columns, RopeTable& ropes, std::int64_t width)
      : columns_(columns), ropes_(ropes), width_(width) {}

  void operator()(std::monostate) const {}

  void operator()(const AttentionSpec& spec) const {
    const std::int64_t query = std::int64_t{spec.heads} * spec.key_size;
    grow(columns_.query, query);
    grow(columns_.key, std::int64_t{spec.kv_heads} * spec.key_size);
    grow(columns_.value, std::int64_t{spec.kv_heads} * spec.value_size);
    grow(columns_.mixed, std::int64_t{spec.heads} * spec.value_size);
    if (spec.gate != OutputGate::kNone) grow(columns_.gates, std::int64_t{spec.heads} * spec.value_size);
    if (spec.gate == OutputGate::kInQueries) grow(columns_.wide, 2 * query);
    grow(columns_.head_size, std::max(spec.key_size, spec.value_size));
    grow(columns_.heads, spec.heads);
    if (spec.rope) ropes_.number_of(*spec.rope);
  }

  void operator()(const LatentAttentionSpec& spec) const {
    grow(columns_.low, spec.query_rank);
    grow(columns_.query, std::int64_t{spec.heads} * (spec.plain_size + spec.rope_size));
    grow(columns_.wide, std::int64_t{spec.heads} * spec.cached_size());
    grow(columns_.key, spec.cached_size());
    grow(columns_.value, std::int64_t{spec.heads} * spec.value_size);
    grow(columns_.mixed, std::int64_t{spec.heads} * spec.kv_rank);
    grow(columns_.head_size, spec.cached_size());
    grow(columns_.heads, spec.heads);
    // The indexer finishes before attention uses the same tensors.
    if (spec.indexer) {
      grow(columns_.wide, std::int64_t{spec.indexer->heads} * spec.indexer->key_size);
      grow(columns_.key, spec.indexer->key_size);
      grow(columns_.value, spec.indexer->heads);
      grow(columns_.head_size, spec.indexer->key_size);
      grow(columns_.heads, spec.indexer->heads);
      columns_.selects_keys = true;
      if (spec.indexer->rope) ropes_.number_of(*spec.indexer->rope);
    }
    if (spec.rope) ropes_.number_of(*spec.rope);
  }

  void operator()(const MambaSpec& spec) const {
    grow(columns_.hidden, 2 * std::int64_t{spec.inner});
    grow(columns_.low, spec.rank + 2 * std::int64_t{spec.state_size});
    grow(columns_.wide, spec.inner);
    grow(columns_.mixed, spec.inner);
  }

  void operator()(const Mamba2Spec& spec) const {
    grow(columns_.hidden, std::int64_t{spec.inner} + spec.channels() + spec.heads);
    grow(columns_.mixed, spec.inner);
  }

  void operator()(const Plamo2MambaSpec& spec) const {
    grow(columns_.hidden, 2 * std::int64_t{spec.inner});
    grow(columns_.query, spec.inner);
    grow(columns_.gates, spec.inner);
    grow(columns_.low, spec.rank + 2 * std::int64_t{spec.state_size});
    grow(columns_.key, spec.heads);
    grow(columns_.mixed, spec.inner);
  }

  void operator()(const ShortConvolutionSpec&) const {
    grow(columns_.hidden, 3 * width_);
    grow(columns_.mixed, width_);
  }

  void operator()(const DeltaNetSpec& spec) const {
    grow(columns_.hidden, spec.channels());
    grow(columns_.wide, std::int64_t{spec.channels()} + spec.values());
    grow(columns_.low, 4 * std::int64_t{spec.heads} + 2 * std::int64_t{spec.key_size});
    grow(columns_.gates, spec.values());
    grow(columns_.query, std::int64_t{spec.heads} * spec.key_size);
    grow(columns_.mixed, spec.values());
  }

  void operator()(const Rwkv6Spec& spec) const {
    grow(columns_.hidden, kRwkvTensors * width_);
    grow(columns_.wide, 5 * width_);
    grow(columns_.low, std::max(5 * spec.mix_rank, spec.decay_rank));
    grow(columns_.mixed, width_);
  }

  void operator()(const Rwkv7Spec& spec) const {
    grow(columns_.hidden, kRwkvTensors * width_);
    grow(columns_.low, std::max({spec.decay_rank, spec.rate_rank, spec.value_rank, spec.gate_rank}));
    grow(columns_.mixed, width_);
    grow(columns_.first_value, width_);
  }

 private:
  Columns& columns_;
  RopeTable& ropes_;
  std::int64_t width_;
};

void count(const FeedForwardSpec& spec, Columns& columns) {
  if (!spec.experts || spec.has_dense_beside) {
    // If outliers are cut, gate and up are separate tensors.
    grow(columns.hidden, spec.outliers ? 2 * std::int64_t{spec.width} : spec.width);
  }
  if (!spec.experts) return;
  grow(columns.hidden, spec.experts->shared_width);
  grow(columns.router, spec.experts->count);
  grow(columns.experts_used, spec.experts->used);
  grow(columns.expert_width, spec.experts->width);
  grow(columns.low, 2 * std::int64_t{spec.experts->latent_width});
  columns.has_shared_result |= spec.experts->shared_width > 0 || spec.has_dense_beside;
}

std::int64_t layer_input_columns(const DecoderSpec& spec) {
  return std::int64_t{spec.layer_inputs.width} * static_cast<std::int64_t>(spec.layers.size());
}

Columns columns_of(const DecoderSpec& spec) {
  Columns columns;
  RopeTable ropes;
  const ColumnCounter counter(columns, ropes, spec.width);
  for (const LayerSpec& layer : spec.layers) {
    std::visit(counter, layer.mixer);
    if (layer.beside) counter(*layer.beside);
    if (layer.cross) counter(*layer.cross);
    if (layer.ffn) count(*layer.ffn, columns);
    if (layer.channel_mix) grow(columns.hidden, 2 * std::int64_t{spec.width} + layer.channel_mix->width);
  }
  grow(columns.hidden, layer_input_columns(spec));
  grow(columns.low, spec.layer_inputs.width);
  grow(columns.low, spec.altup.laurel_rank);
  grow(columns.wide, spec.altup.streams > 0 ? spec.stream_columns() : 0);
  for (const RopeSpec& rope : ropes.ropes()) columns.rope_tables.push_back(rope.dimensions);
  return columns;
}

constexpr std::int64_t kLine = 16;  // floats per cache line
constexpr std::int64_t kWordBits = 32;

}  // namespace

ops::Tensor ActivationAllocator::tensor(std::int64_t rows, std::int64_t columns) {
  const std::int64_t stride = (columns + kLine - 1) / kLine * kLine;
  return {reinterpret_cast<float*>(take(rows * stride * static_cast<std::int64_t>(sizeof(float)))), rows, columns,
          stride};
}

std::byte* ActivationAllocator::take(std::int64_t bytes) {
  std::byte* at = memory_ == nullptr ? nullptr : memory_ + used_;
  used_ += static_cast<std::uint64_t>((bytes + 63) / 64 * 64);
  return at;
}

void Activations::set_rows(std::int64_t rows) {
  for (ops::Tensor* tensor : {&streams, &x,      &predicted, &block, &laurel,       &normed,       &delta,
                              &shared,  &low,    &query,     &wide,  &key,          &value,        &mixed,
                              &gates,   &hidden, &router,    &gate,  &coefficients, &layer_inputs, &first_value}) {
    tensor->rows = rows;
  }
  for (ops::Tensor& table : rope_tables) table.rows = rows;
}

Activations lay_out(const DecoderSpec& spec, std::int64_t rows, std::int64_t context, ActivationAllocator& allocator) {
  const Columns columns = columns_of(spec);
  const bool has_streams = spec.altup.streams > 0;
  Activations activations;
  activations.streams = allocator.tensor(rows, spec.stream_columns());
  activations.x = activations.streams.slice(0, spec.width);
  activations.predicted = allocator.tensor(rows, has_streams ? spec.stream_columns() : 0);
  activations.block = allocator.tensor(rows, has_streams ? spec.width : 0);
  activations.laurel = allocator.tensor(rows, has_streams ? spec.width : 0);
  activations.coefficients = allocator.tensor(rows, std::int64_t{spec.altup.streams} * spec.altup.streams);
  activations.normed = allocator.tensor(rows, spec.width);
  activations.delta = allocator.tensor(rows, spec.width);
  activations.shared = allocator.tensor(rows, columns.has_shared_result ? spec.width : 0);
  activations.low = allocator.tensor(rows, columns.low);
  activations.query = allocator.tensor(rows, columns.query);
  activations.wide = allocator.tensor(rows, columns.wide);
  activations.key = allocator.tensor(rows, columns.key);
  activations.value = allocator.tensor(rows, columns.value);
  activations.mixed = allocator.tensor(rows, columns.mixed);
  activations.gates = allocator.tensor(rows, columns.gates);
  activations.hidden = allocator.tensor(rows, columns.hidden);
  activations.router = allocator.tensor(rows, std::max<std::int64_t>(columns.router, spec.altup.streams));
  activations.gate = allocator.tensor(rows, 1);
  activations.layer_inputs = allocator.tensor(rows, layer_input_columns(spec));
  activations.first_value = allocator.tensor(rows, columns.first_value);
  const std::int64_t slots = rows * columns.experts_used;
  activations.routing.experts = reinterpret_cast<std::int32_t*>(allocator.take(slots * 4));
  activations.routing.weights = reinterpret_cast<float*>(allocator.take(slots * 4));
  if (columns.selects_keys) {
    activations.selection.words = (context + kWordBits - 1) / kWordBits;
    activations.selection.bits =
        reinterpret_cast<std::uint32_t*>(allocator.take(rows * activations.selection.words * 4));
  }
  for (const std::int64_t size : columns.rope_tables) activations.rope_tables.push_back(allocator.tensor(rows, size));
  return activations;
}

StepLimits encoder_limits(std::int64_t context) {
  const auto rows = static_cast<int>(context);
  return {.rows = rows, .logit_rows = rows, .sequences = 1};
}

std::uint64_t activation_bytes(const DecoderSpec& spec, const StepLimits& limits, std::int64_t context) {
  ActivationAllocator allocator;
  lay_out(spec, limits.rows, context, allocator);
  allocator.tensor(limits.logit_rows, spec.output_columns());
  return allocator.used();
}

ops::WorkLimits work_limits(const DecoderSpec& spec, const StepLimits& limits, std::int64_t context) {
  const Columns columns = columns_of(spec);
  ops::WorkLimits work;
  work.rows = std::max(limits.rows, limits.logit_rows);
  for (const std::int64_t size :
       {std::int64_t{spec.stream_columns()}, columns.low, columns.query, columns.wide, columns.key, columns.value,
        columns.mixed, columns.gates, columns.hidden, columns.expert_width, layer_input_columns(spec)}) {
    grow(work.columns, size);
  }
  work.experts = columns.router;
  work.experts_used = columns.experts_used;
  work.expert_width = columns.expert_width;
  work.heads = columns.heads;
  work.head_size = columns.head_size;
  work.context = context;
  work.sequences = limits.sequences;
  if (spec.encoder == nullptr) return work;
  const ops::WorkLimits before = work_limits(*spec.encoder, encoder_limits(context), context);
  grow(work.rows, before.rows);
  grow(work.columns, before.columns);
  grow(work.heads, before.heads);
  grow(work.head_size, before.head_size);
  return work;
}

}  // namespace rocmforge::models
