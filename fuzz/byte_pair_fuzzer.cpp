// Fuzzes byte-pair vocabularies with arbitrary merges, under every pre-tokenizer.
#include "tokenizer_fuzzing.h"

using namespace rocmforge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  const auto known = text::pre_tokenizers();
  const text::PreTokenizer& pre = known[data.ConsumeIntegralInRange<std::size_t>(0, known.size() - 1)];
  const bool complete = data.ConsumeBool();
  auto vocabulary = complete ? testing::TinyVocabulary::byte_level(pre.name) : testing::TinyVocabulary("gpt2");
  if (!complete) vocabulary.file().string("tokenizer.ggml.pre", pre.name);
  for (std::size_t count = data.ConsumeIntegralInRange<std::size_t>(0, 30); count > 0; --count) {
    const std::string left = data.ConsumeRandomLengthString(4);
    vocabulary.merge(left, data.ConsumeRandomLengthString(4));
  }
  // Added tokens may write any text, so decoding restores the text only for vocabularies without them.
  const bool comes_back = complete && pre.split->byte_alphabet && !pre.escape_whitespaces && data.ConsumeBool();
  if (!comes_back) fuzz::add_tokens(vocabulary, data);
  fuzz::add_keys(vocabulary, data);
  return fuzz::check_vocabulary(vocabulary, data, comes_back);
}
