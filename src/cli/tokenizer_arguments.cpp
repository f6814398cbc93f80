#include "cli/tokenizer_arguments.h"

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
           .help = "How text is cut into words, whatever the file says (byte-pair vocabularies)",
           .place = &pre_tokenizer,
           .completes = Completes::kChoices,
           .choices = std::move(names)}};
}

text::Tokenizer TokenizerArguments::load() const {
  return text::Tokenizer(gguf::File::open(path_of_model(model)).metadata(), {.pre_tokenizer = pre_tokenizer});
}

}  // namespace rocmforge::cli
