// A language model, loaded from a GGUF file. It continues texts, answers conversations and computes embeddings.
//
//   rocmforge::Model model = rocmforge::Model::load("model.gguf");
//   const std::vector<rocmforge::Message> messages = {{rocmforge::Role::kUser, "Why is the sky blue?"}};
//   model.chat(messages, {}, [](const rocmforge::Piece& piece) {
//     std::cout << piece.text << std::flush;
//     return true;
//   });
//
// Functions throw rocmforge::Error if they fail. All members of a Model may be called from several threads at once.
// Generations then run side by side, and the result of one does not depend on the others.
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

// Returns the library's version, such as "1.2.3".
ROCMFORGE_API std::string_view version();

// Sets the least severe level that is logged to standard error: trace, debug, info, warning (the default), error or
// off.
ROCMFORGE_API void set_log_level(std::string_view level);

struct LoadProgress {
  std::uint64_t done = 0;   // bytes
  std::uint64_t total = 0;  // bytes
  std::string_view what;    // what is being done, such as "reading"
};

struct LoadOptions {
  std::string device = "auto";       // auto, cpu, ref, gpu or gpu:N
  std::string instruction_set = {};  // highest CPU instruction set to use; empty: the best available
  int threads = 0;                   // number of CPU threads; 0: one per physical core
  std::int64_t context = 0;          // tokens per sequence; 0: the trained length, or less if memory is short
  int sequences = 1;                 // generations that run at the same time; further ones wait
  std::string key_type = "F16";      // type of the keys in the KV cache: F32, F16, BF16, Q8_0 or Q4_0
  std::string value_type = "F16";    // type of the values in the KV cache; the same choices
  bool preload = false;              // read the whole model while loading
  bool lock = false;                 // preload the model and lock it in memory
  std::function<void(const LoadProgress&)> on_progress = {};
};

struct ModelInfo {
  std::string path;
  std::string architecture;
  std::string name;                  // from the file; may be empty
  std::string description;           // of the architecture
  std::int64_t context = 0;          // tokens per sequence
  std::string context_reason;        // "the trained length", "as much as fits in 3.1 GiB", "as asked for"
  std::int64_t trained_context = 0;  // 0: unlimited
  int vocabulary = 0;                // number of tokens in the vocabulary
  int width = 0;                     // length of an embedding, before any projection in the file
  bool has_tokenizer = false;
  bool has_chat_template = false;      // the file has a chat template; otherwise ChatML is used
  bool can_generate = false;           // false for encoders
  std::vector<std::string> placement;  // which device runs which layers, and why
  std::uint64_t weight_bytes = 0;
  std::uint64_t cache_bytes = 0;  // KV cache, with the states of recurrent layers
  std::uint64_t work_bytes = 0;   // activations and other working memory
  double load_seconds = 0;
};

struct TokenizeOptions {
  bool add_special = true;     // add BOS and other special tokens if the model expects them
  bool parse_special = false;  // recognize the names of control tokens in the text
};

enum class Role { kSystem, kUser, kAssistant, kTool };

// The assistant's request to call a tool.
struct ToolCall {
  std::string id = {};
  std::string name = {};
  std::string arguments = {};  // a JSON object
};

struct Message {
  Role role = Role::kUser;
  std::string content = {};               // for kTool: the tool's result
  std::string reasoning = {};             // for kAssistant
  std::vector<ToolCall> tool_calls = {};  // for kAssistant
  std::string tool_call_id = {};          // for kTool: the id of the call that it answers
};

// A tool that the assistant may ask to call. The program makes the call and returns the result in a message with role
// kTool.
struct Tool {
  std::string name = {};
  std::string description = {};
  std::string parameters = {};  // JSON schema of the arguments; empty: any JSON object
};

struct TokenProbability {
  std::int32_t token = 0;
  float logprob = 0;  // natural logarithm of the model's own probability, before any sampling stage
};

struct GeneratedToken {
  std::int32_t token = 0;
  float logprob = 0;                        // only if top_logprobs >= 0
  std::vector<TokenProbability> likeliest;  // the top_logprobs likeliest tokens
};

// New output of a generation. Texts are whole UTF-8 characters. Text that may be the beginning of a stop string is held
// back until it is certain.
struct Piece {
  std::string_view text;
  std::string_view reasoning;              // reasoning before the answer; in chats only
  std::span<const GeneratedToken> tokens;  // tokens since the last piece; their text may come later or be empty
};
// Receives every piece. Returning false ends the generation within a step.
using OnPiece = std::function<bool(const Piece&)>;

struct GenerationOptions {
  int max_tokens = -1;  // at most this many new tokens; -1: until the context is full
  SamplingOptions sampling = {};
  std::vector<std::string> stop = {};  // strings that end the generation; the text ends before them
  int top_logprobs = -1;               // 0 to 100: log probabilities of each token and this many others; -1: none
  // If true, a full context drops its older half, except the first `keep` tokens of the prompt (in chats at least the
  // system message), and computes the rest again. If false, a full context ends the generation.
  bool context_shift = false;
  int keep = 0;
  // A stop request ends the generation within a step, also while it waits or its prompt is computed.
  std::stop_token cancel = {};
};

struct ChatOptions : GenerationOptions {
  std::vector<Tool> tools = {};
  std::optional<bool> thinking;  // reason before answering, if the template has a choice; unset: its default
  bool continue_last = false;    // continue the last message, which must be the assistant's
};

enum class FinishReason {
  kEnd,         // the model ended its text
  kStopString,  // a stop string appeared; see Generation::stop
  kLength,      // max_tokens was reached
  kContext,     // the context is full
  kCancelled,   // by the callback or the stop token
};

// Returns the reason's name: "end", "stop string", "length", "context" or "cancelled".
ROCMFORGE_API std::string_view name_of(FinishReason reason);

struct GenerationStatistics {
  int prompt_tokens = 0;
  int cached_tokens = 0;  // tokens of the prompt that were already in the KV cache
  int new_tokens = 0;
  int context_shifts = 0;
  double wait_seconds = 0;        // until a sequence was free
  double prompt_seconds = 0;      // from then to the first token
  double generation_seconds = 0;  // from the first token to the last
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
  std::string stop;  // the stop string that ended the generation
  GenerationStatistics statistics;
  std::uint64_t seed = 0;  // the seed that was used; the same seed gives the same result
};

enum class Pooling { kFromFile, kMean, kFirst, kLast };

struct EmbedOptions {
  Pooling pooling = Pooling::kFromFile;
  bool normalize = true;  // scale the vector to length 1
};

class ROCMFORGE_API Model {
 public:
  // Loads a GGUF file.
  static Model load(const std::string& path, const LoadOptions& options = {});
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();  // calls close()

  ModelInfo info() const;

  std::vector<std::int32_t> tokenize(std::string_view text, const TokenizeOptions& options = {}) const;
  // special: whether the names of control tokens are part of the text.
  std::string detokenize(std::span<const std::int32_t> tokens, bool special = true) const;

  // Continues the prompt as plain text, without a chat template. Blocks until the generation has ended.
  Generation generate(std::string_view prompt, const GenerationOptions& options = {}, const OnPiece& on_piece = {});
  // Continues a prompt given as tokens. The model needs no tokenizer.
  Generation generate_from(std::span<const std::int32_t> prompt, const GenerationOptions& options = {},
                           const OnPiece& on_piece = {});

  // Generates a reply to a conversation, formatted with the model's chat template. Blocks until the reply has ended.
  Generation chat(std::span<const Message> messages, const ChatOptions& options = {}, const OnPiece& on_piece = {});

  // Computes the embedding of a text.
  std::vector<float> embed(std::string_view text, const EmbedOptions& options = {});
  // Throws the Error that embed() would throw for every text, for example because the file names no pooling.
  void check_embeds(const EmbedOptions& options = {}) const;

  // Returns the sampling options that the model's file recommends.
  SamplingOptions recommended_sampling() const;

  // Frees the model's memory. Calls that are running throw an Error with code kCancelled; later calls throw one with
  // code kUsage.
  void close();

 private:
  struct State;
  struct Handle;
  explicit Model(std::shared_ptr<State> state);
  std::shared_ptr<State> open_state() const;

  std::unique_ptr<Handle> handle_;  // nullptr after a move
};

}  // namespace rocmforge
