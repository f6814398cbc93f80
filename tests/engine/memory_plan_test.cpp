// Tests that a request for too much memory is refused before anything is allocated, with what would fit.
#include <gtest/gtest.h>

#include "engine/memory_plan.h"
#include "support/expect_error.h"
#include "support/random_model.h"

namespace rocmforge::engine {
namespace {

models::DecoderSpec spec_of(const testing::RandomModelOptions& options) {
  return models::describe(testing::ModelFile(testing::random_model(options)).file()).spec;
}

testing::RandomModelOptions long_llama() {
  testing::RandomModelOptions options;
  options.context = 1 << 20;
  return options;
}

MemoryRequest request(std::int64_t context, quant::FormatId format = quant::FormatId::kF16) {
  const quant::Format* cache = &quant::format_of(format);
  return {.context = context, .sequences = 1, .formats = {cache, cache}, .limits = {16, 1, 1}};
}

constexpr std::uint64_t kMebibyte = 1 << 20;

TEST(MemoryPlan, TakesTheTrainedLengthWhereThatFits) {
  const MemoryPlan plan = plan_memory(spec_of({}), kMebibyte, request(0), 1024 * kMebibyte);
  EXPECT_EQ(plan.context, 64);
  EXPECT_EQ(plan.context_reason, "the trained length");
}

TEST(MemoryPlan, TakesWhatFitsAndSaysSo) {
  const models::DecoderSpec spec = spec_of(long_llama());
  const MemoryPlan plan = plan_memory(spec, 10 * kMebibyte, request(0), 14 * kMebibyte);
  EXPECT_GT(plan.context, 1000);
  EXPECT_LT(plan.context, 1 << 20);
  EXPECT_LE(plan.cache_bytes + plan.work_bytes, 4 * kMebibyte);
  EXPECT_GT(memory_for(spec, request(0), plan.context + kBlockTokens).cache_bytes + plan.work_bytes, 4 * kMebibyte)
      << "more would have fitted";
  EXPECT_NE(plan.context_reason.find("4.00 MiB"), std::string::npos) << plan.context_reason;
}

TEST(MemoryPlan, RefusesWhatDoesNotFitAndSaysWhatWould) {
  const models::DecoderSpec spec = spec_of(long_llama());
  const auto ask = [&](std::int64_t context, quant::FormatId format) {
    return plan_memory(spec, kMebibyte, request(context, format), 9 * kMebibyte);
  };
  // 2 layers with 2 heads of 8 values, keys and values: 256 bytes per token as F32, half of that as F16, plus some for
  // bookkeeping.
  EXPECT_ERROR(ask(40'000, quant::FormatId::kF32), "a context of 40000 takes 9.77 MiB");
  try {
    ask(40'000, quant::FormatId::kF32);
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("--ctx 31"), std::string::npos) << error.hint();
    EXPECT_NE(error.hint().find("--kv-type F16"), std::string::npos) << error.hint();
  }
  EXPECT_EQ(ask(30'000, quant::FormatId::kF16).context, 30'000);
}

TEST(MemoryPlan, WindowsNeedNoMoreThanTheySee) {
  testing::RandomModelOptions windowed = long_llama();
  windowed.architecture = "gemma3";
  windowed.layers = 6;
  const MemoryPlan plan = memory_for(spec_of(windowed), request(0), 10'000);
  ASSERT_EQ(plan.cache.groups.size(), 2u);
  for (const kv::Group& group : plan.cache.groups) {
    if (group.window == 0) {
      EXPECT_EQ(group.blocks, kv::blocks_for(10'000, kBlockTokens));
    } else {
      EXPECT_LE(group.blocks, 3) << "of a window of " << group.window;
    }
  }
}

// A decoder stores its encoder's output for each sequence, and the encoder has its own working memory.
TEST(MemoryPlan, CountsWhatAnEncoderReads) {
  const models::DecoderSpec both = spec_of({.architecture = "t5"});
  models::DecoderSpec decoder = both;
  decoder.encoder = nullptr;
  for (const int sequences : {1, 3}) {
    MemoryRequest asked = request(0);
    asked.sequences = sequences;
    const MemoryPlan with = memory_for(both, asked, 2 * kBlockTokens);
    const MemoryPlan without = memory_for(decoder, asked, 2 * kBlockTokens);
    EXPECT_EQ(with.cache_bytes, 2 * without.cache_bytes) << "the layers ask as many keys as they have of their own";
    EXPECT_GE(with.work_bytes - without.work_bytes,
              models::activation_bytes(*both.encoder, models::encoder_limits(2 * kBlockTokens), 2 * kBlockTokens));
  }
}

TEST(MemoryPlan, LearnedPositionsEndWhereTheyEnd) {
  testing::RandomModelOptions learned;
  learned.architecture = "gpt2";
  EXPECT_ERROR(plan_memory(spec_of(learned), 0, request(65), 1024 * kMebibyte), "learned 64 positions");
  EXPECT_EQ(plan_memory(spec_of({}), 0, request(65), 1024 * kMebibyte).context, 65) << "rotary ones go on";
}

}  // namespace
}  // namespace rocmforge::engine
