#include "engine/runner.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/preload.h"
#include "engine/seconds.h"
#include "text/vocabulary.h"

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
    : file_(file), options_(options), devices_(std::move(devices)) {
  if (options_.logit_rows == 0) options_.logit_rows = options_.sequences;
  // A step never has more tokens than all sequences can hold.
  const std::int64_t most = options_.context * options_.sequences;
  if (most > 0) options_.step_tokens = static_cast<int>(std::min<std::int64_t>(options_.step_tokens, most));
  load();
  reserve_step();
}

void Runner::load() {
  const auto start = Clock::now();
  models::Description description = models::describe(file_);
  models::check_tensors(file_, description.spec);
  const models::CacheFormats formats = formats_of(options_);
  const ops::MemoryState memory = devices_.front().backend->memory();
  std::vector<models::Candidate> candidates;
  for (const Device& device : devices_) {
    check_formats(*device.backend, formats);
    const std::uint64_t budget = device.weight_budget > 0 ? device.weight_budget : device.backend->memory().available;
    candidates.push_back({device.backend.get(), budget, device.reason});
  }
  plan_ = models::plan_execution(file_, description.spec, candidates);

  std::uint64_t weight_bytes = 0;
  for (const models::Placement& placement : plan_.placements) weight_bytes += placement.weight_bytes;
  for (const models::Placement& placement : plan_.of_encoder) weight_bytes += placement.weight_bytes;
  weight_bytes += models::converted_bytes(file_);
  const models::StepLimits limits{options_.step_tokens, options_.logit_rows, options_.sequences};
  const MemoryRequest request{.context = options_.context,
                              .sequences = options_.sequences,
                              .formats = formats,
                              .limits = limits,
                              .snapshots = options_.state_snapshots,
                              .gives_states = options_.gives_states,
                              .draws_tokens = options_.draws_tokens,
                              .backend = devices_.front().backend.get()};
  memory_plan_ = plan_memory(description.spec, weight_bytes, request, memory.available);
  report(description.assumptions, file_.path());

  if (options_.preload || options_.lock) {
    const auto preload_start = Clock::now();
    preload(file_, options_.lock, options_.on_progress);
    load_statistics_.preload_seconds = seconds_since(preload_start);
  }
  models::LoadOptions load_options{.context = memory_plan_.context, .limits = limits, .on_progress = {}};
  if (options_.on_progress) {
    load_options.on_progress = [this](std::uint64_t done, std::uint64_t total) {
      options_.on_progress(done, total, "weights");
    };
  }
  models::FileTensors tensors(file_);
  // Load the encoder first: the working memory that backends then allocate for the decoder replaces the encoder's and
  // is large enough for both.
  if (const auto& encoder = description.spec.encoder; encoder != nullptr) {
    encoder_ = std::make_unique<SourceEncoder>(tensors, *encoder, plan_.of_encoder, request, load_options);
  }
  model_ = std::make_unique<models::Model>(tensors, std::move(description.spec), plan_.placements, load_options);
  cache_memory_ = std::make_unique<models::CacheMemory>(model_->spec(), models::cache_layout(model_->spec()), formats,
                                                        memory_plan_.sizes, model_->layers());
  cache_ = std::make_unique<kv::Cache>(memory_plan_.cache);
  file_.check_intact();
  options_.on_progress = nullptr;
  load_statistics_.bound = tensors.statistics();
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
  ids_.reserve(sequences);
  source_lengths_.resize(sequences);
  block_tables_.reserve((memory_plan_.cache.groups.size() + 1) * sequences * table);
  wanted_rows_.reserve(static_cast<std::size_t>(options_.logit_rows));
  output_.resize(static_cast<std::size_t>(options_.logit_rows) * static_cast<std::size_t>(output_columns()));
  if (!options_.gives_states) return;
  state_rows_.reserve(rows);
  states_.resize(rows * static_cast<std::size_t>(spec().width));
}

// The message quotes the token's text if the file has a tokenizer.
void Runner::check_tokens(std::span<const kv::TokenId> tokens, std::string_view origin) const {
  const int rows = spec().vocabulary;
  const auto beyond = std::ranges::find_if(tokens, [&](kv::TokenId token) { return token < 0 || token >= rows; });
  if (beyond == tokens.end()) return;
  const auto message = fmt::format("{}: token {} of {} is {}", file_.path(), beyond - tokens.begin(), origin, *beyond);
  const auto table = fmt::format("'token_embd.weight' has {} rows: ids are 0 to {}", group_digits(rows), rows - 1);
  const auto texts = file_.metadata().find<std::vector<std::string_view>>(text::kTokensKey);
  if (texts && *beyond >= 0 && static_cast<std::size_t>(*beyond) < texts->size()) {
    throw Error(
        ErrorCode::kMalformed,
        fmt::format("{}, '{}', which the model has no embedding for: the tokenizer has {} tokens, but {}", message,
                    printable((*texts)[static_cast<std::size_t>(*beyond)], 60), group_digits(texts->size()), table),
        "texts without this token work");
  }
  throw error(ErrorCode::kUsage, "{}, but {}", message, table);
}

std::optional<Runner::Started> Runner::start(std::span<const kv::TokenId> tokens) {
  const auto id = cache_->add();
  if (!id) return std::nullopt;
  // With an encoder, the keys and values of the decoder's tokens also depend on the encoder's text, so they are not
  // reused.
  const bool has_prefix = !spec().is_encoder() && encoder_ == nullptr;
  const kv::ReusedPrefix prefix = has_prefix ? cache_->reuse_prefix(*id, tokens) : kv::ReusedPrefix{};
  source_lengths_[static_cast<std::size_t>(*id)] = 0;
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

// Reserves cache blocks for all items. If there are not enough, releases those already reserved and returns false.
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

void Runner::clear_step() {
  tokens_.clear();
  positions_.clear();
  sequence_of_row_.clear();
  sequences_.clear();
  ids_.clear();
  wanted_rows_.clear();
  state_rows_.clear();
}

void Runner::add_rows(kv::SequenceId id, std::span<const kv::TokenId> tokens, int position) {
  const auto first = static_cast<std::int32_t>(tokens_.size());
  const auto count = static_cast<std::int32_t>(tokens.size());
  for (std::int32_t i = 0; i < count; ++i) {
    tokens_.push_back(tokens[static_cast<std::size_t>(i)]);
    positions_.push_back(position + i);
    sequence_of_row_.push_back(static_cast<std::int32_t>(sequences_.size()));
  }
  sequences_.push_back({first, count, position, cache_->state_slot(id), source_lengths_[static_cast<std::size_t>(id)]});
  ids_.push_back(id);
}

// Fills the block tables of all cache groups. An encoder-decoder model has a further table for the encoder's output:
// one block per sequence, with the sequence's number.
void Runner::fill_block_tables() {
  const auto length = static_cast<std::size_t>(kv::blocks_for(memory_plan_.cache.max_tokens, kBlockTokens));
  const std::size_t groups = memory_plan_.cache.groups.size();
  block_tables_.assign((groups + (encoder_ != nullptr ? 1 : 0)) * ids_.size() * length, 0);
  auto entry = block_tables_.begin();
  for (std::size_t group = 0; group < groups; ++group) {
    for (const kv::SequenceId id : ids_) {
      std::ranges::copy(cache_->table(id, static_cast<int>(group)), entry);
      entry += static_cast<std::ptrdiff_t>(length);
    }
  }
  if (encoder_ == nullptr) return;
  for (const kv::SequenceId id : ids_) {
    *entry = id;
    entry += static_cast<std::ptrdiff_t>(length);
  }
}

void Runner::describe_step(std::span<const StepItem> items) {
  clear_step();
  for (const StepItem& item : items) {
    RF_CHECK(encoder_ == nullptr || source_lengths_[static_cast<std::size_t>(item.sequence)] > 0);
    add_rows(item.sequence, item.tokens, cache_->length(item.sequence));
    const auto end = static_cast<std::int32_t>(tokens_.size());
    const auto count = static_cast<std::int32_t>(item.tokens.size());
    const std::int32_t wanted = item.wanted == Wanted::kAll ? count : item.wanted == Wanted::kLast ? 1 : 0;
    for (std::int32_t row = end - wanted; row < end; ++row) wanted_rows_.push_back(row);
    if (item.wanted != Wanted::kStates) continue;
    RF_CHECK(options_.gives_states);
    for (std::int32_t row = end - count; row < end; ++row) state_rows_.push_back(row);
  }
  RF_CHECK(tokens_.size() <= static_cast<std::size_t>(options_.step_tokens));
  RF_CHECK(wanted_rows_.size() <= static_cast<std::size_t>(options_.logit_rows));
  fill_block_tables();
}

ops::Step Runner::current_step() const {
  ops::Step step;
  step.tokens = tokens_;
  step.positions = positions_;
  step.sequence = sequence_of_row_;
  step.sequences = sequences_;
  step.block_tables = block_tables_;
  step.table_length = kv::blocks_for(memory_plan_.cache.max_tokens, kBlockTokens);
  return step;
}

// The encoder's output may have more rows than a step of the decoder, so it is appended in parts.
void Runner::encode(kv::SequenceId id, std::span<const kv::TokenId> source) {
  RF_CHECK(encoder_ != nullptr && cache_->length(id) == 0);
  const std::span<const float> states = encoder_->encode(source);
  const auto width = static_cast<std::size_t>(spec().width);
  const auto at_a_time = static_cast<std::size_t>(options_.step_tokens);
  for (std::size_t done = 0; done < source.size(); done += at_a_time) {
    const std::size_t count = std::min(at_a_time, source.size() - done);
    clear_step();
    add_rows(id, source.subspan(done, count), static_cast<int>(done));
    fill_block_tables();
    model_->append_encoder_output(current_step(), states.subspan(done * width, count * width));
  }
  file_.check_intact();
  source_lengths_[static_cast<std::size_t>(id)] = static_cast<std::int32_t>(source.size());
}

bool Runner::run(std::span<const StepItem> items) {
  if (!make_room(items)) return false;
  describe_step(items);
  model_->forward(current_step());
  if (!wanted_rows_.empty()) model_->output(wanted_rows_, output_);
  if (!state_rows_.empty()) model_->states(state_rows_, states_);
  file_.check_intact();
  for (const StepItem& item : items) cache_->append(item.sequence, item.tokens);
  return true;
}

std::span<const float> Runner::output(int row) const {
  const auto columns = static_cast<std::size_t>(output_columns());
  return std::span(output_).subspan(static_cast<std::size_t>(row) * columns, columns);
}

std::span<const float> Runner::states(int row) const {
  const auto columns = static_cast<std::size_t>(spec().width);
  return std::span(states_).subspan(static_cast<std::size_t>(row) * columns, columns);
}

}  // namespace rocmforge::engine
