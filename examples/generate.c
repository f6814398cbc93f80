/* Continues a text in C.
 *
 *   cc generate.c $(pkg-config --cflags --libs rocmforge) -o generate
 *   ./generate model.gguf "Once upon a time"
 */
#include <stdio.h>

#include <rocmforge/c_api.h>

static int print_piece(const char* text, size_t length, int is_reasoning, void* context) {
  (void)is_reasoning;
  (void)context;
  fwrite(text, 1, length, stdout);
  fflush(stdout);
  return 0; /* anything else ends the generation */
}

static int failed(void) {
  fprintf(stderr, "error: %s\n", rocmforge_last_error());
  if (*rocmforge_last_hint() != '\0') fprintf(stderr, "hint:  %s\n", rocmforge_last_hint());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s MODEL PROMPT\n", argv[0]);
    return 2;
  }
  rocmforge_model* model = NULL;
  if (rocmforge_load(argv[1], NULL, &model) != ROCMFORGE_OK) return failed();

  rocmforge_generation_options options = rocmforge_generation_defaults();
  options.max_tokens = 64;
  rocmforge_result* result = NULL;
  if (rocmforge_generate(model, argv[2], &options, print_piece, NULL, &result) != ROCMFORGE_OK) return failed();
  printf("\n");
  fprintf(stderr, "%d tokens, %.1f a second\n", (int)result->new_tokens, result->tokens_per_second);

  rocmforge_free_result(result);
  rocmforge_close(model);
  return 0;
}
