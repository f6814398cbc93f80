// Runs a model step by step: takes the next tokens of several sequences and computes their logits.
//
// The constructor allocates all memory; a step allocates nothing. Not thread-safe; the engine thread owns the runner.
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
  int step_tokens = 512;                      // most tokens of one step, all sequences together
  int state_snapshots = 0;                    // recurrent states kept for other sequences with the same prefix
  int logit_rows = 0;                         // most rows of logits of one step; 0: one per sequence
  bool gives_states = false;                  // Wanted::kStates may be used
  bool draws_tokens = false;                  // the memory plan includes the samplers
  const quant::Format* key_format = nullptr;  // nullptr: F16
  const quant::Format* value_format = nullptr;
  bool preload = false;
  bool lock = false;
  std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)> on_progress;
};

// The output of a step for one sequence: nothing, the logits of its last token or of all its tokens, or the final
// hidden states of all its tokens.
enum class Wanted { kNothing, kLast, kAll, kStates };

// The next tokens of a sequence, and the output that is needed for them.
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
  // Loads the model. The file must outlive the runner. Throws Error if the file is invalid or memory does not suffice.
  Runner(const gguf::File& file, const RunnerOptions& options);
  // Loads the model on the given devices, the preferred one first, and ignores options.device. Otherwise the same.
  Runner(const gguf::File& file, const RunnerOptions& options, std::vector<Device> devices);

  const models::DecoderSpec& spec() const { return model_->spec(); }
  const MemoryPlan& memory() const { return memory_plan_; }
  const models::ExecutionPlan& plan() const { return plan_; }
  const LoadStatistics& load_statistics() const { return load_statistics_; }
  ops::MachineLimits measure_limits() { return devices_.front().backend->measure_limits(); }
  int step_tokens() const { return options_.step_tokens; }
  int most_output_rows() const { return options_.logit_rows; }

  // Throws Error if the embedding table has no row for one of the tokens. `origin` names their source: "the prompt".
  // Every job's tokens must pass this check before a step. Tokens that the model itself generates always have a row.
  void check_tokens(std::span<const kv::TokenId> tokens, std::string_view origin) const;

  // Starts a sequence and reuses the cached keys and values of the longest known prefix of `tokens`, of length
  // `cached`. Returns nothing if there are already as many sequences as allowed.
  struct Started {
    kv::SequenceId id = 0;
    int cached = 0;
  };
  std::optional<Started> start(std::span<const kv::TokenId> tokens = {});
  void finish(kv::SequenceId id) { cache_->remove(id); }
  // Runs the encoder of an encoder-decoder model on the text that the sequence answers. Requires: spec().encoder is
  // set, the sequence has had no step, and `source` has at least one token and no more than the context.
  void encode(kv::SequenceId id, std::span<const kv::TokenId> source);
  // Saves the state of the recurrent layers at the sequence's end, so that other sequences can begin there. Requires:
  // the sequence ends at the end of a block. Returns false if there is no recurrent state or no free slot.
  bool save_state(kv::SequenceId id);
  const kv::Cache& cache() const { return *cache_; }

  // Computes all items together. Returns false, and computes nothing, if there is no room for them. Throws Error if the
  // file lost bytes that the step may have read; the rows of output() and states() are void then.
  // Requires: the items have at most step_tokens() tokens together, no sequence occurs twice, none grows beyond the
  // context, and an encoder gets all tokens of a sequence at once.
  bool run(std::span<const StepItem> items);

  // The logits of the last step: a row of output_columns() values for each wanted token, in order.
  int output_columns() const { return model_->output_columns(); }
  std::span<const float> output(int row) const;
  int output_rows() const { return static_cast<int>(wanted_rows_.size()); }
  // The hidden states of the last step: a row of spec().width values for each token of the items with Wanted::kStates.
  std::span<const float> states(int row) const;

  // Returns whether the model has recurrent layers, whose states save_state() can save.
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

  // The current step, in memory that is allocated once.
  std::vector<std::int32_t> tokens_;
  std::vector<std::int32_t> positions_;
  std::vector<std::int32_t> sequence_of_row_;
  std::vector<ops::SequenceRows> sequences_;
  std::vector<kv::SequenceId> ids_;  // of sequences_
  std::vector<std::int32_t> block_tables_;
  std::vector<std::int32_t> wanted_rows_;
  std::vector<float> output_;
  std::vector<std::int32_t> state_rows_;
  std::vector<float> states_;
};

}  // namespace rocmforge::engine
