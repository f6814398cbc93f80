// Tests that the same seed gives the same tokens forever, with every compiler and on every processor, because clients
// that stored a seed rely on it. Ten thousand tokens of eight samplers are listed in stream_list.h.
//
// After an intended change of draws, ROCMFORGE_PRINT_STREAM=1 test_sample --gtest_filter='Stream.*' prints new tables
// for that file.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sample/chains.h"
#include "sample/stream_list.h"

namespace rocmforge::sample {
namespace {

constexpr int kVocabulary = 4096;  // two digits of 64
constexpr int kStepsOfEach = 1250;
constexpr int kStepsOfALine = 55;
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct Named {
  std::string_view name;
  Settings settings;
  int period = kStepsOfEach;  // number of steps after which the logits repeat
};

std::vector<Named> samplers() {
  std::vector<Named> all = {{"usual", chain(kDefaultStages)},      {"nucleus", chain("top_p")},
                            {"typical", chain("typ_p;temp")},      {"xtc", chain("min_p;xtc;temperature")},
                            {"dynamic", chain("temp;top_p")},      {"mirostat 1", chain(kDefaultStages)},
                            {"mirostat 2", chain(kDefaultStages)}, {"repetition", chain(kDefaultStages)}};
  for (std::size_t i = 0; i < all.size(); ++i) all[i].settings.seed = 1000 + i;
  all[2].settings.typical_p = 0.8f;
  all[3].settings.xtc_probability = 0.4f;
  all[3].settings.xtc_threshold = 0.03f;
  all[4].settings.temperature = 0.9f;
  all[4].settings.dynatemp_range = 0.6f;
  all[4].settings.dynatemp_exponent = 1.3f;
  all[5].settings.mirostat = 1;
  all[6].settings.mirostat = 2;
  all[7].period = 7;
  Settings& repetition = all[7].settings;
  repetition.repeat_penalty = 1.15f;
  repetition.frequency_penalty = 0.1f;
  repetition.presence_penalty = 0.2f;
  repetition.penalty_last_n = -1;
  repetition.dry_multiplier = 0.7f;
  repetition.dry_allowed_length = 1;
  repetition.dry_penalty_last_n = 400;
  repetition.dry_breakers = {{5}, {7, 9}};
  repetition.top_n_sigma = 2.5f;
  repetition.logit_bias = {{1, 2.5f}, {2, -3.0f}, {3, -kInfinity}};
  return all;
}

// Returns sharp logits and, at every other step, flat ones.
std::vector<float> logits_of_step(int step) {
  auto logits = random_logits(kVocabulary, static_cast<std::uint64_t>(step));
  for (float& logit : logits) logit *= step % 2 == 0 ? 1.0f : 0.375f;
  return logits;
}

std::string drawn_by(const Named& named) {
  Sampler sampler(named.settings, kVocabulary);
  std::string digits;
  for (int step = 0; step < kStepsOfEach; ++step) {
    const TokenId token = sampler.draw(logits_of_step(step % named.period));
    digits += kDigits[static_cast<std::size_t>(token / 64)];
    digits += kDigits[static_cast<std::size_t>(token % 64)];
  }
  return digits;
}

void print(std::string_view name, const std::string& digits) {
  std::cout << "    {\"" << name << "\",\n";
  for (std::size_t at = 0; at < digits.size(); at += 2 * kStepsOfALine) {
    const bool last = at + 2 * kStepsOfALine >= digits.size();
    std::cout << "     \"" << digits.substr(at, 2 * kStepsOfALine) << (last ? "\"},\n" : "\"\n");
  }
}

TEST(Stream, IsTheOneWrittenDown) {
  const auto all = samplers();
  const bool printing = std::getenv("ROCMFORGE_PRINT_STREAM") != nullptr;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string digits = drawn_by(all[i]);
    if (printing) {
      print(all[i].name, digits);
      continue;
    }
    ASSERT_LT(i, std::size(kStreams));
    EXPECT_EQ(kStreams[i].name, all[i].name);
    const std::string_view expected = kStreams[i].tokens;
    ASSERT_EQ(expected.size(), digits.size());
    if (digits == expected) continue;
    std::size_t step = 0;
    while (digits.substr(2 * step, 2) == expected.substr(2 * step, 2)) ++step;
    ADD_FAILURE() << all[i].name << ": step " << step << " drew " << digits.substr(2 * step, 2) << ", not "
                  << expected.substr(2 * step, 2);
  }
}

}  // namespace
}  // namespace rocmforge::sample
