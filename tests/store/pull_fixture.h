// A fixture for pulls from a local hub into a temporary store.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "store/pull.h"
#include "support/hub_server.h"
#include "support/temp_folder.h"

namespace rocmforge::store {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HubBehavior;
using testing::HubServer;
using testing::model_bytes;
using testing::ReceivedRequest;
using testing::TempFolder;

inline constexpr std::size_t kMiB = std::size_t{1} << 20;

class PullTest : public ::testing::Test {
 protected:
  WebOptions web_options(const HubServer& hub, std::string token = "") const {
    WebOptions options{.hub = Url::parse(hub.url()), .token = std::move(token)};
    options.retry = {.attempts = 5, .first = 5ms, .longest = 20ms, .longest_asked = 2s};
    options.times = {.connect = 5s, .stall = 5s};
    return options;
  }
  PullResult pull_from(const HubServer& hub, const std::string& source, const PullOptions& options = {},
                       std::string token = "") const {
    Web web(web_options(hub, std::move(token)));
    return pull(store_, web, parse_source(source, web.options().hub), options);
  }
  // Cancels a pull of org/r after a mebibyte. The hub must send slowly enough.
  void cancel_after_a_mebibyte(const HubServer& hub) const {
    std::uint64_t done = 0;
    WebOptions options = web_options(hub);
    options.is_cancelled = [&] { return done > kMiB; };
    Web web(std::move(options));
    const PullOptions watched{.on_progress = [&](const PullProgress& progress) { done = progress.done; }};
    EXPECT_THROW(pull(store_, web, HubSource{"org/r", ""}, watched), Error);
  }
  // Checks that a whole file is fetched and almost nothing of it twice.
  void expect_fetched_once(const HubBehavior& behavior, std::size_t size) const {
    HubServer hub(behavior);
    const std::string content = model_bytes(size);
    hub.add("org/r", "m-Q8_0.gguf", content);
    EXPECT_TRUE(content_of(pull_from(hub, "hf:org/r")) == content);
    EXPECT_LT(hub.bytes_sent(), content.size() + 100'000);
  }
  std::string content_of(const PullResult& result) const { return testing::read_text(store_.file_of(result.model)); }
  std::size_t count(const char* folder) const {
    return fs::exists(store_.root() / folder)
               ? static_cast<std::size_t>(std::distance(fs::directory_iterator(store_.root() / folder), {}))
               : 0;
  }

  TempFolder folder_{testing::memory_disk()};
  ModelStore store_{folder_.path() / "models"};
};

}  // namespace rocmforge::store
