// Runs a model step by step: which tokens of which sequences in, their logits out.
//
// Every byte is allocated when it is made; a step allocates nothing. Not thread-safe; the engine thread owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/memory_plan.h"
#include "engine/source_encoder.h"
#include "gguf/reader.h"
#include "kv/cache.h"
#include "models/model.h"

namespace rocmforge::engine {

struct RunnerOptions {
  DeviceOptions device;
  std::int64_t context = 0;  // 0: see MemoryRequest
  int sequences = 1;
  int step_tokens = 512;                      // the most of one step, all sequences together
  int state_snapshots = 0;                    // of recurrent layers, kept for other sequences with the same beginning
  int logit_rows = 0;                         // the most that one step answers; 0: one a sequence
  bool gives_states = false;                  // Wanted::kStates may be asked for
  bool draws_tokens = false;                  // the memory plan counts what samplers need
  const quant::Format* key_format = nullptr;  // F16 where not given
  const quant::Format* value_format = nullptr;
  bool preload = false;
  bool lock = false;
  std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)> on_progress;
};

// The logits of the last or of all tokens, or the hidden states that all of them end in.
enum class Wanted { kNothing, kLast, kAll, kStates };

// The next tokens of a sequence, and what is wanted of them.
struct StepItem {
  kv::SequenceId sequence = 0;
  std::span<const kv::TokenId> tokens;
  Wanted wanted = Wanted::kLast;
};

struct LoadStatistics {
  models::BindStatistics bound;
  double seconds = 0;
  double preload_seconds = 0;
};

class Runner {
 public:
  // The file must outlive the runner. Errors say what is wrong with the file, or what would fit into memory.
  Runner(const gguf::File& file, const RunnerOptions& options);
  // On backends of the caller's choice, the preferred one first; options.device says nothing then.
  Runner(const gguf::File& file, const RunnerOptions& options, std::vector<Device> devices);

  const models::DecoderSpec& spec() const { return model_->spec(); }
  const MemoryPlan& memory() const { return memory_plan_; }
  const models::ExecutionPlan& plan() const { return plan_; }
  const LoadStatistics& load_statistics() const { return load_statistics_; }
  ops::MachineLimits measure_limits() { return devices_.front().backend->measure_limits(); }
  int step_tokens() const { return options_.step_tokens; }
  int most_output_rows() const { return options_.logit_rows; }

  // Throws Error if the embedding table has no row for one of the tokens. `origin` names where they come from: "the prompt".
  // Every job's tokens must pass it before a step; what the model itself draws always has a row.
  void check_tokens(std::span<const kv::TokenId> tokens, std::string_view origin) const;

  // A new sequence, empty when there are as many as may be. What is cached of the tokens' beginning is taken over, and
  // `cached` says how many those are.
  struct Started {
    kv::SequenceId id = 0;
    int cached = 0;
  };
  std::optional<Started> start(std::span<const kv::TokenId> tokens = {});
  void finish(kv::SequenceId id) { cache_->remove(id); }
  // Where spec().encoder is there: reads the text that the sequence answers, once, before its first step. At least one
  // token, and no more than the context.
  void encode(kv::SequenceId id, std::span<const kv::TokenId> source);
  // Keeps the state of recurrent layers at the sequence's end, which must be that of a block, so that others can begin
  // there. False when there is nothing to keep or no room.
  bool save_state(kv::SequenceId id);
  const kv::Cache& cache() const { return *cache_; }

  // Computes all items together. Returns false, and computes nothing, if there is no room for them. Throws Error if the
  // file lost bytes that the step may have read; the rows of output() and states() are void then.
  // Requires: the items have at most step_tokens() tokens together, no sequence occurs twice, none grows beyond the context,
  // and an encoder gets all tokens of a sequence at once.
  bool run(std::span<const StepItem> items);

  // Of the last step: a row of output_columns() values for each wanted token, in order.
  int output_columns() const { return model_->output_columns(); }
  std::span<const float> output(int row) const;
  int output_rows() const { return static_cast<int>(wanted_rows_.size()); }
  // Likewise, a row of spec().width values for each token of the items that wanted states.
  std::span<const float> states(int row) const;

  // Whether sequences have states of recurrent layers, for save_state().
  bool has_recurrent_state() const { return memory_plan_.cache.state_slots > 0; }

 private:
  void load();
  void reserve_step();
  bool make_room(std::span<const StepItem> items);
  void describe_step(std::span<const StepItem> items);
  void clear_step();
  void add_rows(kv::SequenceId id, std::span<const kv::TokenId> tokens, int position);
  void fill_block_tables();
  ops::Step current_step() const;

  const gguf::File& file_;
  RunnerOptions options_;
  std::vector<Device> devices_;
  models::ExecutionPlan plan_;
  MemoryPlan memory_plan_;
  std::unique_ptr<SourceEncoder> encoder_;  // nullptr: none
  std::unique_ptr<models::Model> model_;
  std::unique_ptr<models::CacheMemory> cache_memory_;
  std::unique_ptr<kv::Cache> cache_;
  LoadStatistics load_statistics_;
  std::vector<std::int32_t> source_lengths_;  // by sequence; 0: nothing is encoded yet

  // The step that is computed, in memory that is there from the start.
  std::vector<std::int32_t> tokens_;
  std::vector<std::int32_t> positions_;
  std::vector<std::int32_t> sequence_of_row_;
  std::vector<ops::SequenceRows> sequences_;
  std::vector<kv::SequenceId> ids_;  // of the same
  std::vector<std::int32_t> block_tables_;
  std::vector<std::int32_t> wanted_rows_;
  std::vector<float> output_;
  std::vector<std::int32_t> state_rows_;
  std::vector<float> states_;
};

}  // namespace rocmforge::engine
