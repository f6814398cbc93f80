// Performs the requests of a model's download: follows redirects, sends the token only to the hub, and retries after
// temporary failures.
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
  std::string token;  // for the hub; may be empty
  RetryPolicy retry = {};
  HttpTimes times = {};
  std::function<bool()> is_cancelled = {};
  // Called with the reason before a wait.
  std::function<void(const std::string& reason, std::chrono::milliseconds wait)> on_wait = {};
};

// A file on a server, in its current state.
struct RemoteFile {
  Url url;  // after redirects
  std::uint64_t size = 0;
  std::string validator;    // changes with the content: a strong ETag or a date; empty if there is neither
  std::string sha256 = {};  // from the hub; empty if it gives none
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
  // Reads a page. Throws Error if the status is not 200 or the page is longer than `most` bytes.
  Page read(const Url& url, std::size_t most);

  // Finds a file's real address and properties by requesting one byte. `listed_size` is used if the server does not
  // give the size.
  RemoteFile find(const Url& url, std::optional<std::uint64_t> listed_size = {});

  // Returns the token for that address, which is empty for hosts other than the hub's. Throws Error if the token has
  // characters that cannot be sent.
  const std::string& token_for(const Url& url) const;

  const WebOptions& options() const { return options_; }
  // Throws Error kCancelled without a message if the operation is cancelled.
  void check_cancelled() const;
  // Reports the reason and waits.
  void pause(const std::string& reason, std::chrono::milliseconds wait) const;

  // Returns the Error for an unsuccessful response.
  Error refusal(const Url& url, const HttpHead& head) const;

 private:
  Page follow(const Url& first, std::optional<ByteRange> range, std::size_t most,
              const std::function<void(const Page&)>& on_page);
  Page persist(const HttpRequest& request, std::size_t most);
  HttpEnd once(const HttpRequest& request, std::size_t most, Page& page);

  WebOptions options_;
  std::string no_token_;
  HttpClient client_;
  bool has_answered_ = false;  // whether any server has responded, so that the network works
};

// Returns whether it makes sense to retry after this status.
bool is_passing(int status);
std::optional<std::chrono::seconds> asked_wait(const HttpHead& head);
// Returns "HTTP 503" with the server's own explanation.
std::string describe(const HttpHead& head);

// The numbers of a field "bytes 0-99/1234".
struct ContentRange {
  ByteRange range;
  std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(const std::string& field);

}  // namespace rocmforge::store
