// Tests how the sampler's settings follow from the user's options and the file's recommendations.
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sampling.h"
#include "gguf/memory_image.h"
#include "gguf/reader.h"
#include "support/expect_error.h"
#include "support/tiny_vocabulary.h"

namespace rocmforge::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr int kVocabulary = 300;
constexpr float kNever = -std::numeric_limits<float>::infinity();

SamplingOptions recommended(const gguf::MetadataBuilder& keys) {
  const gguf::MemoryImage image(keys, {});
  return recommended_sampling(gguf::File::from_memory(image.bytes(), "keys.gguf").metadata(), kVocabulary);
}

sample::Settings resolved(const SamplingOptions& wishes, const SamplingOptions& file = {}) {
  DryBreakers breakers;
  return resolve_sampling(wishes, file, nullptr, kVocabulary, breakers);
}

TEST(SamplingOptions, HaveThePublishedDefaults) {
  const sample::Settings settings = resolved({});
  EXPECT_THAT(settings.stages,
              ElementsAre("penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"));
  EXPECT_EQ(settings.temperature, 0.8f);
  EXPECT_EQ(settings.top_k, 40);
  EXPECT_EQ(settings.top_p, 0.95f);
  EXPECT_EQ(settings.min_p, 0.05f);
  EXPECT_EQ(settings.repeat_penalty, 1);
  EXPECT_EQ(settings.mirostat, 0);
}

TEST(SamplingOptions, TheUserCountsBeforeTheFileAndTheFileBeforeTheDefaults) {
  gguf::MetadataBuilder keys;
  keys.set("general.sampling.temp", 0.6f);
  keys.set("general.sampling.top_k", std::int32_t{20});
  keys.set("general.sampling.penalty_repeat", 1.1f);
  keys.set("general.sampling.mirostat", std::int32_t{2});
  keys.set("general.sampling.sequence", "top_k;temperature");
  SamplingOptions wishes;
  wishes.top_k = 5;
  const sample::Settings settings = resolved(wishes, recommended(keys));
  EXPECT_EQ(settings.temperature, 0.6f);
  EXPECT_EQ(settings.top_k, 5);
  EXPECT_EQ(settings.repeat_penalty, 1.1f);
  EXPECT_EQ(settings.mirostat, 2);
  EXPECT_EQ(settings.top_p, 0.95f);
  EXPECT_THAT(settings.stages, ElementsAre("top_k", "temperature"));
  wishes.samplers = "temp";
  EXPECT_THAT(resolved(wishes, recommended(keys)).stages, ElementsAre("temperature"));
}

// Files store these values as any scalar type or as text.
TEST(SamplingOptions, TakeNumbersHoweverTheyAreStored) {
  gguf::MetadataBuilder keys;
  keys.set("general.sampling.temp", std::uint64_t{1});
  keys.set("general.sampling.top_k", 30.0);
  keys.set("general.sampling.top_p", "0.9 or so");
  keys.set("general.sampling.min_p", "none");
  const SamplingOptions options = recommended(keys);
  EXPECT_EQ(options.temperature, 1.0f);
  EXPECT_EQ(options.top_k, 30);
  EXPECT_EQ(options.top_p, 0.9f);
  EXPECT_EQ(options.min_p, std::nullopt);
}

TEST(SamplingOptions, IgnoreWhatAFileCannotMean) {
  gguf::MetadataBuilder keys;
  keys.set("general.sampling.temp", std::numeric_limits<float>::quiet_NaN());
  keys.set("general.sampling.top_k", 1e30);
  keys.set("general.sampling.top_p", 0.5f);
  EXPECT_EQ(recommended(keys).temperature, std::nullopt);
  EXPECT_EQ(recommended(keys).top_k, std::nullopt);
  EXPECT_EQ(recommended(keys).top_p, 0.5f);
  keys.set("general.sampling.top_k", std::int32_t{-1});
  EXPECT_EQ(recommended(keys).top_k, 0) << "off";
  keys.set("general.sampling.sequence", "top_k;adaptive_p;temp");
  EXPECT_EQ(recommended(keys).samplers, "top_k;temperature");
  keys.set("general.sampling.mirostat", std::int32_t{7});
  EXPECT_EQ(recommended(keys).mirostat, std::nullopt);
  EXPECT_EQ(recommended(keys).top_p, 0.5f) << "one odd key does not silence the others";
  keys.set("general.sampling.top_p", 1.5f);
  EXPECT_EQ(recommended(keys).top_p, 1.0f) << "off";
  std::string endless;
  for (int i = 0; i < 100'000; ++i) endless += "temp;top_p;";
  keys.set("general.sampling.sequence", endless);
  EXPECT_EQ(recommended(keys).samplers, std::nullopt) << "everybody would wait for it at every token";
}

TEST(SamplingOptions, NeverDrawWhatTheFileSuppresses) {
  gguf::MetadataBuilder keys;
  keys.set_array("tokenizer.ggml.suppress_tokens", std::vector<std::int32_t>{7, 900, -2});
  SamplingOptions wishes;
  wishes.logit_bias = {{8, 1.5f}};
  EXPECT_THAT(resolved(wishes, recommended(keys)).logit_bias, ElementsAre(Pair(7, kNever), Pair(8, 1.5f)));
}

TEST(SamplingOptions, IgnoreEosForbidsEveryEndOfGeneration) {
  auto vocabulary = testing::TinyVocabulary::byte_level();
  vocabulary.control("<|im_end|>").control("<|endoftext|>").control("<|im_start|>");
  vocabulary.file().number("tokenizer.ggml.eos_token_id", std::uint32_t{256});
  const text::Tokenizer tokenizer = vocabulary.tokenizer();
  SamplingOptions wishes;
  wishes.ignore_eos = true;
  DryBreakers known;
  const auto settings = resolve_sampling(wishes, {}, &tokenizer, kVocabulary, known);
  EXPECT_THAT(settings.logit_bias, ElementsAre(Pair(256, kNever), Pair(257, kNever)));
}

// A line feed must break a repetition even if it is inside a token.
TEST(SamplingOptions, DryBreakersAreFoundWithinAndAcrossTokens) {
  auto vocabulary = testing::TinyVocabulary::byte_level();
  vocabulary.merge("a", "b").merge("b", "c").merge("Ċ", "Ċ");
  const text::Tokenizer tokenizer = vocabulary.tokenizer();
  SamplingOptions wishes;
  wishes.dry_multiplier = 0.8f;
  wishes.dry_sequence_breakers = {"\n", "bc"};
  DryBreakers known;
  const sample::Breakers found = resolve_sampling(wishes, {}, &tokenizer, kVocabulary, known).dry_breakers;
  const std::vector<sample::Breakers::Sequence> breakers(found.sequences().begin(), found.sequences().end());
  const auto id = [&](const char* text) { return vocabulary.id(text); };
  EXPECT_THAT(breakers, Contains(ElementsAre(id("Ċ"))));
  EXPECT_THAT(breakers, Contains(ElementsAre(id("ĊĊ"))));
  EXPECT_THAT(breakers, Contains(ElementsAre(id("bc"))));
  EXPECT_THAT(breakers, Contains(ElementsAre(id("b"), id("c"))));
  EXPECT_THAT(breakers, Contains(ElementsAre(id("ab"), id("c"))));
  EXPECT_EQ(breakers.size(), 5u);
  const sample::Breakers again = resolve_sampling(wishes, {}, &tokenizer, kVocabulary, known).dry_breakers;
  EXPECT_EQ(again.sequences().data(), found.sequences().data()) << "the vocabulary is searched once a model";
  wishes.dry_multiplier = 0;
  const sample::Settings off = resolve_sampling(wishes, {}, &tokenizer, kVocabulary, known);
  EXPECT_TRUE(off.dry_breakers.sequences().empty()) << "nobody needs them";
}

TEST(SamplingOptions, SayWhatMakesNoSense) {
  const auto refused = [](auto change, const char* text) {
    SamplingOptions wishes;
    change(wishes);
    EXPECT_ERROR(resolved(wishes), text);
  };
  refused([](auto& o) { o.top_p = 1.5f; }, "top_p");
  refused([](auto& o) { o.min_p = std::numeric_limits<float>::quiet_NaN(); }, "min_p");
  refused([](auto& o) { o.mirostat = 3; }, "mirostat");
  refused([](auto& o) { o.samplers = "top_q"; }, "top_q");
  refused(
      [](auto& o) {
        o.samplers = "temp";
        for (int i = 0; i < 64; ++i) *o.samplers += ";temp";
      },
      "stages");
  refused([](auto& o) { o.logit_bias.resize(301, {1, 1.0f}); }, "301 of them, but the model has 300");
  refused([](auto& o) { o.logit_bias = {{300, 1.0f}}; }, "token 300, but the model has 300");
}

TEST(SamplingOptions, WithoutASeedItIsAnotherEachTime) { EXPECT_NE(resolved({}).seed, resolved({}).seed); }

}  // namespace
}  // namespace rocmforge::engine
