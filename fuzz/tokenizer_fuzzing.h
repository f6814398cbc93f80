// The common part of the fuzzers of all kinds of vocabularies: it makes a vocabulary and texts from the fuzzer's bytes,
// and checks what must hold for any of them.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "support/tiny_vocabulary.h"
#include "text/detokenizer.h"
#include "text/pretokenizers.h"
#include "text/tokenizer.h"

namespace rocmforge::fuzz {

inline void require(bool condition, int line = __builtin_LINE()) {
  if (condition) return;
  std::fprintf(stderr, "tokenizer_fuzzing.h:%d does not hold\n", line);
  std::abort();
}

inline void add_tokens(testing::TinyVocabulary& vocabulary, FuzzedDataProvider& data) {
  for (std::size_t count = data.ConsumeIntegralInRange<std::size_t>(0, 40); count > 0; --count) {
    const auto type = static_cast<text::TokenType>(data.ConsumeIntegralInRange<int>(-1, 7));
    vocabulary.token(data.ConsumeRandomLengthString(12), type, data.ConsumeFloatingPoint<float>());
  }
}

inline void add_keys(testing::TinyVocabulary& vocabulary, FuzzedDataProvider& data) {
  for (const char* name : {"bos", "eos", "unknown", "seperator", "eot"}) {
    if (!data.ConsumeBool()) continue;
    vocabulary.file().number<std::uint32_t>(std::string("tokenizer.ggml.") + name + "_token_id",
                                            data.ConsumeIntegral<std::uint8_t>());
  }
  for (const char* name : {"add_eos_token", "add_space_prefix", "remove_extra_whitespaces", "normalizer.lowercase"}) {
    if (data.ConsumeBool()) vocabulary.file().boolean(std::string("tokenizer.ggml.") + name, data.ConsumeBool());
  }
}

// Encodes a text with all options and decodes the tokens again.
inline void check_text(const text::Tokenizer& tokenizer, const std::string& input, bool comes_back) {
  const text::Vocabulary& vocabulary = tokenizer.vocabulary();
  const std::vector<text::TextRange> all = {{0, input.size()}};
  const auto as_data =
      tokenizer.encode(input, {.add_special = text::AddSpecial::kNo, .parse_special = true, .data = all});
  for (const text::TokenId id : as_data) {
    require(vocabulary.contains(id));
    require(!vocabulary.is_control(id) || id == vocabulary.special().unknown);
  }
  require(as_data == tokenizer.encode(input, {.add_special = text::AddSpecial::kNo}));
  if (comes_back && is_valid_utf8(input)) require(tokenizer.decode(as_data) == input);

  const auto parsed = tokenizer.encode(input, {.add_special = text::AddSpecial::kPrompt, .parse_special = true});
  text::Detokenizer detokenizer(tokenizer);
  std::string whole;
  for (const text::TokenId id : parsed) {
    std::string piece;
    detokenizer.feed(id, piece);
    require(is_valid_utf8(piece));
    whole += piece;
  }
  detokenizer.finish(whole);
  require(is_valid_utf8(whole));
  require(whole == tokenizer.decode(parsed));
}

// Checks a vocabulary. It may be refused with an Error; anything else is a finding.
inline int check_vocabulary(const testing::TinyVocabulary& vocabulary, FuzzedDataProvider& data,
                            bool comes_back = false) {
  try {
    const text::Tokenizer tokenizer = vocabulary.tokenizer();
    check_text(tokenizer, data.ConsumeRandomLengthString(200), comes_back);
    check_text(tokenizer, data.ConsumeRemainingBytesAsString(), comes_back);
  } catch (const Error& refused) {
    require(refused.code() != ErrorCode::kInternal);
  }
  return 0;
}

// Checks a vocabulary of tokens with scores, which all kinds but byte-pair use. `more` adds further keys.
template <typename More>
int check_kind(std::string_view model, const std::uint8_t* bytes, std::size_t size, More&& more) {
  FuzzedDataProvider data(bytes, size);
  testing::TinyVocabulary vocabulary(model);
  if (data.ConsumeBool()) vocabulary.bytes();
  add_tokens(vocabulary, data);
  add_keys(vocabulary, data);
  more(vocabulary, data);
  return check_vocabulary(vocabulary, data);
}
inline int check_kind(std::string_view model, const std::uint8_t* bytes, std::size_t size) {
  return check_kind(model, bytes, size, [](testing::TinyVocabulary&, FuzzedDataProvider&) {});
}

}  // namespace rocmforge::fuzz
