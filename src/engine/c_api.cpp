// Implements the C API (include/rocmforge/c_api.h) with the C++ API.
//
// A handle is a number in the form of a pointer. It is looked up and never dereferenced, so an invalid handle only
// causes an error. No exception leaves a function.
#include "rocmforge/c_api.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "engine/request.h"
#include "rocmforge/model.h"

namespace {

using rocmforge::Error;
using rocmforge::error;
using rocmforge::ErrorCode;
using rocmforge::Model;
using rocmforge::engine::kMostStops;

constexpr std::size_t kMostMessages = std::size_t{1} << 16;

// The open models by their handles. Numbers are not reused, so a closed handle stays invalid.
class Handles {
 public:
  rocmforge_model* add(std::shared_ptr<Model> model) {
    const std::lock_guard lock(mutex_);
    // Numbers are odd, so that none is the address of an object.
    const std::uintptr_t number = next_;
    next_ += 2;
    models_.emplace(number, std::move(model));
    return reinterpret_cast<rocmforge_model*>(number);
  }
  std::shared_ptr<Model> find(const rocmforge_model* handle) {
    const std::lock_guard lock(mutex_);
    const auto found = models_.find(number_of(handle));
    if (found == models_.end()) throw wrong(handle);
    return found->second;
  }
  std::shared_ptr<Model> take(const rocmforge_model* handle) {
    const std::lock_guard lock(mutex_);
    const auto found = models_.find(number_of(handle));
    if (found == models_.end()) throw wrong(handle);
    std::shared_ptr<Model> model = std::move(found->second);
    models_.erase(found);
    return model;
  }

 private:
  static std::uintptr_t number_of(const rocmforge_model* handle) { return reinterpret_cast<std::uintptr_t>(handle); }
  static Error wrong(const rocmforge_model* handle) {
    return handle == nullptr ? Error(ErrorCode::kUsage, "the model is NULL")
                             : Error(ErrorCode::kUsage, "the model is closed, or no handle of this library");
  }

  std::mutex mutex_;
  std::unordered_map<std::uintptr_t, std::shared_ptr<Model>> models_;  // under mutex_
  std::uintptr_t next_ = 1;                                            // under mutex_
};

// C callers have no object that could own the models. Never destroyed, because threads may still call while the program
// exits.
Handles& handles() {
  static Handles* const instance = std::make_unique<Handles>().release();
  return *instance;
}

struct LastError {
  std::string message;
  std::string hint;
};
thread_local LastError last_error;

rocmforge_status status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage: return ROCMFORGE_ERROR_USAGE;
    case ErrorCode::kNotFound: return ROCMFORGE_ERROR_NOT_FOUND;
    case ErrorCode::kIo: return ROCMFORGE_ERROR_IO;
    case ErrorCode::kMalformed: return ROCMFORGE_ERROR_MALFORMED;
    case ErrorCode::kUnsupported: return ROCMFORGE_ERROR_UNSUPPORTED;
    case ErrorCode::kTooLarge: return ROCMFORGE_ERROR_TOO_LARGE;
    case ErrorCode::kOutOfMemory: return ROCMFORGE_ERROR_OUT_OF_MEMORY;
    case ErrorCode::kCancelled: return ROCMFORGE_ERROR_CANCELLED;
    case ErrorCode::kInternal: return ROCMFORGE_ERROR_INTERNAL;
  }
  return ROCMFORGE_ERROR_INTERNAL;
}

rocmforge_status failed(rocmforge_status status, std::string_view message, std::string_view hint = {}) noexcept {
  try {
    last_error.message = message;
    last_error.hint = hint;
  } catch (const std::bad_alloc&) {
    last_error.message.clear();
    last_error.hint.clear();
  }
  return status;
}

template <typename Work>
rocmforge_status guarded(Work work) noexcept {
  try {
    work();
    return ROCMFORGE_OK;
  } catch (const Error& error) {
    return failed(status_of(error.code()), error.message(), error.hint());
  } catch (const std::bad_alloc&) {
    return failed(ROCMFORGE_ERROR_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return failed(ROCMFORGE_ERROR_INTERNAL, error.what());
  } catch (...) {
    return failed(ROCMFORGE_ERROR_INTERNAL, "an exception of a foreign kind");
  }
}

template <typename T>
T& needed(T* pointer, std::string_view name) {
  if (pointer == nullptr) throw error(ErrorCode::kUsage, "{} is NULL", name);
  return *pointer;
}
std::string_view needed_text(const char* text, std::string_view name) { return &needed(text, name); }
std::string text_or(const char* text, const char* otherwise) { return text != nullptr ? text : otherwise; }

// A later version with more fields must accept the sizes of all earlier versions and no others, because a struct of
// another size could end within a pointer.
template <typename Options>
Options options_from(const Options* given, const Options& defaults, std::string_view name) {
  if (given == nullptr) return defaults;
  if (given->struct_size == sizeof(Options)) return *given;
  throw error(ErrorCode::kUsage, "{}: struct_size is {}, expected {}; get the struct from its defaults", name,
              given->struct_size, sizeof(Options));
}

template <typename T>
T* copied(const T* values, std::size_t count) {
  auto* memory = static_cast<T*>(std::malloc(std::max<std::size_t>(count * sizeof(T), 1)));
  if (memory == nullptr) throw std::bad_alloc();
  if (count > 0) std::memcpy(memory, values, count * sizeof(T));
  return memory;
}
char* copied_text(const std::string& text) { return copied(text.c_str(), text.size() + 1); }

rocmforge::LoadOptions load_options_of(const rocmforge_load_options& options) {
  rocmforge::LoadOptions load;
  load.device = text_or(options.device, "auto");
  load.instruction_set = text_or(options.instruction_set, "");
  load.threads = options.threads;
  load.context = options.context;
  load.sequences = options.sequences;
  load.key_type = text_or(options.key_type, "F16");
  load.value_type = text_or(options.value_type, "F16");
  load.preload = options.preload != 0;
  load.lock = options.lock != 0;
  return load;
}

void set(float value, std::optional<float>& into) {
  if (value != ROCMFORGE_UNSET) into = value;
}

rocmforge::ChatOptions generation_options_of(const rocmforge_generation_options& given) {
  rocmforge::ChatOptions options;
  options.max_tokens = given.max_tokens;
  if (given.has_seed != 0) options.sampling.seed = given.seed;
  set(given.temperature, options.sampling.temperature);
  if (given.top_k >= 0) options.sampling.top_k = given.top_k;
  set(given.top_p, options.sampling.top_p);
  set(given.min_p, options.sampling.min_p);
  set(given.repeat_penalty, options.sampling.repeat_penalty);
  set(given.frequency_penalty, options.sampling.frequency_penalty);
  set(given.presence_penalty, options.sampling.presence_penalty);
  if (given.samplers != nullptr) options.sampling.samplers = given.samplers;
  if (given.stop_count > 0) needed(given.stop, "options->stop");
  if (given.stop_count > kMostStops) {
    throw error(ErrorCode::kUsage, "stop_count is {}, expected at most {}", given.stop_count, kMostStops);
  }
  for (std::size_t i = 0; i < given.stop_count; ++i)
    options.stop.emplace_back(needed_text(given.stop[i], "a stop text"));
  options.context_shift = given.context_shift != 0;
  if (given.thinking >= 0) options.thinking = given.thinking != 0;
  return options;
}

rocmforge::OnPiece piece_function(rocmforge_on_piece on_piece, void* context) {
  if (on_piece == nullptr) return {};
  return [on_piece, context](const rocmforge::Piece& piece) {
    const bool is_reasoning = !piece.reasoning.empty();
    const std::string_view text = is_reasoning ? piece.reasoning : piece.text;
    return text.empty() || on_piece(text.data(), text.size(), is_reasoning ? 1 : 0, context) == 0;
  };
}

rocmforge_finish finish_of(rocmforge::FinishReason reason) {
  switch (reason) {
    case rocmforge::FinishReason::kEnd: return ROCMFORGE_FINISH_END;
    case rocmforge::FinishReason::kStopString: return ROCMFORGE_FINISH_STOP_STRING;
    case rocmforge::FinishReason::kLength: return ROCMFORGE_FINISH_LENGTH;
    case rocmforge::FinishReason::kContext: return ROCMFORGE_FINISH_CONTEXT;
    case rocmforge::FinishReason::kCancelled: break;
  }
  return ROCMFORGE_FINISH_CANCELLED;
}

struct FreeResult {
  void operator()(rocmforge_result* result) const { rocmforge_free_result(result); }
};

void give(const rocmforge::Generation& generation, rocmforge_result** result) {
  if (result == nullptr) return;
  const rocmforge_result plain = {.text = nullptr,
                                  .text_length = generation.text.size(),
                                  .reasoning = nullptr,
                                  .reasoning_length = generation.reasoning.size(),
                                  .finish = finish_of(generation.finish),
                                  .prompt_tokens = generation.statistics.prompt_tokens,
                                  .cached_tokens = generation.statistics.cached_tokens,
                                  .new_tokens = generation.statistics.new_tokens,
                                  .first_token_seconds = generation.statistics.first_token_seconds(),
                                  .tokens_per_second = generation.statistics.tokens_per_second(),
                                  .seed = generation.seed};
  std::unique_ptr<rocmforge_result, FreeResult> given(copied(&plain, 1));
  given->text = copied_text(generation.text);
  given->reasoning = copied_text(generation.reasoning);
  *result = given.release();
}

rocmforge::Message message_of(const rocmforge_message& message) {
  const std::string_view role = needed_text(message.role, "a message's role");
  const std::string content(needed_text(message.content, "a message's content"));
  if (role == "system") return {rocmforge::Role::kSystem, content};
  if (role == "user") return {rocmforge::Role::kUser, content};
  if (role == "assistant") return {rocmforge::Role::kAssistant, content};
  throw error(ErrorCode::kUsage, "a message's role is '{}', expected system, user or assistant",
              rocmforge::printable(role, 40));
}

rocmforge::Pooling pooling_of(const char* name) {
  if (name == nullptr) return rocmforge::Pooling::kFromFile;
  const std::string_view pooling = name;
  if (pooling == "mean") return rocmforge::Pooling::kMean;
  if (pooling == "cls") return rocmforge::Pooling::kFirst;
  if (pooling == "last") return rocmforge::Pooling::kLast;
  throw error(ErrorCode::kUsage, "pooling is '{}', expected mean, cls or last", rocmforge::printable(pooling, 40));
}

}  // namespace

const char* rocmforge_last_error(void) { return last_error.message.c_str(); }
const char* rocmforge_last_hint(void) { return last_error.hint.c_str(); }
const char* rocmforge_version(void) { return rocmforge::version().data(); }

rocmforge_status rocmforge_set_log_level(const char* level) {
  return guarded([&] { rocmforge::set_log_level(needed_text(level, "level")); });
}

void rocmforge_free(void* memory) { std::free(memory); }

void rocmforge_free_result(rocmforge_result* result) {
  if (result == nullptr) return;
  std::free(result->text);
  std::free(result->reasoning);
  std::free(result);
}

rocmforge_load_options rocmforge_load_defaults(void) {
  return {.struct_size = sizeof(rocmforge_load_options),
          .device = "auto",
          .instruction_set = nullptr,
          .threads = 0,
          .context = 0,
          .sequences = 1,
          .key_type = "F16",
          .value_type = "F16",
          .preload = 0,
          .lock = 0};
}

rocmforge_status rocmforge_load(const char* path, const rocmforge_load_options* options, rocmforge_model** model) {
  return guarded([&] {
    needed(model, "model") = nullptr;
    const std::string file(needed_text(path, "path"));
    const auto load = options_from(options, rocmforge_load_defaults(), "rocmforge_load_options");
    *model = handles().add(std::make_shared<Model>(Model::load(file, load_options_of(load))));
  });
}

rocmforge_status rocmforge_close(rocmforge_model* model) {
  return guarded([&] { handles().take(model)->close(); });
}

rocmforge_status rocmforge_dimensions(rocmforge_model* model, int64_t* context, int32_t* vocabulary, int32_t* width) {
  return guarded([&] {
    const rocmforge::ModelInfo info = handles().find(model)->info();
    if (context != nullptr) *context = info.context;
    if (vocabulary != nullptr) *vocabulary = info.vocabulary;
    if (width != nullptr) *width = info.width;
  });
}

rocmforge_status rocmforge_tokenize(rocmforge_model* model, const char* text, size_t length, int32_t add_special,
                                    int32_t parse_special, int32_t** tokens, size_t* count) {
  return guarded([&] {
    needed(tokens, "tokens") = nullptr;
    needed(count, "count") = 0;
    if (length > 0) needed(text, "text");
    const std::vector<std::int32_t> ids = handles().find(model)->tokenize(
        {text, length}, {.add_special = add_special != 0, .parse_special = parse_special != 0});
    *tokens = copied(ids.data(), ids.size());
    *count = ids.size();
  });
}

rocmforge_status rocmforge_detokenize(rocmforge_model* model, const int32_t* tokens, size_t count, char** text,
                                      size_t* length) {
  return guarded([&] {
    needed(text, "text") = nullptr;
    if (count > 0) needed(tokens, "tokens");
    const std::string words = handles().find(model)->detokenize({tokens, count});
    *text = copied_text(words);
    if (length != nullptr) *length = words.size();
  });
}

rocmforge_generation_options rocmforge_generation_defaults(void) {
  return {.struct_size = sizeof(rocmforge_generation_options),
          .max_tokens = -1,
          .seed = 0,
          .has_seed = 0,
          .temperature = ROCMFORGE_UNSET,
          .top_k = -1,
          .top_p = ROCMFORGE_UNSET,
          .min_p = ROCMFORGE_UNSET,
          .repeat_penalty = ROCMFORGE_UNSET,
          .frequency_penalty = ROCMFORGE_UNSET,
          .presence_penalty = ROCMFORGE_UNSET,
          .samplers = nullptr,
          .stop = nullptr,
          .stop_count = 0,
          .context_shift = 0,
          .thinking = -1};
}

rocmforge_status rocmforge_generate(rocmforge_model* model, const char* prompt,
                                    const rocmforge_generation_options* options, rocmforge_on_piece on_piece,
                                    void* context, rocmforge_result** result) {
  return guarded([&] {
    if (result != nullptr) *result = nullptr;
    const auto given = options_from(options, rocmforge_generation_defaults(), "rocmforge_generation_options");
    give(handles().find(model)->generate(needed_text(prompt, "prompt"), generation_options_of(given),
                                         piece_function(on_piece, context)),
         result);
  });
}

rocmforge_status rocmforge_chat(rocmforge_model* model, const rocmforge_message* messages, size_t count,
                                const rocmforge_generation_options* options, rocmforge_on_piece on_piece, void* context,
                                rocmforge_result** result) {
  return guarded([&] {
    if (result != nullptr) *result = nullptr;
    if (count > 0) needed(messages, "messages");
    if (count > kMostMessages) {
      throw error(ErrorCode::kUsage, "{} messages, expected at most {}", count, kMostMessages);
    }
    std::vector<rocmforge::Message> conversation;
    for (std::size_t i = 0; i < count; ++i) conversation.push_back(message_of(messages[i]));
    const auto given = options_from(options, rocmforge_generation_defaults(), "rocmforge_generation_options");
    give(handles().find(model)->chat(conversation, generation_options_of(given), piece_function(on_piece, context)),
         result);
  });
}

rocmforge_status rocmforge_embed(rocmforge_model* model, const char* text, const char* pooling, int32_t normalize,
                                 float** vector, size_t* count) {
  return guarded([&] {
    needed(vector, "vector") = nullptr;
    needed(count, "count") = 0;
    const rocmforge::EmbedOptions options{.pooling = pooling_of(pooling), .normalize = normalize != 0};
    const std::vector<float> values = handles().find(model)->embed(needed_text(text, "text"), options);
    *vector = copied(values.data(), values.size());
    *count = values.size();
  });
}
