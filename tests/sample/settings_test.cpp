// Tests that wrong settings are refused with an explanation before anything is drawn.
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample/chains.h"
#include "support/expect_error.h"

namespace rocmforge::sample {
namespace {

using ::testing::ElementsAre;

TEST(ParseStages, TakesNamesInAnySpelling) {
  EXPECT_THAT(parse_stages("top-k;TopP,temp"), ElementsAre("top_k", "top_p", "temperature"));
  EXPECT_THAT(parse_stages("nucleus; TYPICAL-P ;typ;min_P;topnsigma"),
              ElementsAre("top_p", "typ_p", "typ_p", "min_p", "top_n_sigma"));
  EXPECT_EQ(parse_stages(kDefaultStages).size(), stages().size());
}

TEST(ParseStages, ListsTheKnownNamesWithAnUnknownOne) {
  EXPECT_ERROR(parse_stages("top_k;tpo_p"), "no sampling stage 'tpo_p'");
  EXPECT_ERROR(parse_stages("tpo_p"), "penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature");
  EXPECT_ERROR(parse_stages(""), "no sampling stage ''");
  EXPECT_ERROR(parse_stages("top_k;;temp"), "no sampling stage ''");
  EXPECT_ERROR(parse_stages("top_k;"), "no sampling stage ''");
}

TEST(ParseStages, PutsUnknownNamesAside) {
  std::vector<std::string> unknown;
  EXPECT_THAT(parse_stages("top_k,infill;temp;x-y", &unknown), ElementsAre("top_k", "temperature"));
  EXPECT_THAT(unknown, ElementsAre("infill", "x-y"));
}

TEST(Check, AcceptsWhatIsPreset) {
  check(Settings{});
  check(chain(kDefaultStages));
}

TEST(Check, NamesWhatIsWrong) {
  const auto expect = [](const std::function<void(Settings&)>& change, std::string_view message) {
    Settings settings;
    change(settings);
    EXPECT_ERROR(check(settings), std::string(message));
  };
  expect([](Settings& s) { s.stages = {"Top-K"}; }, "no sampling stage 'Top-K'");
  expect([](Settings& s) { s.temperature = kNan; }, "temperature is nan");
  expect([](Settings& s) { s.temperature = -kInfinity; }, "temperature is -inf");
  expect([](Settings& s) { s.top_k = -1; }, "top_k is -1, expected 0 (off) or more");
  expect([](Settings& s) { s.top_p = 1.5f; }, "top_p is 1.5, expected a number from 0 to 1");
  expect([](Settings& s) { s.min_p = -0.5f; }, "min_p is -0.5");
  expect([](Settings& s) { s.typical_p = kNan; }, "typical_p is nan");
  expect([](Settings& s) { s.top_n_sigma = kInfinity; }, "top_n_sigma is inf");
  expect([](Settings& s) { s.xtc_probability = 2; }, "xtc_probability is 2");
  expect([](Settings& s) { s.xtc_threshold = -1; }, "xtc_threshold is -1");
  expect([](Settings& s) { s.min_keep = -3; }, "min_keep is -3");
  expect([](Settings& s) { s.dynatemp_range = -1; }, "dynatemp_range is -1");
  expect([](Settings& s) { s.dynatemp_exponent = kNan; }, "dynatemp_exponent is nan");
  expect([](Settings& s) { s.penalty_last_n = -2; }, "penalty_last_n is -2, expected -1 (all)");
  expect([](Settings& s) { s.repeat_penalty = 0; }, "repeat_penalty is 0, expected a number above 0");
  expect([](Settings& s) { s.frequency_penalty = kNan; }, "frequency_penalty is nan");
  expect([](Settings& s) { s.presence_penalty = kInfinity; }, "presence_penalty is inf");
  expect([](Settings& s) { s.dry_multiplier = -1; }, "dry_multiplier is -1");
  expect([](Settings& s) { s.dry_base = kNan; }, "dry_base is nan");
  expect([](Settings& s) { s.dry_allowed_length = -1; }, "dry_allowed_length is -1");
  expect([](Settings& s) { s.dry_penalty_last_n = -2; }, "dry_penalty_last_n is -2");
  expect([](Settings& s) { s.dry_breakers = {{1}, {}}; }, "a sequence breaker is empty");
  expect([](Settings& s) { s.mirostat = 3; }, "mirostat is 3, expected 0 (off), 1 or 2");
  expect([](Settings& s) { s.mirostat_tau = -1; }, "mirostat_tau is -1");
  expect([](Settings& s) { s.mirostat_eta = kNan; }, "mirostat_eta is nan");
  expect([](Settings& s) { s.logit_bias = {{7, kNan}}; }, "logit_bias of token 7 is nan");
  expect([](Settings& s) { s.logit_bias = {{7, kInfinity}}; }, "logit_bias of token 7 is inf");
}

}  // namespace
}  // namespace rocmforge::sample
