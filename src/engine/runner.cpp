#include "engine/runner.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/preload.h"
#include "engine/seconds.h"

namespace rocmforge::engine {
namespace {

models::CacheFormats formats_of(const RunnerOptions& options) {
  const quant::Format* f16 = &quant::format_of(quant::FormatId::kF16);
  return {options.key_format != nullptr ? options.key_format : f16,
          options.value_format != nullptr ? options.value_format : f16};
}

void check_formats(const ops::Backend& backend, const models::CacheFormats& formats) {
  for (const quant::Format* format : {formats.keys, formats.values}) {
    if (backend.can_cache(*format)) continue;
    throw error(ErrorCode::kUsage, "keys or values as {}: {} keeps them as F32, F16, BF16, Q8_0 or Q4_0", format->name,
                backend.name());
  }
}

void report(const std::vector<models::Assumption>& assumptions, const std::string& path) {
  for (const models::Assumption& assumption : assumptions) {
    if (assumption.matters) {
      log::warning("{}: {}", path, assumption.what);
    } else {
      log::info("{}: {}", path, assumption.what);
    }
  }
}

}  // namespace

Runner::Runner(const gguf::File& file, const RunnerOptions& options)
    : Runner(file, options, open_devices(options.device)) {}

Runner::Runner(const gguf::File& file, const RunnerOptions& options, std::vector<Device> devices)
    : options_(options), devices_(std::move(devices)) {
  if (options_.logit_rows == 0) options_.logit_rows = options_.sequences;
  // A step of more than all sequences can hold would only take memory.
  const std::int64_t most = options_.context * options_.sequences;
  if (most > 0) options_.step_tokens = static_cast<int>(std::min<std::int64_t>(options_.step_tokens, most));
  load(file);
  reserve_step();
}

void Runner::load(const gguf::File& file) {
  const auto start = Clock::now();
  models::Description description = models::describe(file);
  models::check_tensors(file, description.spec);
  const models::CacheFormats formats = formats_of(options_);
  const ops::MemoryState memory = devices_.front().backend->memory();
  std::vector<models::Candidate> candidates;
  for (const Device& device : devices_) {
    check_formats(*device.backend, formats);
    const std::uint64_t budget = device.weight_budget > 0 ? device.weight_budget : device.backend->memory().available;
    candidates.push_back({device.backend.get(), budget, device.reason});
  }
  plan_ = models::plan_execution(file, description.spec, candidates);

  std::uint64_t weight_bytes = 0;
  for (const models::Placement& placement : plan_.placements) weight_bytes += placement.weight_bytes;
  weight_bytes += models::converted_bytes(file);
  const models::StepLimits limits{options_.step_tokens, options_.logit_rows, options_.sequences};
  const MemoryRequest request{.context = options_.context,
                              .sequences = options_.sequences,
                              .formats = formats,
                              .limits = limits,
                              .snapshots = options_.state_snapshots,
                              .backend = devices_.front().backend.get()};
  memory_plan_ = plan_memory(description.spec, weight_bytes, request, memory.available);
  report(description.assumptions, file.path());

  if (options_.preload || options_.lock) {
    const auto preload_start = Clock::now();
    preload(file, options_.lock, options_.on_progress);
    load_statistics_.preload_seconds = seconds_since(preload_start);
  }
  models::LoadOptions load_options{.context = memory_plan_.context, .limits = limits, .on_progress = {}};
  if (options_.on_progress) {
    load_options.on_progress = [this](std::uint64_t done, std::uint64_t total) {
      options_.on_progress(done, total, "weights");
    };
  }
  model_ = std::make_unique<models::Model>(file, std::move(description), plan_, load_options);
  cache_memory_ = std::make_unique<models::CacheMemory>(model_->spec(), models::cache_layout(model_->spec()), formats,
                                                        memory_plan_.sizes, model_->layers());
  cache_ = std::make_unique<kv::Cache>(memory_plan_.cache);
  file.check_intact();
  options_.on_progress = nullptr;
  load_statistics_.bound = model_->statistics();
  load_statistics_.seconds = seconds_since(start);
}

void Runner::reserve_step() {
  const auto rows = static_cast<std::size_t>(options_.step_tokens);
  const auto sequences = static_cast<std::size_t>(options_.sequences);
  const auto table = static_cast<std::size_t>(kv::blocks_for(memory_plan_.cache.max_tokens, kBlockTokens));
  tokens_.reserve(rows);
  positions_.reserve(rows);
  sequence_of_row_.reserve(rows);
  sequences_.reserve(sequences);
  block_tables_.reserve(memory_plan_.cache.groups.size() * sequences * table);
  wanted_rows_.reserve(static_cast<std::size_t>(options_.logit_rows));
  output_.resize(static_cast<std::size_t>(options_.logit_rows) * static_cast<std::size_t>(output_columns()));
}

std::optional<Runner::Started> Runner::start(std::span<const kv::TokenId> tokens) {
  const auto id = cache_->add();
  if (!id) return std::nullopt;
  const kv::ReusedPrefix prefix = spec().is_encoder() ? kv::ReusedPrefix{} : cache_->reuse_prefix(*id, tokens);
  if (prefix.state) {
    cache_memory_->copy_state(prefix.state->from, prefix.state->to);
  } else if (cache_->state_slot(*id) != kv::kNoBlock) {
    cache_memory_->clear_state(cache_->state_slot(*id));
  }
  return Started{*id, prefix.tokens};
}

bool Runner::save_state(kv::SequenceId id) {
  const auto copy = cache_->snapshot(id);
  if (copy) cache_memory_->copy_state(copy->from, copy->to);
  return copy.has_value();
}

// Reserves for all items, or gives back what the first ones got.
bool Runner::make_room(std::span<const StepItem> items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto copies = cache_->reserve(items[i].sequence, static_cast<int>(items[i].tokens.size()));
    if (!copies) {
      for (std::size_t done = 0; done < i; ++done) {
        cache_->truncate(items[done].sequence, cache_->length(items[done].sequence));
      }
      return false;
    }
    for (const kv::BlockCopy& copy : *copies) cache_memory_->copy_block(copy.group, copy.from, copy.to);
  }
  return true;
}

void Runner::describe_step(std::span<const StepItem> items) {
  tokens_.clear();
  positions_.clear();
  sequence_of_row_.clear();
  sequences_.clear();
  wanted_rows_.clear();
  for (const StepItem& item : items) {
    const int position = cache_->length(item.sequence);
    const auto first = static_cast<std::int32_t>(tokens_.size());
    const auto count = static_cast<std::int32_t>(item.tokens.size());
    for (std::int32_t i = 0; i < count; ++i) {
      tokens_.push_back(item.tokens[static_cast<std::size_t>(i)]);
      positions_.push_back(position + i);
      sequence_of_row_.push_back(static_cast<std::int32_t>(sequences_.size()));
      const bool is_wanted = item.wanted == Wanted::kAll || (item.wanted == Wanted::kLast && i + 1 == count);
      if (is_wanted) wanted_rows_.push_back(first + i);
    }
    sequences_.push_back({first, count, position, cache_->state_slot(item.sequence)});
  }
  RF_CHECK(tokens_.size() <= static_cast<std::size_t>(options_.step_tokens));
  RF_CHECK(wanted_rows_.size() <= static_cast<std::size_t>(options_.logit_rows));

  const auto length = static_cast<std::size_t>(kv::blocks_for(memory_plan_.cache.max_tokens, kBlockTokens));
  block_tables_.assign(memory_plan_.cache.groups.size() * items.size() * length, 0);
  auto entry = block_tables_.begin();
  for (std::size_t group = 0; group < memory_plan_.cache.groups.size(); ++group) {
    for (const StepItem& item : items) {
      std::ranges::copy(cache_->table(item.sequence, static_cast<int>(group)), entry);
      entry += static_cast<std::ptrdiff_t>(length);
    }
  }
}

bool Runner::run(std::span<const StepItem> items) {
  if (!make_room(items)) return false;
  describe_step(items);
  ops::Step step;
  step.tokens = tokens_;
  step.positions = positions_;
  step.sequence = sequence_of_row_;
  step.sequences = sequences_;
  step.block_tables = block_tables_;
  step.table_length = kv::blocks_for(memory_plan_.cache.max_tokens, kBlockTokens);
  model_->forward(step);
  if (!wanted_rows_.empty()) model_->output(wanted_rows_, output_);
  for (const StepItem& item : items) cache_->append(item.sequence, item.tokens);
  return true;
}

std::span<const float> Runner::output(int row) const {
  const auto columns = static_cast<std::size_t>(output_columns());
  return std::span(output_).subspan(static_cast<std::size_t>(row) * columns, columns);
}

}  // namespace rocmforge::engine
