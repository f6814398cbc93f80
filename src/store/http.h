// Performs several HTTP requests at a time in the caller's thread. Only this file and url.cpp use libcurl.
//
// Redirects are not followed, so that the caller decides what is sent to which server. Proxies are taken from the
// environment (https_proxy, no_proxy), except for addresses of this machine. Only http: and https: are supported.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/byte_ranges.h"
#include "store/url.h"

namespace rocmforge::store {

struct HttpRequest {
  Url url;
  std::string bearer;  // a token for the server; may be empty
  std::optional<ByteRange> range = {};
  std::string if_range;  // the validator of the expected file; if it has changed, the server sends the whole file
};

// The status and the header fields of a response.
struct HttpHead {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case

  // Returns an empty string if there is no such field.
  std::string field(const std::string& name) const;
  bool is_redirect() const { return status >= 300 && status < 400 && fields.contains("location"); }
};

// The callbacks of a transfer. Either may return false to end the transfer, or throw; wait() rethrows the exception.
struct HttpReceiver {
  std::function<bool(const HttpHead&)> on_head;
  std::function<bool(std::span<const std::byte>)> on_data;
};

struct HttpTimes {
  std::chrono::seconds connect{20};
  std::chrono::milliseconds stall{30'000};  // a transfer ends if no byte arrives for this long
};

// The result of a transfer.
struct HttpEnd {
  int transfer = 0;
  bool is_complete = false;  // the whole response was received
  bool was_stopped = false;  // by the receiver
  std::string problem = {};  // a problem of the network or of the server's protocol; empty if there was none
  bool is_lasting = false;   // retrying would give the same problem
};

class HttpClient {
 public:
  explicit HttpClient(HttpTimes times = {});
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // Starts a transfer and returns its number, which is valid until the transfer has ended.
  int start(const HttpRequest& request, HttpReceiver receiver);

  // Runs all transfers for about `longest` at most, and returns those that have ended.
  std::vector<HttpEnd> wait(std::chrono::milliseconds longest);

  // Ends a transfer silently.
  void stop(int transfer);

 private:
  struct Transfer;
  struct State;

  void take_ended(std::vector<HttpEnd>& ended);
  void take_stalled(std::vector<HttpEnd>& ended);

  HttpTimes times_;
  std::unique_ptr<State> state_;
};

// Parses the field Retry-After, seconds or a date. Returns nothing if it is malformed.
std::optional<std::chrono::seconds> parse_retry_after(const std::string& field,
                                                      std::chrono::system_clock::time_point now);

}  // namespace rocmforge::store
