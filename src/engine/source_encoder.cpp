#include "engine/source_encoder.h"

#include <numeric>
#include <utility>

#include "base/error.h"

namespace rocmforge::engine {
namespace {

models::LoadOptions options_for_all(models::LoadOptions options) {
  options.limits = models::encoder_limits(options.context);
  return options;
}

}  // namespace

SourceEncoder::SourceEncoder(models::FileTensors& tensors, models::DecoderSpec spec,
                             std::span<const models::Placement> placements, const MemoryRequest& request,
                             const models::LoadOptions& options)
    : SourceEncoder(tensors, spec, placements,
                    memory_for(spec, encoder_request(request, options.context), options.context),
                    options_for_all(options)) {}

SourceEncoder::SourceEncoder(models::FileTensors& tensors, models::DecoderSpec spec,
                             std::span<const models::Placement> placements, const MemoryPlan& plan,
                             const models::LoadOptions& options)
    : model_(tensors, std::move(spec), placements, options),
      cache_memory_(model_.spec(), models::cache_layout(model_.spec()), plan.formats, plan.sizes, model_.layers()),
      numbers_(static_cast<std::size_t>(options.context)),
      sequence_of_row_(numbers_.size()),
      table_length_(kv::blocks_for(static_cast<int>(options.context), kBlockTokens)),
      states_(numbers_.size() * static_cast<std::size_t>(model_.output_columns())) {
  std::iota(numbers_.begin(), numbers_.end(), 0);
  for (std::size_t group = 0; group < plan.sizes.blocks.size(); ++group) {
    block_tables_.insert(block_tables_.end(), numbers_.begin(), numbers_.begin() + table_length_);
  }
}

std::span<const float> SourceEncoder::encode(std::span<const kv::TokenId> tokens) {
  const std::size_t count = tokens.size();
  RF_CHECK(count > 0 && count <= numbers_.size());
  const ops::SequenceRows rows{.first_row = 0, .rows = static_cast<std::int32_t>(count)};
  ops::Step step;
  step.tokens = tokens;
  step.positions = std::span(numbers_).first(count);
  step.sequence = std::span(sequence_of_row_).first(count);
  step.sequences = {&rows, 1};
  step.block_tables = block_tables_;
  step.table_length = table_length_;
  model_.forward(step);
  model_.output(step.positions, states_);
  return std::span(states_).first(count * static_cast<std::size_t>(model_.output_columns()));
}

}  // namespace rocmforge::engine
