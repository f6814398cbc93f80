/* ROCmForge for C, and for whatever calls C: load a model, generate, chat, embed, tokenize.
 *
 *   rocmforge_model* model = NULL;
 *   if (rocmforge_load("model.gguf", NULL, &model) != ROCMFORGE_OK) {
 *     fprintf(stderr, "%s\n", rocmforge_last_error());
 *     return 1;
 *   }
 *   rocmforge_generate(model, "Once upon a time", NULL, print_piece, NULL, NULL);
 *   rocmforge_close(model);
 *
 * Every function that can fail returns a rocmforge_status; what went wrong is told by rocmforge_last_error(), in the
 * thread that made the call. Handles may be used from several threads. One that is wrong, NULL or closed is an error,
 * never a crash. Texts are UTF-8 and end with a zero byte; what the library gives out is freed by rocmforge_free(). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rocmforge/export.h"

/* NOLINTBEGIN(readability-identifier-naming): names as C has them */
#ifdef __cplusplus
extern "C" {
#endif

typedef enum rocmforge_status {
  ROCMFORGE_OK = 0,
  ROCMFORGE_ERROR_USAGE = 1,       /* the caller asked for something that makes no sense */
  ROCMFORGE_ERROR_NOT_FOUND = 2,   /* a file, key or name does not exist */
  ROCMFORGE_ERROR_IO = 3,          /* the operating system refused to read or write */
  ROCMFORGE_ERROR_MALFORMED = 4,   /* a file's or a request's content is wrong */
  ROCMFORGE_ERROR_UNSUPPORTED = 5, /* sound, but not something this version can do */
  ROCMFORGE_ERROR_TOO_LARGE = 6,   /* beyond a limit */
  ROCMFORGE_ERROR_OUT_OF_MEMORY = 7,
  ROCMFORGE_ERROR_CANCELLED = 8, /* the model was closed meanwhile */
  ROCMFORGE_ERROR_INTERNAL = 9   /* a bug in ROCmForge */
} rocmforge_status;

/* Of the last call in this thread that failed; empty before. Valid until the thread's next call. */
ROCMFORGE_API const char* rocmforge_last_error(void);
/* What to try; may be empty. */
ROCMFORGE_API const char* rocmforge_last_hint(void);

/* As in "1.2.3". */
ROCMFORGE_API const char* rocmforge_version(void);

/* What is worth a line on standard error: "debug", "info", "warning" (unless set), "error" or "off". */
ROCMFORGE_API rocmforge_status rocmforge_set_log_level(const char* level);

/* Frees what a function gave out; NULL is nothing. */
ROCMFORGE_API void rocmforge_free(void* memory);

/* ---- Models ---- */

typedef struct rocmforge_model rocmforge_model;

/* Each struct of options begins with its own size, by which a later library knows those of programs that were built
 * with this header: get one from its ..._defaults() and change what is to be different. NULL means the defaults. */

typedef struct rocmforge_load_options {
  size_t struct_size;
  const char* device;          /* "auto", "cpu", "ref", "gpu" or "gpu:N" */
  const char* instruction_set; /* the highest to use of the CPU's; NULL: the best */
  int32_t threads;             /* 0: the physical cores */
  int64_t context;             /* positions of a sequence; 0: the trained length, or what fits into memory */
  int32_t sequences;           /* generations at the same time; further ones wait; 1 */
  const char* key_type;        /* how keys are kept: "F32", "F16", "BF16", "Q8_0" or "Q4_0" */
  const char* value_type;
  int32_t preload; /* not 0: the whole model is read at once, not when first used */
  int32_t lock;    /* not 0: and stays in memory */
} rocmforge_load_options;

ROCMFORGE_API rocmforge_load_options rocmforge_load_defaults(void);

ROCMFORGE_API rocmforge_status rocmforge_load(const char* path, const rocmforge_load_options* options,
                                              rocmforge_model** model);

/* Ends what is running with ROCMFORGE_ERROR_CANCELLED, and frees everything. */
ROCMFORGE_API rocmforge_status rocmforge_close(rocmforge_model* model);

/* Positions of a sequence, number of tokens, values of an embedding before any projection. Any may be NULL. */
ROCMFORGE_API rocmforge_status rocmforge_dimensions(rocmforge_model* model, int64_t* context, int32_t* vocabulary,
                                                    int32_t* width);

/* ---- Tokens ---- */

/* text: `length` bytes. add_special: BOS and the like, where the model wants them. parse_special: control tokens
 * written out in the text count as such. */
ROCMFORGE_API rocmforge_status rocmforge_tokenize(rocmforge_model* model, const char* text, size_t length,
                                                  int32_t add_special, int32_t parse_special, int32_t** tokens,
                                                  size_t* count);
/* text: *length bytes and a zero byte; length may be NULL. */
ROCMFORGE_API rocmforge_status rocmforge_detokenize(rocmforge_model* model, const int32_t* tokens, size_t count,
                                                    char** text, size_t* length);

/* ---- Generation ---- */

/* A float that is not set: what the model's file recommends counts, or else the default. */
#define ROCMFORGE_UNSET (-1e30f)

typedef struct rocmforge_generation_options {
  size_t struct_size;
  int32_t max_tokens; /* -1: no limit but the context */
  uint64_t seed;      /* with has_seed; otherwise another one each time */
  int32_t has_seed;
  float temperature;       /* ROCMFORGE_UNSET; 0: the likeliest token */
  int32_t top_k;           /* -1: not set; 0: off */
  float top_p;             /* ROCMFORGE_UNSET; 1: off */
  float min_p;             /* ROCMFORGE_UNSET; 0: off */
  float repeat_penalty;    /* ROCMFORGE_UNSET; 1: off */
  float frequency_penalty; /* ROCMFORGE_UNSET; 0: off */
  float presence_penalty;  /* ROCMFORGE_UNSET; 0: off */
  const char* samplers;    /* the stages in order, separated by ';'; NULL: not set */
  const char* const* stop; /* texts that end the generation */
  size_t stop_count;
  int32_t context_shift; /* not 0: when the context is full its older half is dropped */
  int32_t thinking;      /* in chats: 0 no, 1 yes, -1 the template's own way */
} rocmforge_generation_options;

ROCMFORGE_API rocmforge_generation_options rocmforge_generation_defaults(void);

/* What is new of a text: whole characters, `length` bytes, not ended by a zero byte. is_reasoning: what a model that
 * reasons says before its answer. Anything but 0 ends the generation. */
typedef int (*rocmforge_on_piece)(const char* text, size_t length, int is_reasoning, void* context);

typedef enum rocmforge_finish {
  ROCMFORGE_FINISH_END = 0, /* the model ended it */
  ROCMFORGE_FINISH_STOP_STRING = 1,
  ROCMFORGE_FINISH_LENGTH = 2,
  ROCMFORGE_FINISH_CONTEXT = 3, /* the context is full */
  ROCMFORGE_FINISH_CANCELLED = 4
} rocmforge_finish;

typedef struct rocmforge_result {
  char* text; /* text_length bytes and a zero byte */
  size_t text_length;
  char* reasoning;
  size_t reasoning_length;
  rocmforge_finish finish;
  int32_t prompt_tokens;
  int32_t cached_tokens; /* of the prompt, which did not have to be computed */
  int32_t new_tokens;
  double first_token_seconds;
  double tokens_per_second;
  uint64_t seed;
} rocmforge_result;

/* The result with its texts; NULL is nothing. */
ROCMFORGE_API void rocmforge_free_result(rocmforge_result* result);

/* Continues a text as it stands. on_piece and result may be NULL. */
ROCMFORGE_API rocmforge_status rocmforge_generate(rocmforge_model* model, const char* prompt,
                                                  const rocmforge_generation_options* options,
                                                  rocmforge_on_piece on_piece, void* context,
                                                  rocmforge_result** result);

typedef struct rocmforge_message {
  const char* role; /* "system", "user" or "assistant" */
  const char* content;
} rocmforge_message;

/* Answers the last message, by the model's chat template. */
ROCMFORGE_API rocmforge_status rocmforge_chat(rocmforge_model* model, const rocmforge_message* messages, size_t count,
                                              const rocmforge_generation_options* options, rocmforge_on_piece on_piece,
                                              void* context, rocmforge_result** result);

/* ---- Embeddings ---- */

/* pooling: "mean", "cls" or "last"; NULL: as the file says. normalize: not 0: to the length 1. */
ROCMFORGE_API rocmforge_status rocmforge_embed(rocmforge_model* model, const char* text, const char* pooling,
                                               int32_t normalize, float** vector, size_t* count);

#ifdef __cplusplus
}
#endif
/* NOLINTEND(readability-identifier-naming) */
