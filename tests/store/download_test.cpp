// Tests pulls when the network and the hub misbehave as real ones do.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "store/pull_fixture.h"
#include "support/expect_error.h"

namespace rocmforge::store {
namespace {

TEST_F(PullTest, TriesAgainAndWaitsAsAsked) {
  HubServer hub({.failures = 1, .failure_status = 429, .retry_after = "1"});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(1000));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r", {.connections = 1})) == model_bytes(1000));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
}

// A wait that concerns all connections is reported once.
TEST_F(PullTest, ManyRefusedTogetherWaitTogether) {
  HubServer hub({.failures = 16, .failure_status = 429, .retry_after = "1"});
  const std::string content = model_bytes(17 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r", {.connections = 16})) == content);
}

TEST_F(PullTest, GivesUpInTheEndAndSaysWhy) {
  HubServer hub({.failures = 1000, .failure_status = 503});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(1000));
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "HTTP 503");
  hub.change([](HubBehavior& behavior) { behavior.retry_after = "3600"; });
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "asks to wait 3600 s");
  hub.change([](HubBehavior& behavior) { behavior.failures = 0; });
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == model_bytes(1000));
}

// Every connection breaks after a while; data that has arrived is not requested again.
TEST_F(PullTest, GoesOnWhereAConnectionBroke) { expect_fetched_once({.dropped_after = 300'000}, 4 * kMiB); }

TEST_F(PullTest, TakesLessThanItAskedFor) { expect_fetched_once({.most_at_a_time = 300'000}, 3 * kMiB); }

// Signed addresses expire in the middle of a long download.
TEST_F(PullTest, AsksAgainWhenASignatureHasExpired) {
  HubServer hub({.signatures_last = 2});
  const std::string content = model_bytes(6 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == content);
}

TEST_F(PullTest, AServerWithoutRangesSendsTheWhole) {
  HubServer hub({.has_ranges = false, .failures = 1});
  const std::string content = model_bytes(3 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == content);
}

TEST_F(PullTest, TheListingSaysHowLongAFileIs) {
  HubServer hub({.has_ranges = false, .tells_lengths = false});
  const std::string content = model_bytes(2 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == content);
}

// One such response in a long download must not discard the data.
TEST_F(PullTest, AServerThatLosesItsRangesCostsNothing) {
  HubServer hub({.bytes_per_second = kMiB});
  const std::string content = model_bytes(4 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  cancel_after_a_mebibyte(hub);
  hub.change([](HubBehavior& behavior) { behavior = {.has_ranges = false}; });
  std::uint64_t least = UINT64_MAX;
  const PullOptions again{.on_progress = [&](const PullProgress& now) {
    if (!now.is_checking) least = std::min(least, now.done);
  }};
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r", again)) == content);
  EXPECT_GE(least, kMiB);
}

// Pieces of two files must not be combined; without a hash nobody would notice.
TEST_F(PullTest, BeginsAnewWhenTheFileChangesMeanwhile) {
  HubServer hub({.sends_elsewhere = false, .tells_sums = false, .dropped_after = 400'000});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(4 * kMiB, 1));
  bool has_changed = false;
  PullOptions options;
  options.on_progress = [&](const PullProgress& progress) {
    if (has_changed || progress.done < kMiB) return;
    has_changed = true;
    hub.change([&](HubBehavior& behavior) { behavior.etag = "\"two\""; });
    hub.add("org/r", "m-Q8_0.gguf", model_bytes(4 * kMiB, 2));
  };
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r", options)) == model_bytes(4 * kMiB, 2));
  EXPECT_TRUE(has_changed);
}

TEST_F(PullTest, AStalledConnectionIsGivenUp) {
  HubServer hub({.stalls_after = 1000});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(2000));
  WebOptions options = web_options(hub);
  options.times.stall = 200ms;
  Web web(std::move(options));
  const PullResult result = pull(store_, web, HubSource{"org/r", ""}, {.connections = 1});
  EXPECT_TRUE(content_of(result) == model_bytes(2000));
}

// A size that is too large would fill the disk; one that is too small would truncate the model.
TEST_F(PullTest, ASizeThatIsALieIsRefused) {
  HubServer hub;
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(1000));
  hub.file("org/r", "m-Q8_0.gguf").listed_size = 2000;
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "has 1000 bytes, expected 2,000 bytes");
  hub.file("org/r", "m-Q8_0.gguf").listed_size = std::uint64_t{1} << 49;
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "needs 512 TiB, but only ");
  EXPECT_EQ(count("partial"), 0u);
  EXPECT_TRUE(store_.unfinished().empty());
}

TEST_F(PullTest, RedirectsEndAndStayOnTheWeb) {
  HubServer hub;
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(1000));
  hub.change([&](HubBehavior& behavior) { behavior.endless_redirect = "m-Q8_0.gguf"; });
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "more than 10 redirects");
  for (const char* const location : {"file:///etc/passwd", "/a b"}) {
    hub.change([&](HubBehavior& behavior) { behavior.endless_redirect = location; });
    const std::string said = ": redirects to '" + std::string(location) + "', which is not a web address";
    EXPECT_ERROR(pull_from(hub, "hf:org/r"), "/m-Q8_0.gguf" + said);
    // It is not the user's mistake.
    try {
      pull_from(hub, "hf:org/r");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kIo);
    }
  }
}

TEST_F(PullTest, CancellingKeepsWhatIsThere) {
  HubServer hub({.bytes_per_second = kMiB});
  const std::string content = model_bytes(4 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  cancel_after_a_mebibyte(hub);
  ASSERT_EQ(store_.unfinished().size(), 1u);
  EXPECT_GE(store_.bytes_there(store_.unfinished().front()), kMiB);
  EXPECT_TRUE(store_.models().empty()) << "no name yet";
  hub.change([](HubBehavior& behavior) { behavior.bytes_per_second = 0; });
  const PullResult result = pull_from(hub, "hf:org/r");
  EXPECT_TRUE(content_of(result) == content);
  EXPECT_LE(result.fetched, content.size() - kMiB);
  EXPECT_TRUE(store_.unfinished().empty());
}

// A note that claims more than there is, or is malformed, is not trusted.
TEST_F(PullTest, ABrokenNoteMeansBeginningAnew) {
  HubServer hub;
  const std::string content = model_bytes(kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  const fs::path partial = store_.root() / "partial" / ("sha256-" + sha256_of(content));
  const std::vector<std::string> notes = {
      std::string("{"), std::string("null"), std::string(R"({"size":1048576,"sha256":7})"),
      R"({"size":1048576,"sha256":")" + sha256_of(content) + R"(","validator":"","there":[[0,2000000]]})",
      R"({"size":1048576,"sha256":")" + sha256_of(content) + R"(","validator":"","there":[[0,1048576]]})"};
  for (const std::string& note : notes) {
    fs::create_directories(partial.parent_path());
    folder_.write("models/partial/" + partial.filename().string() + ".json", note);
    EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == content);
    store_.remove("hf:org/r:Q8_0");
  }
}

}  // namespace
}  // namespace rocmforge::store
