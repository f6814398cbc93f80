// Tests addresses, waits and header fields: a server is trusted only as far as its response makes sense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "store/sha256.h"
#include "store/web.h"
#include "support/expect_error.h"

namespace rocmforge::store {
namespace {

using namespace std::chrono_literals;

// The token is sent if the origin is the hub's: two spellings of one host are the same, and nothing else is.
TEST(Url, OriginIsSchemeHostAndPort) {
  const auto origin = [](const char* text) { return Url::parse(text).origin(); };
  EXPECT_EQ(origin("https://Hub.Example/a"), "https://hub.example:443");
  EXPECT_EQ(origin("https://hub.example:443"), origin("https://hub.example/x?y"));
  EXPECT_NE(origin("http://hub.example:443"), origin("https://hub.example"));
  EXPECT_NE(origin("https://hub.example:444"), origin("https://hub.example"));
  EXPECT_EQ(origin("https://hub.example@evil.example/"), "https://evil.example:443");
  EXPECT_EQ(origin("https://user:hub.example@evil.example/"), "https://evil.example:443");
}

TEST(Url, RefusesWhatIsNoAddressOnTheWeb) {
  for (const char* const text :
       {"file:///etc/passwd", "ftp://a/b", "https://", "", "https://a/b c", "https://a/\r\nHost: b", "javascript:x"}) {
    EXPECT_ERROR(Url::parse(text), "is not a web address");
  }
}

TEST(Url, FollowsRelativeRedirectsAndRefusesOtherKinds) {
  const Url url = Url::parse("https://hub.example/org/repo/resolve/main/a.gguf?x=1");
  EXPECT_EQ(url.resolve("/other/b.gguf").text(), "https://hub.example/other/b.gguf");
  EXPECT_EQ(url.resolve("b.gguf").text(), "https://hub.example/org/repo/resolve/main/b.gguf");
  EXPECT_EQ(url.resolve("//cdn.example/c").origin(), "https://cdn.example:443");
  EXPECT_ERROR(url.resolve("file:///etc/passwd"), "not a web address");
}

// Signed addresses and passwords must not appear in a log that somebody may publish.
TEST(Url, ShowsNoSecrets) {
  const Url url = Url::parse("https://user:password@cdn.example/model.gguf?Signature=SECRET#x");
  EXPECT_EQ(url.shown(), "https://cdn.example/model.gguf");
  EXPECT_ERROR(Url::parse("ftp://user:password@host/?key=SECRET"), "'…@host/'");
}

TEST(Url, KnowsThisMachine) {
  EXPECT_TRUE(Url::parse("http://127.0.0.9:80/").is_loopback());
  EXPECT_TRUE(Url::parse("http://localhost/").is_loopback());
  EXPECT_TRUE(Url::parse("http://[::1]:8080/").is_loopback());
  EXPECT_FALSE(Url::parse("http://127.0.0.1.example/").is_loopback());
}

TEST(Url, EncodesAndDecodesPaths) {
  EXPECT_EQ(percent_encoded("folder/a b%é.gguf"), "folder/a%20b%25%C3%A9.gguf");
  EXPECT_EQ(percent_decoded("a%20b%25"), "a b%");
  EXPECT_FALSE(percent_decoded("a%2"));
  EXPECT_FALSE(percent_decoded("a%00b"));
}

// Clients that were refused together must not retry together, and nobody waits forever.
TEST(Backoff, DoublesGivesUpAndHearsTheServer) {
  Backoff backoff({.attempts = 4, .first = 100ms, .longest = 300ms, .longest_asked = 60s}, 1);
  const auto first = backoff.next();
  ASSERT_TRUE(first);
  EXPECT_GE(*first, 75ms);
  EXPECT_LE(*first, 125ms);
  EXPECT_GE(backoff.next(10s), 10s);
  EXPECT_LE(backoff.next(), 375ms);
  EXPECT_FALSE(backoff.next());
  backoff.reset();
  EXPECT_TRUE(backoff.next());
  EXPECT_FALSE(backoff.next(61s)) << "longer than anybody would wait";
}

TEST(Backoff, ReadsSecondsAndDates) {
  const auto now = std::chrono::system_clock::from_time_t(1'700'000'000);  // 2023-11-14 22:13:20
  EXPECT_EQ(parse_retry_after("7", now), 7s);
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:13:50 GMT", now), 30s);
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:00:00 GMT", now), 0s);
  EXPECT_FALSE(parse_retry_after("soon", now));
  EXPECT_FALSE(parse_retry_after("7x", now));
}

TEST(ContentRange, IsBelievedOnlyIfItMakesSense) {
  const auto range = parse_content_range("bytes 5-9/20");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->range, (ByteRange{5, 10}));
  EXPECT_EQ(range->total, 20u);
  for (const char* const field : {"", "bytes 5-9/*", "bytes 9-5/20", "bytes 5-20/20", "items 5-9/20", "bytes -9/20",
                                  "bytes 5-99999999999999999999/20"}) {
    EXPECT_FALSE(parse_content_range(field)) << field;
  }
}

// A line break in the token would begin another line of the request.
TEST(Web, RefusesATokenThatIsNone) {
  const Web web({.token = "hf_a\r\nX: y"});
  EXPECT_ERROR(web.token_for(web.options().hub), "HF_TOKEN");
  EXPECT_EQ(web.token_for(Url::parse("https://example.org")), "") << "nobody else is told, or hears of it";
}

TEST(Web, RefusesWhatComesUnencrypted) {
  Web web(WebOptions{});
  EXPECT_ERROR(web.find(Url::parse("http://127.0.0.1:9/a.gguf")), "unencrypted");
}

TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(is_sha256(sha256_of("")));
  EXPECT_FALSE(is_sha256("../../../etc"));
}

}  // namespace
}  // namespace rocmforge::store
