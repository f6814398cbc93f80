#include "cli/tokenizer_arguments.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/model_source.h"
#include "gguf/reader.h"
#include "text/pretokenizers.h"

namespace rocmforge::cli {

std::vector<Argument> TokenizerArguments::list() {
  std::vector<std::string> names;
  for (const text::PreTokenizer& known : text::pre_tokenizers()) names.emplace_back(known.name);
  return {{.names = "-m,--model",
           .value = "MODEL",
           .help = std::string(kModelHelp) + "; only its tokenizer is read",
           .place = &model,
           .required = true,
           .completes = Completes::kFile},
          {.names = "--pre-tokenizer",
           .value = "NAME",
           .help = "Pre-tokenizer to use for a byte-pair vocabulary (default: as the file specifies)",
           .place = &pre_tokenizer,
           .completes = Completes::kChoices,
           .choices = std::move(names)}};
}

text::Tokenizer TokenizerArguments::load() const {
  const gguf::File file = gguf::File::open(path_of_model(model));
  text::Tokenizer tokenizer(file.metadata(), {.pre_tokenizer = pre_tokenizer});
  file.check_intact();
  if (!pre_tokenizer.empty() && tokenizer.vocabulary().kind() != text::VocabularyKind::kBytePair) {
    throw error(ErrorCode::kUsage, "--pre-tokenizer: {} has a vocabulary of the kind '{}', which has no pre-tokenizer",
                model, printable(tokenizer.vocabulary().model()));
  }
  return tokenizer;
}

}  // namespace rocmforge::cli
