// Tests what a pull stores, from a hub, other addresses and files, and under which names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "store/pull_fixture.h"
#include "support/expect_error.h"

namespace rocmforge::store {
namespace {

using ::testing::HasSubstr;

std::size_t with_token(const std::vector<ReceivedRequest>& requests) {
  return static_cast<std::size_t>(std::ranges::count_if(
      requests, [](const ReceivedRequest& request) { return request.fields.contains("authorization"); }));
}

TEST_F(PullTest, BringsAFileInPartsAndFindsItAgain) {
  HubServer hub({.files_a_page = 2});
  const std::string content = model_bytes(5 * kMiB + 12345);
  hub.add("org/Tiny-GGUF", "a.md", "x");
  hub.add("org/Tiny-GGUF", "b.md", "x");
  hub.add("org/Tiny-GGUF", "Tiny-Q4_K_M.gguf", content);
  hub.add("org/Tiny-GGUF", "Tiny-Q8_0.gguf", model_bytes(100));
  const PullResult result = pull_from(hub, "hf:org/Tiny-GGUF");
  EXPECT_EQ(result.model.name, "hf:org/Tiny-GGUF:Q4_K_M");
  EXPECT_EQ(result.fetched, content.size());
  EXPECT_TRUE(content_of(result) == content);
  EXPECT_EQ(store_.file_of(result.model).filename(), "Tiny-Q4_K_M.gguf");
  EXPECT_TRUE(fs::exists(store_.blob(sha256_of(content))));
  EXPECT_EQ(count("partial"), 0u);
  EXPECT_GE(hub.elsewhere_requests().size(), 5u) << "in parts";
  // Nothing is fetched twice.
  const std::uint64_t sent = hub.bytes_sent();
  const PullResult again = pull_from(hub, "hf:org/Tiny-GGUF:q4_k_m");
  EXPECT_TRUE(again.was_there);
  EXPECT_LT(hub.bytes_sent() - sent, 10'000u);
}

// A file that the hub has replaced is fetched, and the old one is removed.
TEST_F(PullTest, FetchesWhatHasChangedOnTheHub) {
  HubServer hub;
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(1000, 1));
  pull_from(hub, "hf:org/r");
  hub.set_commit("fedcba9876543210");
  EXPECT_TRUE(pull_from(hub, "hf:org/r").was_there) << "another commit with the same file";
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(1000, 2));
  const PullResult result = pull_from(hub, "hf:org/r");
  EXPECT_FALSE(result.was_there);
  EXPECT_TRUE(content_of(result) == model_bytes(1000, 2));
  EXPECT_EQ(count("blobs"), 1u);
}

// The other host must not receive the user's token.
TEST_F(PullTest, TheTokenGoesToTheHubAlone) {
  HubServer hub({.token = "hf_secret"});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(3 * kMiB));
  const PullResult result = pull_from(hub, "hf:org/r", {}, "hf_secret");
  EXPECT_TRUE(content_of(result) == model_bytes(3 * kMiB));
  EXPECT_EQ(with_token(hub.hub_requests()), hub.hub_requests().size());
  EXPECT_GE(hub.elsewhere_requests().size(), 2u);
  EXPECT_EQ(with_token(hub.elsewhere_requests()), 0u);
}

TEST_F(PullTest, SaysWhatATokenIsNeededFor) {
  HubServer hub({.token = "hf_secret"});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(100));
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "set HF_TOKEN");
  EXPECT_ERROR(pull_from(hub, "hf:org/r", {}, "hf_other"), "HF_TOKEN is not accepted");
  HubServer gated({.token = "hf_secret", .is_gated = true});
  gated.add("org/r", "m-Q8_0.gguf", model_bytes(100));
  EXPECT_ERROR(pull_from(gated, "hf:org/r"), "accept their terms");
  EXPECT_ERROR(pull_from(hub, "hf:org/nothing", {}, "hf_secret"), "HTTP 404");
}

TEST_F(PullTest, AWrongChecksumNeverReachesTheStore) {
  HubServer hub;
  const std::string content = model_bytes(2 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  hub.file("org/r", "m-Q8_0.gguf").content[kMiB] ^= 1;  // one bit flips in transit
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "m-Q8_0.gguf: its SHA-256 is " +
                                               sha256_of(hub.file("org/r", "m-Q8_0.gguf").content) + ", expected " +
                                               sha256_of(content));
  EXPECT_EQ(count("blobs"), 0u);
  EXPECT_EQ(count("partial"), 0u);
  EXPECT_EQ(count("locks"), 1u) << "the store's own";
  EXPECT_TRUE(store_.models().empty());
  hub.file("org/r", "m-Q8_0.gguf").content = content;
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == content) << "and does not stand in the way";
}

TEST_F(PullTest, WhatIsNoGgufFileNeverReachesTheStore) {
  HubServer hub({.tells_sums = false});
  hub.add("org/r", "m-Q8_0.gguf", "<!DOCTYPE html> please log in");
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "m-Q8_0.gguf: is a web page");
  EXPECT_EQ(count("blobs"), 0u);
}

TEST_F(PullTest, ASplitModelOpensByItsFirstPart) {
  HubServer hub;
  for (const char* const name :
       {"d/m-Q8_0-00001-of-00003.gguf", "d/m-Q8_0-00002-of-00003.gguf", "d/m-Q8_0-00003-of-00003.gguf"}) {
    hub.add("org/r", name, model_bytes(1000, static_cast<unsigned>(name[13])));
  }
  const PullResult result = pull_from(hub, "hf:org/r");
  EXPECT_EQ(result.model.name, "hf:org/r:Q8_0");
  const fs::path first = store_.file_of(result.model);
  EXPECT_EQ(first.filename(), "m-Q8_0-00001-of-00003.gguf");
  EXPECT_TRUE(testing::read_text(first.parent_path() / "m-Q8_0-00003-of-00003.gguf") == model_bytes(1000, '3'));
}

// If two processes pull the same model, the file is fetched once.
TEST_F(PullTest, TwoAtOnceFetchOnce) {
  HubServer hub;
  const std::string content = model_bytes(4 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  hub.allow(100'000);
  std::vector<std::string> said;
  // The first one goes on when the second one has said that it waits.
  PullOptions second_options{.on_message = [&](const std::string& text) {
    said.push_back(text);
    hub.allow(UINT64_MAX);
  }};
  PullResult first;
  std::thread other([&] { first = pull_from(hub, "hf:org/r"); });
  while (hub.content_sent() < 100'000) std::this_thread::sleep_for(1ms);
  const PullResult second = pull_from(hub, "hf:org/r", second_options);
  other.join();
  EXPECT_TRUE(second.was_there);
  EXPECT_FALSE(first.was_there);
  EXPECT_TRUE(content_of(second) == content);
  EXPECT_LT(hub.bytes_sent(), content.size() + 10'000);
  EXPECT_THAT(said, ::testing::Contains(HasSubstr("waiting")));
}

// Two processes pull the same file under two names.
TEST_F(PullTest, TwoNamesAtOnceFetchTheirFileOnce) {
  HubServer hub;
  const std::string content = model_bytes(2 * kMiB);
  hub.add("org/r", "m-Q8_0.gguf", content);
  hub.allow(100'000);
  std::thread other([&] { pull_from(hub, "hf:org/r", {.name = "one"}); });
  while (hub.content_sent() < 100'000) std::this_thread::sleep_for(1ms);
  pull_from(hub, "hf:org/r", {.name = "two", .on_message = [&](const std::string&) { hub.allow(UINT64_MAX); }});
  other.join();
  EXPECT_EQ(store_.models().size(), 2u);
  EXPECT_EQ(count("blobs"), 1u);
  EXPECT_LT(hub.bytes_sent(), content.size() + 10'000);
}

TEST_F(PullTest, AnAddressElsewhereIsHeldToItsEtag) {
  HubServer hub({.sends_elsewhere = false, .tells_sums = false});
  hub.add("org/r", "big-Q8_0.gguf", model_bytes(2 * kMiB));
  // A revision other than main is fetched like any other address.
  const std::string url = hub.url() + "/org/r/resolve/0123456789abcdef0123456789abcdef01234567/big-Q8_0.gguf";
  const PullResult result = pull_from(hub, url);
  EXPECT_EQ(result.model.name, "big-Q8_0");
  EXPECT_TRUE(content_of(result) == model_bytes(2 * kMiB));
  EXPECT_TRUE(pull_from(hub, url).was_there);
  EXPECT_EQ(store_.meant_by(url).size(), 1u);
  hub.change([](HubBehavior& behavior) { behavior.etag = "\"two\""; });
  EXPECT_FALSE(pull_from(hub, url).was_there);
}

// The store keeps no secrets, but still recognises an address that contains one.
TEST_F(PullTest, AnAddressIsKnownByItsQueryToo) {
  HubServer hub({.sends_elsewhere = false});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(100));
  const std::string url = hub.url() + "/org/r/resolve/0123456789abcdef0123456789abcdef01234567/m-Q8_0.gguf?key=";
  const std::string shown = pull_from(hub, url + "SECRET").model.source;
  EXPECT_EQ(shown.find("SECRET"), std::string::npos);
  EXPECT_EQ(store_.meant_by(shown).size(), 1u) << "as it is listed";
  EXPECT_EQ(store_.meant_by(url + "SECRET").size(), 1u);
  EXPECT_TRUE(store_.meant_by(url + "other").empty());
}

TEST_F(PullTest, AModelHasOneNameInAnyCase) {
  HubServer hub;
  hub.add("org/Tiny-GGUF", "m-Q8_0.gguf", model_bytes(100));
  EXPECT_EQ(pull_from(hub, "hf:ORG/tiny-gguf:q8_0").model.name, "hf:org/Tiny-GGUF:Q8_0");
  EXPECT_TRUE(pull_from(hub, "hf:org/Tiny-GGUF").was_there);
}

TEST_F(PullTest, ASimpleMirrorWillDo) {
  HubServer hub({.is_simple = true});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(100));
  EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == model_bytes(100));
  EXPECT_ERROR(pull_from(hub, "hf:org/none"), "/api/models/org/none/revision/main: HTTP 404");
}

TEST_F(PullTest, TellsAPageForPeopleFromTheHubsAnswer) {
  HubServer hub({.login_page = "<html>Welcome to our network</html>"});
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "a network that requires a login");
}

TEST_F(PullTest, AFileNeedsNoToken) {
  const HubServer hub;
  const std::string path = folder_.write("m.gguf", model_bytes(100));
  EXPECT_EQ(pull_from(hub, path, {}, "no token\n").model.name, "m");
  EXPECT_ERROR(pull_from(hub, "hf:org/r", {}, "no token\n"), "HF_TOKEN");
}

TEST_F(PullTest, ASplitOnThisMachineIsOneSource) {
  const HubServer hub;
  folder_.write("m-00001-of-00002.gguf", model_bytes(100));
  const std::string second = folder_.write("m-00002-of-00002.gguf", model_bytes(100, 2));
  EXPECT_EQ(pull_from(hub, second).model.source, folder_ / "m-00001-of-00002.gguf");
  EXPECT_EQ(pull_from(hub, folder_ / "m-00001-of-00002.gguf").model.files.size(), 2u);
}

TEST_F(PullTest, AFileIsCopied) {
  HubServer hub;
  const std::string path = folder_.write("my model.gguf", model_bytes(5 * kMiB));
  const PullResult result = pull_from(hub, path);
  EXPECT_EQ(result.model.name, "my-model");
  EXPECT_TRUE(pull_from(hub, path).was_there);
  folder_.write("my model.gguf", "GGUF");
  EXPECT_TRUE(content_of(result) == model_bytes(5 * kMiB)) << "and is safe from what becomes of the original";
  EXPECT_ERROR(pull_from(hub, folder_.write("x.gguf", "PK..")), "begins with 'PK..'");
  EXPECT_ERROR(pull_from(hub, "org/repo"), "hf:org/repo");
  const std::string other = folder_.write("other/my model.gguf", model_bytes(100));
  EXPECT_ERROR(pull_from(hub, other), "--name gives this one another");
  EXPECT_EQ(pull_from(hub, other, {.name = "other"}).model.name, "other");
}

// A name with a space would be mistaken for a prompt.
TEST_F(PullTest, ANameHasNoSpaces) {
  HubServer hub;
  hub.add("org/r", "my model.gguf", model_bytes(100));
  hub.add("org/r", "other.gguf", model_bytes(100));
  const PullResult result = pull_from(hub, "hf:org/r:my model.gguf");
  EXPECT_EQ(result.model.name, "hf:org/r:my-model.gguf");
  EXPECT_EQ(store_.meant_by("r").size(), 1u) << "it is still the hub's";
  EXPECT_ERROR(pull_from(hub, "hf:org/r:other.gguf", {.name = "my model"}), "cannot be a model's name");
}

TEST_F(PullTest, RefusesAProjectorThatIsAskedFor) {
  HubServer hub;
  EXPECT_ERROR(pull_from(hub, folder_.write("mmproj-m-f16.gguf", model_bytes(100))), "pull the model");
  EXPECT_ERROR(pull_from(hub, hub.url() + "/some/other/place/mmproj-m-f16.gguf"), "pull the model");
}

// A hub must not be able to waste memory or time.
TEST_F(PullTest, AListingHasAnEnd) {
  HubServer hub({.endless_pages = true});
  hub.add("org/r", "m-Q8_0.gguf", model_bytes(100));
  EXPECT_ERROR(pull_from(hub, "hf:org/r"), "hf:org/r: its list of files has more than 100 pages");
  HubServer large({.files_a_page = 10'000});
  for (int i = 0; i < 3000; ++i) large.add("org/r", std::to_string(i) + std::string(800, 'a'), "x");
  EXPECT_ERROR(pull_from(large, "hf:org/r"), "is longer than 2.00 MiB");
}

// A partial copy could not be seen or removed, and the next copy starts over anyway.
TEST_F(PullTest, ACopyThatBreaksOffLeavesNothing) {
  const HubServer hub;
  const std::string path = folder_.write("m.gguf", model_bytes(9 * kMiB));
  std::uint64_t done = 0;
  WebOptions options = web_options(hub);
  options.is_cancelled = [&] { return done > 0; };
  Web web(std::move(options));
  const PullOptions watched{.on_progress = [&](const PullProgress& progress) { done = progress.done; }};
  EXPECT_THROW(pull(store_, web, FileSource{path}, watched), Error);
  EXPECT_GT(done, 0u);
  EXPECT_EQ(count("partial"), 0u);
  EXPECT_TRUE(store_.unfinished().empty());
  EXPECT_ERROR(pull_from(hub, folder_.write("x.gguf", "PK..")), "begins with 'PK..'");
  EXPECT_EQ(count("partial"), 0u);
}

}  // namespace
}  // namespace rocmforge::store
