#include "models/model.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "models/rope.h"

namespace rocmforge::models {
namespace {

// The greatest number of columns that any layer needs of each tensor.
struct Columns {
  std::int64_t low = 0;
  std::int64_t query = 0;
  std::int64_t wide = 0;
  std::int64_t key = 0;
  std::int64_t value = 0;
  std::int64_t mixed = 0;
  std::int64_t hidden = 0;
  std::int64_t router = 0;
  std::int64_t experts_used = 0;
  std::int64_t expert_width = 0;
  std::int64_t head_size = 0;
  std::int64_t heads = 0;
  bool has_shared_expert = false;
  std::vector<std::int64_t> rope_tables;
};

void grow(std::int64_t& greatest, std::int64_t value) { greatest = std::max(greatest, value); }

void count(const AttentionSpec& spec, Columns& columns) {
  grow(columns.query, std::int64_t{spec.heads} * spec.key_size);
  grow(columns.key, std::int64_t{spec.kv_heads} * spec.key_size);
  grow(columns.value, std::int64_t{spec.kv_heads} * spec.value_size);
  grow(columns.mixed, std::int64_t{spec.heads} * spec.value_size);
  grow(columns.head_size, std::max(spec.key_size, spec.value_size));
  grow(columns.heads, spec.heads);
}

void count(const LatentAttentionSpec& spec, Columns& columns) {
  grow(columns.low, spec.query_rank);
  grow(columns.query, std::int64_t{spec.heads} * (spec.plain_size + spec.rope_size));
  grow(columns.wide, std::int64_t{spec.heads} * spec.cached_size());
  grow(columns.key, spec.cached_size());
  grow(columns.value, std::int64_t{spec.heads} * spec.value_size);
  grow(columns.mixed, std::int64_t{spec.heads} * spec.kv_rank);
  grow(columns.head_size, spec.cached_size());
  grow(columns.heads, spec.heads);
}

void count(const Mamba2Spec& spec, Columns& columns) {
  grow(columns.hidden, std::int64_t{spec.inner} + spec.channels() + spec.heads);
  grow(columns.mixed, spec.inner);
}

void count(const FeedForwardSpec& spec, Columns& columns) {
  if (!spec.experts) return grow(columns.hidden, spec.width);
  grow(columns.hidden, spec.experts->shared_width);
  grow(columns.router, spec.experts->count);
  grow(columns.experts_used, spec.experts->used);
  grow(columns.expert_width, spec.experts->width);
  columns.has_shared_expert |= spec.experts->shared_width > 0;
}

const RopeSpec* rope_of(const MixerSpec& mixer) {
  const std::optional<RopeSpec>* rope = nullptr;
  if (const auto* attention = std::get_if<AttentionSpec>(&mixer)) rope = &attention->rope;
  if (const auto* latent = std::get_if<LatentAttentionSpec>(&mixer)) rope = &latent->rope;
  return rope != nullptr && rope->has_value() ? &**rope : nullptr;
}

Columns columns_of(const DecoderSpec& spec) {
  Columns columns;
  RopeTable ropes;
  for (const LayerSpec& layer : spec.layers) {
    std::visit([&](const auto& mixer) { count(mixer, columns); }, layer.mixer);
    if (layer.ffn) count(*layer.ffn, columns);
    if (const RopeSpec* rope = rope_of(layer.mixer)) ropes.number_of(*rope);
  }
  for (const RopeSpec& rope : ropes.ropes()) columns.rope_tables.push_back(rope.dimensions);
  return columns;
}

// Tensors one after the other in a buffer; with none it counts their bytes.
class Layout {
 public:
  explicit Layout(std::byte* memory = nullptr) : memory_(memory) {}

  ops::Tensor tensor(std::int64_t rows, std::int64_t columns) {
    const std::int64_t stride = (columns + kLine - 1) / kLine * kLine;
    return {reinterpret_cast<float*>(take(rows * stride * static_cast<std::int64_t>(sizeof(float)))), rows, columns,
            stride};
  }
  std::byte* take(std::int64_t bytes) {
    std::byte* at = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += static_cast<std::uint64_t>((bytes + 63) / 64 * 64);
    return at;
  }
  std::uint64_t used() const { return used_; }

 private:
  static constexpr std::int64_t kLine = 16;  // floats of a cache line
  std::byte* memory_;
  std::uint64_t used_ = 0;
};

Workspace lay_out(const DecoderSpec& spec, std::int64_t rows, Layout& layout) {
  const Columns columns = columns_of(spec);
  Workspace work;
  work.x = layout.tensor(rows, spec.width);
  work.normed = layout.tensor(rows, spec.width);
  work.delta = layout.tensor(rows, spec.width);
  work.shared = layout.tensor(rows, columns.has_shared_expert ? spec.width : 0);
  work.low = layout.tensor(rows, columns.low);
  work.query = layout.tensor(rows, columns.query);
  work.wide = layout.tensor(rows, columns.wide);
  work.key = layout.tensor(rows, columns.key);
  work.value = layout.tensor(rows, columns.value);
  work.mixed = layout.tensor(rows, columns.mixed);
  work.hidden = layout.tensor(rows, columns.hidden);
  work.router = layout.tensor(rows, columns.router);
  work.gate = layout.tensor(rows, 1);
  const std::int64_t slots = rows * columns.experts_used;
  work.routing.experts = reinterpret_cast<std::int32_t*>(layout.take(slots * 4));
  work.routing.weights = reinterpret_cast<float*>(layout.take(slots * 4));
  for (const std::int64_t size : columns.rope_tables) work.rope_tables.push_back(layout.tensor(rows, size));
  return work;
}

// The same views with the first rows only.
void set_rows(Workspace& work, std::int64_t rows) {
  for (ops::Tensor* tensor : {&work.x, &work.normed, &work.delta, &work.shared, &work.low, &work.query, &work.wide,
                              &work.key, &work.value, &work.mixed, &work.hidden, &work.router, &work.gate}) {
    tensor->rows = rows;
  }
  for (ops::Tensor& table : work.rope_tables) table.rows = rows;
}

// They are read by rope_frequencies(), and have no place where nothing is rotated.
void leave_divisors(const RopeTable& ropes, FileTensors& tensors) {
  if (!std::ranges::any_of(ropes.ropes(), &RopeSpec::has_divisors)) return;
  for (const std::string& name : rope_tensors()) tensors.leave(name);
}

}  // namespace

void check_tensors(const gguf::File& file, const DecoderSpec& spec) {
  FileTensors tensors(file);
  tensors.ignore(spec.ignored_tensors);
  RopeTable ropes;
  bind_input(spec, tensors);
  for (int number = 0; number < static_cast<int>(spec.layers.size()); ++number) {
    bind_layer(spec, number, tensors, ropes);
  }
  bind_output(spec, tensors);
  leave_divisors(ropes, tensors);
  tensors.check_complete();
}

// Joint matrices of latent attention are taken apart as numbers: their copies stay, and one is there threefold
// meanwhile.
std::uint64_t converted_bytes(const gguf::File& file) {
  std::uint64_t sum = 0;
  std::uint64_t greatest = 0;
  for (const gguf::Tensor& tensor : file.tensors()) {
    if (!tensor.name.ends_with(".attn_kv_b.weight")) continue;
    const std::uint64_t bytes = tensor.shape.count() * sizeof(float);
    sum += bytes;
    greatest = std::max(greatest, bytes);
  }
  return sum + 2 * greatest;
}

std::uint64_t activation_bytes(const DecoderSpec& spec, const StepLimits& limits) {
  Layout layout;
  lay_out(spec, limits.rows, layout);
  layout.tensor(limits.logit_rows, spec.output_columns());
  return layout.used();
}

ops::WorkLimits work_limits(const DecoderSpec& spec, const StepLimits& limits, std::int64_t context) {
  const Columns columns = columns_of(spec);
  ops::WorkLimits work;
  work.rows = std::max(limits.rows, limits.logit_rows);
  for (const std::int64_t size : {std::int64_t{spec.width}, columns.low, columns.query, columns.wide, columns.key,
                                  columns.value, columns.mixed, columns.hidden, columns.expert_width}) {
    grow(work.columns, size);
  }
  work.experts = columns.router;
  work.experts_used = columns.experts_used;
  work.expert_width = columns.expert_width;
  work.heads = columns.heads;
  work.head_size = columns.head_size;
  work.context = context;
  work.sequences = limits.sequences;
  return work;
}

Model::Model(const gguf::File& file, Description description, const ExecutionPlan& plan, const LoadOptions& options)
    : spec_(std::move(description.spec)) {
  bind(file, plan, options);
  for (Stage& stage : stages_) reserve(stage, options);
  if (stages_.size() > 1) bounce_.resize(static_cast<std::size_t>(options.limits.rows * stages_.front().work.x.stride));
}

void Model::bind(const gguf::File& file, const ExecutionPlan& plan, const LoadOptions& options) {
  std::uint64_t total = 0;
  for (const gguf::Tensor& tensor : file.tensors()) total += tensor.bytes.size();
  FileTensors tensors(file);
  tensors.ignore(spec_.ignored_tensors);
  RopeTable ropes;
  tensors.bind_to(*plan.placements.front().backend);
  input_ = bind_input(spec_, tensors);
  for (const Placement& placement : plan.placements) {
    Stage stage;
    stage.backend = placement.backend;
    stage.first_layer = placement.first_layer;
    stage.end_layer = placement.first_layer + placement.layers;
    tensors.bind_to(*placement.backend);
    for (int number = stage.first_layer; number < stage.end_layer; ++number) {
      layers_.push_back(bind_layer(spec_, number, tensors, ropes));
      layers_.back().backend = placement.backend;
      if (options.on_progress) options.on_progress(tensors.statistics().bytes, total);
    }
    stages_.push_back(std::move(stage));
  }
  output_ = bind_output(spec_, tensors);
  for (Stage& stage : stages_) bind_ropes(stage, ropes, file, tensors, options.context);
  leave_divisors(ropes, tensors);
  tensors.check_complete();
  for (const std::string& ignored : tensors.ignored()) log::info("{}: {} are not used", file.path(), ignored);
  statistics_ = tensors.statistics();
  buffers_ = tensors.take_buffers();
}

void Model::bind_ropes(Stage& stage, const RopeTable& ropes, const gguf::File& file, FileTensors& tensors,
                       std::int64_t context) {
  tensors.bind_to(*stage.backend);
  for (const RopeSpec& rope : ropes.ropes()) {
    const std::vector<float> frequencies = rope_frequencies(rope, file, context);
    stage.ropes.push_back({tensors.constant(frequencies), rope.dimensions / 2, rope.magnitude});
  }
}

void Model::reserve(Stage& stage, const LoadOptions& options) {
  stage.backend->reserve(work_limits(spec_, options.limits, options.context));
  stage.memory = stage.backend->allocate(activation_bytes(spec_, options.limits));
  Layout layout(stage.memory->data());
  stage.work = lay_out(spec_, options.limits.rows, layout);
  if (&stage == &stages_.back()) logits_ = layout.tensor(options.limits.logit_rows, spec_.output_columns());
}

void Model::forward(const ops::Step& step) {
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    Stage& stage = stages_[s];
    set_rows(stage.work, step.rows());
    stage.backend->begin_step(step);
    if (s == 0) {
      embed(input_, *stage.backend, {step, stage.work});
    } else {
      hand_over(stages_[s - 1], stage, step.rows());
    }
    run_stage(stage, step);
    stage.backend->end_step();
  }
}

void Model::run_stage(Stage& stage, const ops::Step& step) {
  for (std::size_t i = 0; i < stage.ropes.size(); ++i) {
    stage.backend->rope_table(step, stage.ropes[i], stage.work.rope_tables[i]);
  }
  const Pass pass{step, stage.work};
  for (int number = stage.first_layer; number < stage.end_layer; ++number) {
    const Layer& layer = layers_[static_cast<std::size_t>(number)];
    layer.run(layer, pass);
  }
}

void Model::hand_over(const Stage& from, const Stage& to, std::int64_t rows) {
  const auto values = std::span(bounce_).first(static_cast<std::size_t>(rows * from.work.x.stride));
  from.backend->read(std::as_writable_bytes(values), reinterpret_cast<const std::byte*>(from.work.x.data));
  to.backend->write(reinterpret_cast<std::byte*>(to.work.x.data), std::as_bytes(values));
}

void Model::output(std::span<const std::int32_t> rows, std::span<float> out) {
  Stage& last = stages_.back();
  const ops::Tensor logits = logits_.first_rows(static_cast<std::int64_t>(rows.size()));
  compute_output(spec_, output_, *last.backend, last.work, rows, logits);
  const auto columns = static_cast<std::size_t>(logits.columns);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    last.backend->read(std::as_writable_bytes(out.subspan(r * columns, columns)),
                       reinterpret_cast<const std::byte*>(logits.row(static_cast<std::int64_t>(r))));
  }
}

}  // namespace rocmforge::models
