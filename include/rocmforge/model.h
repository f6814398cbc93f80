// A language model: loaded from a GGUF file, it continues texts, answers in conversations and makes embeddings.
//
//   rocmforge::Model model = rocmforge::Model::load("model.gguf");
//   const std::vector<rocmforge::Message> messages = {{rocmforge::Role::kUser, "Why is the sky blue?"}};
//   model.chat(messages, {}, [](const rocmforge::Piece& piece) {
//     std::cout << piece.text << std::flush;
//     return true;
//   });
//
// Everything here throws rocmforge::Error. All members of a Model may be called from several threads at once: the
// generations run side by side, and what one of them says does not depend on the others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "rocmforge/error.h"
#include "rocmforge/export.h"
#include "rocmforge/sampling.h"

namespace rocmforge {

// The library's version, as in "1.2.3".
ROCMFORGE_API std::string_view version();

// What is worth a line on standard error: trace, debug, info, warning (unless set), error or off.
ROCMFORGE_API void set_log_level(std::string_view level);

struct LoadProgress {
  std::uint64_t done = 0;  // of total bytes
  std::uint64_t total = 0;
  std::string_view what;
};

struct LoadOptions {
  std::string device = "auto";       // auto, cpu, ref, gpu or gpu:N
  std::string instruction_set = {};  // the highest to use of the CPU's; empty: the best
  int threads = 0;                   // 0: the physical cores
  std::int64_t context = 0;          // positions of a sequence; 0: the trained length, or what fits into memory
  int sequences = 1;                 // generations that run at the same time; further ones wait for their turn
  std::string key_type = "F16";      // how keys are kept: F32, F16, BF16, Q8_0 or Q4_0
  std::string value_type = "F16";
  bool preload = false;  // the whole model is read at once, not when first used
  bool lock = false;     // and stays in memory
  std::function<void(const LoadProgress&)> on_progress = {};
};

struct ModelInfo {
  std::string path;
  std::string architecture;
  std::string name;         // as the file says; may be empty
  std::string description;  // of the architecture
  std::int64_t context = 0;
  std::string context_reason;        // "the trained length", "as much as fits in 3.1 GiB", "as asked for"
  std::int64_t trained_context = 0;  // 0: unlimited
  int vocabulary = 0;
  int width = 0;  // of an embedding, before any projection of the file's
  bool has_tokenizer = false;
  bool has_chat_template = false;      // of its own; ChatML otherwise
  bool can_generate = false;           // an encoder cannot
  std::vector<std::string> placement;  // what runs where, and why
  std::uint64_t weight_bytes = 0;
  std::uint64_t cache_bytes = 0;  // of keys and values
  std::uint64_t work_bytes = 0;
  double load_seconds = 0;
};

struct TokenizeOptions {
  bool add_special = true;     // BOS and the like, where the model wants them
  bool parse_special = false;  // control tokens written out in the text count as such
};

enum class Role { kSystem, kUser, kAssistant, kTool };

// What the assistant wants to be called.
struct ToolCall {
  std::string id = {};
  std::string name = {};
  std::string arguments = {};  // a JSON object
};

struct Message {
  Role role = Role::kUser;
  std::string content = {};               // of a tool: what it says
  std::string reasoning = {};             // of the assistant
  std::vector<ToolCall> tool_calls = {};  // of the assistant
  std::string tool_call_id = {};          // of a tool: the call that it answers
};

// What the assistant may call. Calling it is the program's part: a message of the role kTool then says what came of it.
struct Tool {
  std::string name = {};
  std::string description = {};
  std::string parameters = {};  // a JSON schema of the arguments; empty: an object of anything
};

// A token that was drawn, or could have been.
struct TokenProbability {
  std::int32_t token = 0;
  float logprob = 0;  // natural, of the model's own distribution: before any stage of sampling
};

struct GeneratedToken {
  std::int32_t token = 0;
  float logprob = 0;                        // only where top_logprobs is 0 or more
  std::vector<TokenProbability> likeliest;  // top_logprobs of them
};

// What is new. Text is whole characters of UTF-8; what could yet be the beginning of a stop string is held back.
struct Piece {
  std::string_view text;
  std::string_view reasoning;              // what a model that reasons says before its answer; in chats only
  std::span<const GeneratedToken> tokens;  // drawn since the last piece; some have no text, or not yet
};
// False ends the generation within a step.
using OnPiece = std::function<bool(const Piece&)>;

struct GenerationOptions {
  int max_tokens = -1;  // -1: no limit but the context
  SamplingOptions sampling = {};
  std::vector<std::string> stop = {};  // texts that end the generation; they are not part of it
  int top_logprobs = -1;               // 0: of the drawn tokens alone; -1: none; at most 100
  // When the context is full its older half is dropped, all but the first `keep` tokens of the prompt (in chats: the
  // system message), and what is left is computed again. Otherwise the generation ends there.
  bool context_shift = false;
  int keep = 0;
  // Ends the generation within a step, also while it waits or its prompt is computed.
  std::stop_token cancel = {};
};

struct ChatOptions : GenerationOptions {
  std::vector<Tool> tools = {};
  std::optional<bool> thinking;  // for models that can be told; unset: the template's own way
  bool continue_last = false;    // the last message is the assistant's, and is to be continued
};

enum class FinishReason {
  kEnd,         // the model ended it
  kStopString,  // see Generation::stop
  kLength,      // max_tokens
  kContext,     // the context is full
  kCancelled,   // by the callback or the stop token
};

ROCMFORGE_API std::string_view name_of(FinishReason reason);

struct GenerationStatistics {
  int prompt_tokens = 0;
  int cached_tokens = 0;  // of the prompt, which did not have to be computed
  int new_tokens = 0;
  int context_shifts = 0;
  double wait_seconds = 0;        // for a free place
  double prompt_seconds = 0;      // until the first token
  double generation_seconds = 0;  // for all tokens but the first
  double first_token_seconds() const { return wait_seconds + prompt_seconds; }
  double prompt_tokens_per_second() const;
  double tokens_per_second() const;
};

struct Generation {
  std::string text;
  std::string reasoning;
  std::vector<ToolCall> tool_calls;  // in chats with tools
  std::vector<GeneratedToken> tokens;
  FinishReason finish = FinishReason::kEnd;
  std::string stop;  // the stop string that ended it
  GenerationStatistics statistics;
  std::uint64_t seed = 0;  // with which the same comes again
};

enum class Pooling { kFromFile, kMean, kFirst, kLast };

struct EmbedOptions {
  Pooling pooling = Pooling::kFromFile;
  bool normalize = true;  // to the length 1
};

class ROCMFORGE_API Model {
 public:
  static Model load(const std::string& path, const LoadOptions& options = {});
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();  // as close()

  ModelInfo info() const;

  std::vector<std::int32_t> tokenize(std::string_view text, const TokenizeOptions& options = {}) const;
  std::string detokenize(std::span<const std::int32_t> tokens, bool special = true) const;

  // Continues a text as it stands, or its tokens, with which no tokenizer is needed.
  Generation generate(std::string_view prompt, const GenerationOptions& options = {}, const OnPiece& on_piece = {});
  Generation generate_from(std::span<const std::int32_t> prompt, const GenerationOptions& options = {},
                           const OnPiece& on_piece = {});

  // Answers the last message, by the model's chat template.
  Generation chat(std::span<const Message> messages, const ChatOptions& options = {}, const OnPiece& on_piece = {});

  std::vector<float> embed(std::string_view text, const EmbedOptions& options = {});
  // The Error that embed() would be for any text: a file that does not say how to pool, say.
  void check_embeds(const EmbedOptions& options = {}) const;

  // What the model's file recommends.
  SamplingOptions recommended_sampling() const;

  // Ends what is running with an error of the code kCancelled, and frees everything. What is asked afterwards is an
  // error.
  void close();

 private:
  struct State;
  struct Handle;
  explicit Model(std::shared_ptr<State> state);
  std::shared_ptr<State> open_state() const;

  std::unique_ptr<Handle> handle_;  // nullptr: moved from
};

}  // namespace rocmforge
