// HTTP requests side by side, in the caller's thread: the only place, with url.cpp, that knows the library that does
// it.
//
// Redirects are not followed, so that whoever asks decides what goes to whom. Proxies are those of the environment
// (https_proxy, no_proxy), but for addresses of this machine. Only http: and https: are spoken.
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
  std::string bearer;  // a token for the server; empty: none
  std::optional<ByteRange> range = {};
  std::string if_range;  // the whole file is wanted if it is no longer this one
};

// What comes before the body.
struct HttpHead {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case

  // Empty where there is none.
  std::string field(const std::string& name) const;
  bool is_redirect() const { return status >= 300 && status < 400 && fields.contains("location"); }
};

// Either may return false to end the transfer, or throw: wait() throws it on.
struct HttpReceiver {
  std::function<bool(const HttpHead&)> on_head;
  std::function<bool(std::span<const std::byte>)> on_data;
};

struct HttpTimes {
  std::chrono::seconds connect{20};
  std::chrono::milliseconds stall{30'000};  // so long without a byte ends a transfer
};

// A transfer that has ended.
struct HttpEnd {
  int transfer = 0;
  bool is_complete = false;  // the whole answer was received
  bool was_stopped = false;  // by the receiver
  std::string problem = {};  // of the network or the server's protocol; empty otherwise
  bool is_lasting = false;   // the problem will be the same next time
};

class HttpClient {
 public:
  explicit HttpClient(HttpTimes times = {});
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // The number names the transfer until it has ended.
  int start(const HttpRequest& request, HttpReceiver receiver);

  // Lets all go on for about that long at most; returns those that have ended.
  std::vector<HttpEnd> wait(std::chrono::milliseconds longest);

  // Ends one without a word.
  void stop(int transfer);

 private:
  struct Transfer;
  struct State;

  void take_ended(std::vector<HttpEnd>& ended);
  void take_stalled(std::vector<HttpEnd>& ended);

  HttpTimes times_;
  std::unique_ptr<State> state_;
};

// What Retry-After says: seconds or a date. None where it makes no sense.
std::optional<std::chrono::seconds> parse_retry_after(const std::string& field,
                                                      std::chrono::system_clock::time_point now);

}  // namespace rocmforge::store
