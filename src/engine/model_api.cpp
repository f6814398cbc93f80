// Implements the library's Model (include/rocmforge/model.h) with a file, its tokenizer and template, and the engine.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/conversation.h"
#include "engine/embedding.h"
#include "engine/engine.h"
#include "engine/generation.h"
#include "engine/load_options.h"
#include "engine/sampling.h"
#include "models/registry.h"
#include "rocmforge/model.h"

namespace rocmforge {
namespace {

using engine::GenerationJob;
using engine::kMostStops;
using engine::Request;
using engine::RunnerOptions;
using engine::Stream;

constexpr int kMostLogprobs = 100;
constexpr std::size_t kMostStopBytes = 1024;
constexpr int kStatesPerSequence = 4;

void check(const GenerationOptions& options) {
  if (options.max_tokens < -1 || options.max_tokens == 0) {
    throw error(ErrorCode::kUsage, "max_tokens: {}, expected 1 or more, or -1 for no limit", options.max_tokens);
  }
  if (options.top_logprobs < -1 || options.top_logprobs > kMostLogprobs) {
    throw error(ErrorCode::kUsage, "top_logprobs: {}, expected -1 to {}", options.top_logprobs, kMostLogprobs);
  }
  if (options.keep < 0) throw error(ErrorCode::kUsage, "keep: {}, expected 0 or more", options.keep);
  if (options.stop.size() > kMostStops) {
    throw error(ErrorCode::kUsage, "stop: {} texts, expected at most {}", options.stop.size(), kMostStops);
  }
  for (const std::string& stop : options.stop) {
    if (stop.empty() || stop.size() > kMostStopBytes || !is_valid_utf8(stop)) {
      throw error(ErrorCode::kUsage, "stop: '{}', expected 1 to {} bytes of UTF-8", printable(stop, 40),
                  kMostStopBytes);
    }
  }
}

// An encoder takes a whole text in one step. A decoder shares its steps among sequences.
RunnerOptions options_for(const gguf::File& file, const LoadOptions& wishes) {
  RunnerOptions options = engine::runner_options(wishes);
  options.gives_states = true;
  const models::DecoderSpec spec = models::describe(file).spec;
  if (spec.is_encoder()) {
    options.sequences = 1;
    if (options.context == 0) options.context = spec.context;
    options.step_tokens = static_cast<int>(options.context);
  } else {
    options.step_tokens = std::max(options.step_tokens, options.sequences);
    options.state_snapshots = kStatesPerSequence * options.sequences;
  }
  return options;
}

std::optional<text::Tokenizer> tokenizer_of(const gguf::File& file) {
  if (!file.metadata().contains(text::kTokensKey)) return std::nullopt;
  return text::Tokenizer(file.metadata());
}

}  // namespace

std::string_view version() { return ROCMFORGE_VERSION; }

void set_log_level(std::string_view level) { log::set_level(log::parse_level(level)); }

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEnd: return "end";
    case FinishReason::kStopString: return "stop string";
    case FinishReason::kLength: return "length";
    case FinishReason::kContext: return "context";
    case FinishReason::kCancelled: return "cancelled";
  }
  return "unknown";
}

double GenerationStatistics::prompt_tokens_per_second() const {
  return prompt_seconds > 0 ? (prompt_tokens - cached_tokens) / prompt_seconds : 0;
}

double GenerationStatistics::tokens_per_second() const {
  return new_tokens > 1 && generation_seconds > 0 ? (new_tokens - 1) / generation_seconds : 0;
}

struct Model::State {
  State(const std::string& path, const LoadOptions& options)
      : file(gguf::File::open(path)),
        tokenizer(tokenizer_of(file)),
        engine(file, options_for(file, options)),
        projections(file, spec().width) {
    recommended = engine::recommended_sampling(file.metadata(), spec().vocabulary);
    describe();
    file.check_intact();
  }

  const models::DecoderSpec& spec() const { return engine.runner().spec(); }

  void describe() {
    const engine::MemoryPlan& memory = engine.runner().memory();
    info.path = file.path();
    info.architecture = file.metadata().get<std::string>("general.architecture");
    info.name = file.metadata().find<std::string>("general.name").value_or("");
    info.description = spec().description;
    info.context = memory.context;
    // The library has no command-line options.
    info.context_reason = memory.context_reason == "--ctx" ? "as asked for" : memory.context_reason;
    info.trained_context = spec().context;
    info.vocabulary = spec().vocabulary;
    info.width = spec().width;
    info.has_tokenizer = tokenizer.has_value();
    info.has_chat_template = file.metadata().contains(text::kChatTemplateKey);
    info.can_generate = !spec().is_encoder();
    info.placement = engine.runner().plan().explain();
    info.weight_bytes = memory.weight_bytes;
    info.cache_bytes = memory.cache_bytes;
    info.work_bytes = memory.work_bytes;
    info.load_seconds = engine.runner().load_statistics().seconds;
  }

  const text::Tokenizer& needed_tokenizer() const {
    if (tokenizer) return *tokenizer;
    throw Error(ErrorCode::kUnsupported, fmt::format("{}: the file has no tokenizer", file.path()),
                "tokens can be given as numbers");
  }

  // Compiles the template on first use, so that a model with an invalid template can still be loaded.
  const text::ChatTemplate& needed_template() {
    const text::Tokenizer& words = needed_tokenizer();
    const std::lock_guard lock(template_mutex);
    if (!chat) {
      text::ChatTemplate compiled = text::ChatTemplate::of_model(file.metadata(), words.vocabulary());
      file.check_intact();
      chat.emplace(std::move(compiled));
    }
    return *chat;
  }

  void check_can_generate() const {
    if (info.can_generate) return;
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: {} is an encoder, which continues nothing", file.path(), spec().description),
                "it makes embeddings");
  }

  Pooling pooling_for(const EmbedOptions& options) const {
    needed_tokenizer();
    if (spec().encoder != nullptr) {
      throw error(ErrorCode::kUnsupported, "{}: {} answers texts and has no embeddings of them", file.path(),
                  spec().description);
    }
    return options.pooling == Pooling::kFromFile ? engine::pooling_of(file) : options.pooling;
  }

  Request request_for(std::vector<std::int32_t> prompt, const GenerationOptions& options) {
    check(options);
    Request request;
    request.prompt = std::move(prompt);
    request.sampling = engine::resolve_sampling(options.sampling, recommended, tokenizer ? &*tokenizer : nullptr,
                                                spec().vocabulary, breakers);
    request.ignores_ends = options.sampling.ignore_eos;
    request.max_tokens = options.max_tokens;
    request.stop = options.stop;
    request.top_logprobs = options.top_logprobs;
    request.shifts_context = options.context_shift;
    request.keep = options.keep;
    return request;
  }

  void submit(Request request, std::shared_ptr<Stream> stream) {
    const text::Tokenizer* words = tokenizer ? &*tokenizer : nullptr;
    engine.submit(std::make_unique<GenerationJob>(std::move(request), engine.runner(), words, engine.sampling_space(),
                                                  std::move(stream)));
  }

  // The order matters for destruction: the engine's jobs use the tokenizer, and everything reads the file.
  const gguf::File file;
  const std::optional<text::Tokenizer> tokenizer;
  engine::Engine engine;
  const engine::Projections projections;
  SamplingOptions recommended;
  engine::DryBreakers breakers;
  ModelInfo info;
  std::mutex template_mutex;
  std::optional<text::ChatTemplate> chat;  // under template_mutex until it is there
};

namespace {

// Reads a generation to its end and passes its pieces to the callback: plain text or, with a parser, parsed text.
// Created before the request is submitted, so that a request that is already cancelled never begins.
class Reader {
 public:
  Reader(std::shared_ptr<Stream> stream, const std::stop_token& cancel, const OnPiece& on_piece,
         text::ReplyParser* parser)
      : stream_(std::move(stream)), on_cancel_(cancel, Cancel{*stream_}), on_piece_(on_piece), parser_(parser) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { stream_->cancel(); }

  Generation read() {
    Stream::News news;
    do {
      stream_->take(news);
      if (!refused_) hand_out(news);
    } while (!news.outcome);
    generation_.finish = refused_ ? FinishReason::kCancelled : news.outcome->reason;
    generation_.stop = std::move(news.outcome->stop);
    generation_.statistics = news.outcome->statistics;
    return std::move(generation_);
  }

 private:
  struct Cancel {
    Stream& stream;
    void operator()() const { stream.cancel(); }
  };

  void hand_out(Stream::News& news) {
    events_.clear();
    if (parser_ != nullptr) {
      parser_->feed(news.text, events_);
      if (news.outcome) parser_->finish(events_);
    } else if (!news.text.empty()) {
      events_.push_back({.kind = text::ReplyEvent::Kind::kText, .text = std::move(news.text), .name = {}, .id = {}});
    }
    std::span<const GeneratedToken> tokens = news.tokens;
    for (const text::ReplyEvent& event : events_) {
      if (refused_) break;
      if (keep_call(event)) continue;
      const bool is_reasoning = event.kind == text::ReplyEvent::Kind::kReasoning;
      (is_reasoning ? generation_.reasoning : generation_.text) += event.text;
      give(is_reasoning ? Piece{.text = {}, .reasoning = event.text, .tokens = tokens}
                        : Piece{.text = event.text, .reasoning = {}, .tokens = tokens});
      tokens = {};
    }
    if (!tokens.empty()) give({.text = {}, .reasoning = {}, .tokens = tokens});
    std::ranges::move(news.tokens, std::back_inserter(generation_.tokens));
  }

  // Collects tool calls, which are returned complete at the end. Returns false if the event does not belong to a call.
  bool keep_call(const text::ReplyEvent& event) {
    using Kind = text::ReplyEvent::Kind;
    std::vector<ToolCall>& calls = generation_.tool_calls;
    switch (event.kind) {
      case Kind::kText:
      case Kind::kReasoning: return false;
      case Kind::kCallBegin: calls.push_back({event.id, event.name, {}}); break;
      case Kind::kCallArguments: calls.back().arguments += event.text; break;
      case Kind::kCallEnd: break;
      case Kind::kCallWithdrawn: calls.pop_back(); break;
    }
    return true;
  }

  void give(const Piece& piece) {
    if (!on_piece_ || on_piece_(piece)) return;
    refused_ = true;
    stream_->cancel();
  }

  std::shared_ptr<Stream> stream_;
  std::stop_callback<Cancel> on_cancel_;
  const OnPiece& on_piece_;
  text::ReplyParser* parser_;
  std::vector<text::ReplyEvent> events_;
  bool refused_ = false;  // the callback returned false; later output is dropped
  Generation generation_;
};

// State is Model::State, which only members of Model can name.
template <typename State>
Generation read_all(State& state, Request request, const GenerationOptions& options, const OnPiece& on_piece,
                    text::ReplyParser* parser) {
  const std::uint64_t seed = request.sampling.seed;
  const auto stream = std::make_shared<Stream>();
  Reader reader(stream, options.cancel, on_piece, parser);
  state.submit(std::move(request), stream);
  Generation generation = reader.read();
  generation.seed = seed;
  return generation;
}

}  // namespace

// Running calls share ownership of the state, so that the model can be closed during a call.
struct Model::Handle {
  std::mutex mutex;
  std::shared_ptr<State> state;  // under mutex; nullptr: closed
};

Model::Model(std::shared_ptr<State> state) : handle_(std::make_unique<Handle>()) { handle_->state = std::move(state); }
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&& other) noexcept {
  if (this != &other) {
    close();
    handle_ = std::move(other.handle_);
  }
  return *this;
}
Model::~Model() { close(); }

Model Model::load(const std::string& path, const LoadOptions& options) {
  return Model(std::make_shared<State>(path, options));
}

std::shared_ptr<Model::State> Model::open_state() const {
  std::shared_ptr<State> state;
  if (handle_) {
    const std::lock_guard lock(handle_->mutex);
    state = handle_->state;
  }
  if (!state) throw Error(ErrorCode::kUsage, "the model is closed");
  return state;
}

ModelInfo Model::info() const { return open_state()->info; }

SamplingOptions Model::recommended_sampling() const { return open_state()->recommended; }

void Model::close() {
  if (!handle_) return;
  std::shared_ptr<State> state;
  {
    const std::lock_guard lock(handle_->mutex);
    state = std::move(handle_->state);
  }
  if (state) state->engine.close();
}

std::vector<std::int32_t> Model::tokenize(std::string_view text, const TokenizeOptions& options) const {
  const auto add_special = options.add_special ? text::AddSpecial::kYes : text::AddSpecial::kNo;
  return open_state()->needed_tokenizer().encode(text,
                                                 {.add_special = add_special, .parse_special = options.parse_special});
}

std::string Model::detokenize(std::span<const std::int32_t> tokens, bool special) const {
  return open_state()->needed_tokenizer().decode(tokens, special);
}

Generation Model::generate(std::string_view prompt, const GenerationOptions& options, const OnPiece& on_piece) {
  const auto state = open_state();
  state->check_can_generate();
  std::vector<std::int32_t> tokens =
      state->needed_tokenizer().encode(prompt, {.add_special = text::AddSpecial::kPrompt, .parse_special = true});
  if (tokens.empty()) throw error(ErrorCode::kUsage, "the prompt is empty, and the model has no token to begin with");
  return generate_from(tokens, options, on_piece);
}

Generation Model::generate_from(std::span<const std::int32_t> prompt, const GenerationOptions& options,
                                const OnPiece& on_piece) {
  const auto state = open_state();
  state->check_can_generate();
  if (prompt.empty()) throw error(ErrorCode::kUsage, "the prompt has no tokens");
  Request request = state->request_for({prompt.begin(), prompt.end()}, options);
  return read_all(*state, std::move(request), options, on_piece, nullptr);
}

Generation Model::chat(std::span<const Message> messages, const ChatOptions& options, const OnPiece& on_piece) {
  const auto state = open_state();
  state->check_can_generate();
  engine::ChatPrompt prompt = engine::prompt_of(messages, options, state->needed_template(), state->needed_tokenizer());
  Request request = state->request_for(std::move(prompt.tokens), options);
  request.end_strings = std::move(prompt.stops);
  request.printed_controls = std::move(prompt.printed_controls);
  request.keep = std::max(request.keep, prompt.keep);
  return read_all(*state, std::move(request), options, on_piece, prompt.parser.get());
}

void Model::check_embeds(const EmbedOptions& options) const { open_state()->pooling_for(options); }

std::vector<float> Model::embed(std::string_view text, const EmbedOptions& options) {
  const auto state = open_state();
  const Pooling pooling = state->pooling_for(options);
  std::vector<std::int32_t> tokens = state->needed_tokenizer().encode(text);
  const auto pooled = std::make_shared<engine::PooledStates>();
  state->engine.submit(
      std::make_unique<engine::EmbeddingJob>(std::move(tokens), pooling, state->engine.runner(), pooled));
  std::vector<float> vector = state->projections.project(pooled->take());
  if (!std::ranges::all_of(vector, [](float value) { return std::isfinite(value); })) {
    throw error(ErrorCode::kMalformed, "{}: the embedding is not of finite numbers: the model is damaged",
                state->file.path());
  }
  if (options.normalize) engine::normalize(vector);
  return vector;
}

}  // namespace rocmforge
