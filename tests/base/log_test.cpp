// Tests log lines: labels, levels and pauses.
#include "base/log.h"

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace rocmforge::log {
namespace {

class Log : public ::testing::Test {
 protected:
  void SetUp() override { set_level(Level::kInfo); }
  void TearDown() override { set_level(Level::kWarning); }
};

// Output on stderr is read by people and scripts: a label on what matters, no colour codes in a file.
TEST_F(Log, WritesPlainLabelledLines) {
  ::testing::internal::CaptureStderr();
  info("loaded {} layers", 32);
  warning("{} of {} layers on the CPU", 3, 32);
  log::error("out of memory");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "loaded 32 layers\nwarning: 3 of 32 layers on the CPU\nerror: out of memory\n");
}

// A message that contains braces, like a template's, is text and not a format string.
TEST_F(Log, TakesMessagesAsTheyAre) {
  ::testing::internal::CaptureStderr();
  write(Level::kInfo, "{{ messages }} {0}");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "{{ messages }} {0}\n");
}

// --log-level must do what it says.
TEST_F(Log, DropsWhatIsBelowTheLevel) {
  ::testing::internal::CaptureStderr();
  debug("not shown");
  set_level(Level::kError);
  warning("not shown");
  log::error("shown");
  set_level(Level::kOff);
  log::error("not shown");
  set_level(Level::kTrace);
  trace("details");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "error: shown\ntrace: details\n");
}

// A log line in the middle of an answer would split it, and a lost line would be worse.
TEST_F(Log, APauseKeepsLinesBack) {
  ::testing::internal::CaptureStderr();
  {
    const Pause outer;
    {
      const Pause inner;
      warning("first");
      debug("not shown");
    }
    log::error("second");
    std::fputs("answer\n", stderr);
  }
  info("third");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "answer\nwarning: first\nerror: second\nthird\n");
}

TEST_F(Log, ParsesItsLevels) {
  EXPECT_EQ(parse_level("Debug"), Level::kDebug);
  EXPECT_EQ(parse_level("warn"), Level::kWarning);
  for (const Level level : {Level::kTrace, Level::kDebug, Level::kInfo, Level::kWarning, Level::kError, Level::kOff}) {
    EXPECT_EQ(parse_level(name_of(level)), level);
  }
  EXPECT_ERROR(parse_level("loud"), "unknown log level 'loud', expected trace");
}

}  // namespace
}  // namespace rocmforge::log
