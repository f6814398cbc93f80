#include "models/model.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "models/rope.h"

namespace rocmforge::models {
namespace {

// Marks the divisors as used: rope_frequencies() reads them. A model without rotation must not have them.
void leave_divisors(const RopeTable& ropes, FileTensors& tensors) {
  if (!std::ranges::any_of(ropes.ropes(), &RopeSpec::has_divisors)) return;
  for (const std::string& name : rope_tensors()) tensors.leave(name);
}

void read_rows(ops::Backend& from, ops::Tensor rows, std::span<float> out) {
  const auto columns = static_cast<std::size_t>(rows.columns);
  for (std::int64_t r = 0; r < rows.rows; ++r) {
    from.read(std::as_writable_bytes(out.subspan(static_cast<std::size_t>(r) * columns, columns)),
              reinterpret_cast<const std::byte*>(rows.row(r)));
  }
}

}  // namespace

void check_tensors(const gguf::File& file, const DecoderSpec& spec) {
  FileTensors tensors(file);
  tensors.ignore(spec.ignored_tensors);
  leave_divisors(ask_for_all(spec, tensors), tensors);
  tensors.check_complete();
  if (const std::string ignored = tensors.ignored(); !ignored.empty()) log::info("{}: {}", file.path(), ignored);
}

// Joint matrices of latent attention are split as float32. The copies stay, and one matrix exists three times while it
// is split.
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

Model::Model(FileTensors& tensors, DecoderSpec spec, std::span<const Placement> placements, const LoadOptions& options)
    : spec_(std::move(spec)) {
  bind(tensors, placements, options);
  for (PipelineStage& stage : stages_) reserve(stage, options);
  if (stages_.size() == 1) return;
  for (const ops::Tensor& tensor : stages_.front().activations.carried()) {
    bounce_.resize(std::max(bounce_.size(), static_cast<std::size_t>(options.limits.rows * tensor.stride)));
  }
}

void Model::bind(FileTensors& tensors, std::span<const Placement> placements, const LoadOptions& options) {
  std::uint64_t total = 0;
  for (const gguf::Tensor& tensor : tensors.file().tensors()) total += tensor.bytes.size();
  RopeTable ropes;
  tensors.bind_to(*placements.front().backend);
  input_ = bind_input(spec_, tensors);
  for (const Placement& placement : placements) {
    PipelineStage stage;
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
  for (PipelineStage& stage : stages_) bind_ropes(stage, ropes, tensors, options.context);
  buffers_ = tensors.take_buffers();
}

void Model::bind_ropes(PipelineStage& stage, const RopeTable& ropes, FileTensors& tensors, std::int64_t context) {
  tensors.bind_to(*stage.backend);
  for (const RopeSpec& rope : ropes.ropes()) {
    const std::vector<float> frequencies = rope_frequencies(rope, tensors.file(), context);
    stage.ropes.push_back({tensors.constants(frequencies), rope.dimensions / 2, rope.magnitude});
  }
}

void Model::reserve(PipelineStage& stage, const LoadOptions& options) {
  stage.backend->reserve(work_limits(spec_, options.limits, options.context));
  stage.memory = stage.backend->allocate(activation_bytes(spec_, options.limits, options.context));
  ActivationAllocator allocator(stage.memory->data());
  stage.activations = lay_out(spec_, options.limits.rows, options.context, allocator);
  if (&stage == &stages_.back()) logits_ = allocator.tensor(options.limits.logit_rows, spec_.output_columns());
}

void Model::forward(const ops::Step& step) {
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    PipelineStage& stage = stages_[s];
    stage.activations.set_rows(step.rows());
    stage.backend->begin_step(step);
    if (s == 0) {
      embed(input_, *stage.backend, {step, stage.activations});
    } else {
      hand_over(stages_[s - 1], stage, step.rows());
    }
    run_stage(stage, step);
    if (&stage == &stages_.back()) close_streams(output_, *stage.backend, stage.activations);
    stage.backend->end_step();
  }
}

void Model::run_stage(PipelineStage& stage, const ops::Step& step) {
  for (std::size_t i = 0; i < stage.ropes.size(); ++i) {
    stage.backend->rope_table(step, stage.ropes[i], stage.activations.rope_tables[i]);
  }
  const LayerContext context{step, stage.activations};
  for (int number = stage.first_layer; number < stage.end_layer; ++number) {
    const Layer& layer = layers_[static_cast<std::size_t>(number)];
    layer.run(layer, context);
  }
}

void Model::append_encoder_output(const ops::Step& step, std::span<const float> states) {
  const auto width = static_cast<std::size_t>(spec_.width);
  RF_CHECK(states.size() == static_cast<std::size_t>(step.rows()) * width);
  for (PipelineStage& stage : stages_) {
    stage.activations.set_rows(step.rows());
    for (std::int64_t row = 0; row < step.rows(); ++row) {
      stage.backend->write(reinterpret_cast<std::byte*>(stage.activations.x.row(row)),
                           std::as_bytes(states.subspan(static_cast<std::size_t>(row) * width, width)));
    }
    stage.backend->begin_step(step);
    for (int number = stage.first_layer; number < stage.end_layer; ++number) {
      const Layer& layer = layers_[static_cast<std::size_t>(number)];
      if (layer.cross_attention == nullptr) continue;
      models::append_encoder_output(layer, {step, stage.activations}, stage.activations.x);
    }
    stage.backend->end_step();
  }
}

void Model::hand_over(const PipelineStage& from, const PipelineStage& to, std::int64_t rows) {
  const auto sources = from.activations.carried();
  const auto targets = to.activations.carried();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].columns == 0) continue;
    const auto values = std::span(bounce_).first(static_cast<std::size_t>(rows * sources[i].stride));
    from.backend->read(std::as_writable_bytes(values), reinterpret_cast<const std::byte*>(sources[i].data));
    to.backend->write(reinterpret_cast<std::byte*>(targets[i].data), std::as_bytes(values));
  }
}

void Model::output(std::span<const std::int32_t> rows, std::span<float> out) {
  PipelineStage& last = stages_.back();
  const ops::Tensor logits = logits_.first_rows(static_cast<std::int64_t>(rows.size()));
  compute_output(spec_, output_, *last.backend, last.activations, rows, logits);
  read_rows(*last.backend, logits, out);
}

void Model::states(std::span<const std::int32_t> rows, std::span<float> out) {
  PipelineStage& last = stages_.back();
  const ops::Tensor states = last.activations.normed.first_rows(static_cast<std::int64_t>(rows.size()));
  compute_states(output_, *last.backend, last.activations, rows, states);
  read_rows(*last.backend, states, out);
}

}  // namespace rocmforge::models
