// Requests as a model's download makes them: redirects are followed here, the token goes to the hub and to nobody else,
// and what failed for a passing reason is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "store/backoff.h"
#include "store/http.h"
#include "store/url.h"

namespace rocmforge::store {

struct WebOptions {
  Url hub = Url::parse("https://huggingface.co");
  std::string token;  // for the hub; empty: none
  RetryPolicy retry = {};
  HttpTimes times = {};
  std::function<bool()> is_cancelled = {};
  // Why nothing happens for a while, in words.
  std::function<void(const std::string& reason, std::chrono::milliseconds wait)> on_wait = {};
};

// A file on some server, as it is now.
struct RemoteFile {
  Url url;  // where it really is
  std::uint64_t size = 0;
  std::string validator;    // changes with the content: a strong ETag or a date; empty: neither
  std::string sha256 = {};  // from the hub; empty: none given
  bool has_ranges = false;
};

class Web {
 public:
  explicit Web(WebOptions options);

  struct Page {
    Url url;  // after redirects
    HttpHead head;
    std::string body;
  };
  // An Error for an answer other than 200, and for one longer than `most` bytes.
  Page read(const Url& url, std::size_t most);

  // Where a file is and what it is, for one byte of it. `listed_size` counts where the server itself does not say.
  RemoteFile find(const Url& url, std::optional<std::uint64_t> listed_size = {});

  // The token for that address; empty for another host than the hub's. An Error for a token that cannot be sent.
  const std::string& token_for(const Url& url) const;

  const WebOptions& options() const { return options_; }
  // As an Error of the code kCancelled without a message.
  void check_cancelled() const;
  // Waits, and says why.
  void pause(const std::string& reason, std::chrono::milliseconds wait) const;

  // What an answer that is no success means to a person.
  Error refusal(const Url& url, const HttpHead& head) const;

 private:
  Page follow(const Url& first, std::optional<ByteRange> range, std::size_t most,
              const std::function<void(const Page&)>& on_page);
  Page persist(const HttpRequest& request, std::size_t most);
  HttpEnd once(const HttpRequest& request, std::size_t most, Page& page);

  WebOptions options_;
  std::string no_token_;
  HttpClient client_;
  bool has_answered_ = false;  // some server, so that the network works
};

// The answers after which it makes sense to try again.
bool is_passing(int status);
std::optional<std::chrono::seconds> asked_wait(const HttpHead& head);
// "HTTP 503", with what the server says of it.
std::string describe(const HttpHead& head);

// The numbers of "bytes 0-99/1234"; none where they make no sense.
struct ContentRange {
  ByteRange range;
  std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(const std::string& field);

}  // namespace rocmforge::store
