/* The C interface of ROCmForge: load a model, generate, chat, embed, tokenize.
 *
 *   rocmforge_model* model = NULL;
 *   if (rocmforge_load("model.gguf", NULL, &model) != ROCMFORGE_OK) {
 *     fprintf(stderr, "%s\n", rocmforge_last_error());
 *     return 1;
 *   }
 *   rocmforge_generate(model, "Once upon a time", NULL, print_piece, NULL, NULL);
 *   rocmforge_close(model);
 *
 * Every function that can fail returns a rocmforge_status. rocmforge_last_error() then returns the message, in the
 * thread that made the call. A handle may be used from several threads at once. A handle that is NULL, closed or
 * invalid causes an error, never a crash. Texts are UTF-8 and end with a zero byte. The caller frees what the library
 * returns with rocmforge_free(), and results with rocmforge_free_result(). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rocmforge/export.h"

/* NOLINTBEGIN(readability-identifier-naming): C naming */
#ifdef __cplusplus
extern "C" {
#endif

typedef enum rocmforge_status {
  ROCMFORGE_OK = 0,
  ROCMFORGE_ERROR_USAGE = 1,       /* an argument or option is invalid */
  ROCMFORGE_ERROR_NOT_FOUND = 2,   /* a file, key or name does not exist */
  ROCMFORGE_ERROR_IO = 3,          /* the operating system failed to read or write */
  ROCMFORGE_ERROR_MALFORMED = 4,   /* the content of a file or request is invalid */
  ROCMFORGE_ERROR_UNSUPPORTED = 5, /* valid, but this version cannot do it */
  ROCMFORGE_ERROR_TOO_LARGE = 6,   /* exceeds a limit */
  ROCMFORGE_ERROR_OUT_OF_MEMORY = 7,
  ROCMFORGE_ERROR_CANCELLED = 8, /* the model was closed during the call */
  ROCMFORGE_ERROR_INTERNAL = 9   /* a bug in ROCmForge */
} rocmforge_status;

/* Returns the message of the last call that failed in this thread, or "" if none has. The pointer is valid until the
 * next call in this thread. */
ROCMFORGE_API const char* rocmforge_last_error(void);
/* Returns advice on what to try after that error; may be "". The pointer is valid as long. */
ROCMFORGE_API const char* rocmforge_last_hint(void);

/* Returns the version, such as "1.2.3". */
ROCMFORGE_API const char* rocmforge_version(void);

/* Sets the least severe level that is logged to standard error: "trace", "debug", "info", "warning" (the default),
 * "error" or "off". */
ROCMFORGE_API rocmforge_status rocmforge_set_log_level(const char* level);

/* Frees memory that a function of this library returned. Does nothing if `memory` is NULL. */
ROCMFORGE_API void rocmforge_free(void* memory);

/* ---- Models ---- */

typedef struct rocmforge_model rocmforge_model;

/* Every options struct begins with its size, so that a later library can recognize structs of programs that were built
 * with this header. Get a struct from its ..._defaults() function and change the fields that should differ. A NULL
 * pointer to options means the defaults. */

typedef struct rocmforge_load_options {
  size_t struct_size;
  const char* device;          /* "auto", "cpu", "ref", "gpu" or "gpu:N" */
  const char* instruction_set; /* highest CPU instruction set to use; NULL: the best available */
  int32_t threads;             /* number of CPU threads; 0: one per physical core */
  int64_t context;             /* tokens per sequence; 0: the trained length, or less if memory is short */
  int32_t sequences;           /* generations that run at the same time, default 1; further ones wait */
  const char* key_type;        /* type of the keys in the KV cache: "F32", "F16", "BF16", "Q8_0" or "Q4_0" */
  const char* value_type;      /* type of the values in the KV cache; the same choices */
  int32_t preload;             /* nonzero: read the whole model while loading */
  int32_t lock;                /* nonzero: preload the model and lock it in memory */
} rocmforge_load_options;

ROCMFORGE_API rocmforge_load_options rocmforge_load_defaults(void);

/* Loads the GGUF file `path`. The caller closes *model with rocmforge_close(). On failure *model is NULL. */
ROCMFORGE_API rocmforge_status rocmforge_load(const char* path, const rocmforge_load_options* options,
                                              rocmforge_model** model);

/* Closes the model and frees its memory. Calls that are running on it return ROCMFORGE_ERROR_CANCELLED. */
ROCMFORGE_API rocmforge_status rocmforge_close(rocmforge_model* model);

/* Sets *context to the number of tokens per sequence, *vocabulary to the number of tokens in the vocabulary, and *width
 * to the length of an embedding before any projection. Each pointer may be NULL. */
ROCMFORGE_API rocmforge_status rocmforge_dimensions(rocmforge_model* model, int64_t* context, int32_t* vocabulary,
                                                    int32_t* width);

/* ---- Tokens ---- */

/* Converts `length` bytes of text to tokens. The caller frees *tokens.
 * add_special: nonzero adds BOS and other special tokens if the model expects them.
 * parse_special: nonzero recognizes the names of control tokens in the text; 0 treats them as text. */
ROCMFORGE_API rocmforge_status rocmforge_tokenize(rocmforge_model* model, const char* text, size_t length,
                                                  int32_t add_special, int32_t parse_special, int32_t** tokens,
                                                  size_t* count);
/* Converts tokens to text. *text has *length bytes and a zero byte; the caller frees it. `length` may be NULL. */
ROCMFORGE_API rocmforge_status rocmforge_detokenize(rocmforge_model* model, const int32_t* tokens, size_t count,
                                                    char** text, size_t* length);

/* ---- Generation ---- */

/* Marks a float option as not set: the model file's recommendation applies or, without one, the default. */
#define ROCMFORGE_UNSET (-1e30f)

typedef struct rocmforge_generation_options {
  size_t struct_size;
  int32_t max_tokens;      /* at most this many new tokens; -1: until the context is full */
  uint64_t seed;           /* used if has_seed is nonzero; otherwise every call uses a random seed */
  int32_t has_seed;        /* default 0 */
  float temperature;       /* ROCMFORGE_UNSET; 0: always the likeliest token */
  int32_t top_k;           /* -1: not set; 0: off */
  float top_p;             /* ROCMFORGE_UNSET; 1: off */
  float min_p;             /* ROCMFORGE_UNSET; 0: off */
  float repeat_penalty;    /* ROCMFORGE_UNSET; 1: off */
  float frequency_penalty; /* ROCMFORGE_UNSET; 0: off */
  float presence_penalty;  /* ROCMFORGE_UNSET; 0: off */
  const char* samplers;    /* the sampling stages in order, separated by ';'; NULL: not set */
  const char* const* stop; /* strings that end the generation */
  size_t stop_count;       /* number of strings in `stop` */
  int32_t context_shift;   /* nonzero: drop the older half of the context when it is full */
  int32_t thinking;        /* for chats: 0 no, 1 yes, -1 the default of the chat template */
} rocmforge_generation_options;

ROCMFORGE_API rocmforge_generation_options rocmforge_generation_defaults(void);

/* Receives new text as it is generated: whole characters, `length` bytes, without a zero byte at the end.
 * is_reasoning: nonzero if the text belongs to the reasoning before the answer. context: as passed by the caller.
 * Returns 0 to continue; any other value ends the generation. */
typedef int (*rocmforge_on_piece)(const char* text, size_t length, int is_reasoning, void* context);

typedef enum rocmforge_finish {
  ROCMFORGE_FINISH_END = 0,         /* the model ended its text */
  ROCMFORGE_FINISH_STOP_STRING = 1, /* a stop string appeared */
  ROCMFORGE_FINISH_LENGTH = 2,      /* max_tokens was reached */
  ROCMFORGE_FINISH_CONTEXT = 3,     /* the context is full */
  ROCMFORGE_FINISH_CANCELLED = 4    /* the callback ended the generation */
} rocmforge_finish;

typedef struct rocmforge_result {
  char* text; /* text_length bytes and a zero byte */
  size_t text_length;
  char* reasoning; /* reasoning_length bytes and a zero byte */
  size_t reasoning_length;
  rocmforge_finish finish;
  int32_t prompt_tokens;
  int32_t cached_tokens; /* tokens of the prompt that were already in the KV cache */
  int32_t new_tokens;
  double first_token_seconds; /* from the request to the first token, including the wait for a free sequence */
  double tokens_per_second;   /* of generation, without the first token; 0: fewer than two tokens */
  uint64_t seed;              /* the seed that was used */
} rocmforge_result;

/* Frees a result and its texts. Does nothing if `result` is NULL. */
ROCMFORGE_API void rocmforge_free_result(rocmforge_result* result);

/* Continues the prompt as plain text, without a chat template. on_piece and result may be NULL. `context` is passed to
 * on_piece. Blocks until the generation has ended. The caller frees *result with rocmforge_free_result(). */
ROCMFORGE_API rocmforge_status rocmforge_generate(rocmforge_model* model, const char* prompt,
                                                  const rocmforge_generation_options* options,
                                                  rocmforge_on_piece on_piece, void* context,
                                                  rocmforge_result** result);

typedef struct rocmforge_message {
  const char* role; /* "system", "user" or "assistant" */
  const char* content;
} rocmforge_message;

/* Generates a reply to a conversation of `count` messages, formatted with the model's chat template. Otherwise like
 * rocmforge_generate(). */
ROCMFORGE_API rocmforge_status rocmforge_chat(rocmforge_model* model, const rocmforge_message* messages, size_t count,
                                              const rocmforge_generation_options* options, rocmforge_on_piece on_piece,
                                              void* context, rocmforge_result** result);

/* ---- Embeddings ---- */

/* Computes the embedding of a text. The caller frees *vector, which has *count values.
 * pooling: "mean", "cls" or "last"; NULL means the model file's own.
 * normalize: nonzero scales the vector to length 1. */
ROCMFORGE_API rocmforge_status rocmforge_embed(rocmforge_model* model, const char* text, const char* pooling,
                                               int32_t normalize, float** vector, size_t* count);

#ifdef __cplusplus
}
#endif
/* NOLINTEND(readability-identifier-naming) */
