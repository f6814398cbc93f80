#include "store/http.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::store {
namespace {

constexpr std::size_t kMostFields = 200;
constexpr const char* kUserAgent = "rocmforge/" ROCMFORGE_VERSION;

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

void start_curl_once() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw error(ErrorCode::kUnsupported, "libcurl: {}", curl_easy_strerror(started));
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  RF_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

}  // namespace

std::string HttpHead::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

struct HttpClient::Transfer {
  int number = 0;
  HttpReceiver receiver;
  HttpHead head;
  bool was_stopped = false;
  std::chrono::steady_clock::time_point last_byte = std::chrono::steady_clock::now();
  std::exception_ptr failure;
  std::array<char, CURL_ERROR_SIZE> problem{};
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> fields{nullptr, curl_slist_free_all};
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{nullptr, curl_easy_cleanup};

  void add_field(const std::string& line) {
    curl_slist* longer = curl_slist_append(fields.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    [[maybe_unused]] auto* same = fields.release();
    fields.reset(longer);
  }

  // No exception may propagate through libcurl.
  template <typename Function>
  bool guarded(const Function& function) {
    last_byte = std::chrono::steady_clock::now();
    try {
      if (function()) return true;
      was_stopped = true;
    } catch (...) {
      failure = std::current_exception();
    }
    return false;
  }

  bool take_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {
      head = {};
      const std::size_t space = line.find(' ');
      if (space != std::string_view::npos) {
        std::from_chars(line.data() + space + 1, line.data() + line.size(), head.status);
      }
      return true;
    }
    if (trimmed(line).empty()) return head.status < 200 || !receiver.on_head || receiver.on_head(head);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || head.fields.size() >= kMostFields) return true;
    head.fields[lower_case(trimmed(line.substr(0, colon)))] = trimmed(line.substr(colon + 1));
    return true;
  }

  static std::size_t on_line(char* line, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { return transfer.take_line({line, size}); }) ? size : 0;
  }
  static std::size_t on_bytes(char* bytes, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto data = std::as_bytes(std::span(bytes, size));
    const auto take = [&] { return !transfer.receiver.on_data || transfer.receiver.on_data(data); };
    return transfer.guarded(take) ? size : 0;
  }
};

struct HttpClient::State {
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi{nullptr, curl_multi_cleanup};
  std::map<int, std::unique_ptr<Transfer>> transfers;
  int last_number = 0;
};

HttpClient::HttpClient(HttpTimes times) : times_(times), state_(std::make_unique<State>()) {
  start_curl_once();
  state_->multi.reset(curl_multi_init());
  if (state_->multi == nullptr) throw std::bad_alloc();
}

HttpClient::~HttpClient() {
  for (const auto& [number, transfer] : state_->transfers) {
    curl_multi_remove_handle(state_->multi.get(), transfer->handle.get());
  }
}

int HttpClient::start(const HttpRequest& request, HttpReceiver receiver) {
  auto transfer = std::make_unique<Transfer>();
  transfer->receiver = std::move(receiver);
  transfer->handle.reset(curl_easy_init());
  CURL* const handle = transfer->handle.get();
  if (handle == nullptr) throw std::bad_alloc();
  transfer->add_field("Accept-Encoding: identity");  // the stored bytes must be those that are hashed
  if (!request.bearer.empty()) transfer->add_field("Authorization: Bearer " + request.bearer);
  if (!request.if_range.empty()) transfer->add_field("If-Range: " + request.if_range);
  set(handle, CURLOPT_URL, request.url.text().c_str());
  set(handle, CURLOPT_HTTPHEADER, transfer->fields.get());
  set(handle, CURLOPT_USERAGENT, kUserAgent);
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // the headers of a proxy
  // A request to this machine may contain a token, which a proxy's operator could read.
  if (request.url.is_loopback()) set(handle, CURLOPT_NOPROXY, "*");
  // Each transfer has its own connection, because transfers on one connection share its speed.
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_BUFFERSIZE, 262144L);
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(times_.connect.count()));
  set(handle, CURLOPT_ERRORBUFFER, transfer->problem.data());
  set(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_line);
  set(handle, CURLOPT_HEADERDATA, static_cast<void*>(transfer.get()));
  set(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_bytes);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(transfer.get()));
  // Like other programs, accept the user's certificates, for a proxy that inspects traffic.
  for (const char* const variable : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
    const char* const file = std::getenv(variable);
    if (file != nullptr && *file != '\0') set(handle, CURLOPT_CAINFO, file);
  }
  if (request.range) {
    set(handle, CURLOPT_RANGE, fmt::format("{}-{}", request.range->begin, request.range->end - 1).c_str());
  }
  transfer->number = ++state_->last_number;
  RF_CHECK(curl_multi_add_handle(state_->multi.get(), handle) == CURLM_OK);
  const int number = transfer->number;
  state_->transfers.emplace(number, std::move(transfer));
  return number;
}

std::vector<HttpEnd> HttpClient::wait(std::chrono::milliseconds longest) {
  std::vector<HttpEnd> ended;
  int running = 0;
  curl_multi_perform(state_->multi.get(), &running);
  take_ended(ended);
  if (!ended.empty()) return ended;
  curl_multi_poll(state_->multi.get(), nullptr, 0, static_cast<int>(longest.count()), nullptr);
  curl_multi_perform(state_->multi.get(), &running);
  take_ended(ended);
  take_stalled(ended);
  return ended;
}

// libcurl's own limit uses an average over several seconds.
void HttpClient::take_stalled(std::vector<HttpEnd>& ended) {
  const auto limit = std::chrono::steady_clock::now() - times_.stall;
  for (auto next = state_->transfers.begin(); next != state_->transfers.end();) {
    const auto current = next++;
    if (current->second->last_byte > limit) continue;
    ended.push_back(
        {.transfer = current->first,
         .problem = fmt::format("nothing came for {:.0f} s", std::chrono::duration<double>(times_.stall).count())});
    stop(current->first);
  }
}

void HttpClient::take_ended(std::vector<HttpEnd>& ended) {
  int waiting = 0;
  while (const CURLMsg* message = curl_multi_info_read(state_->multi.get(), &waiting)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode result = message->data.result;
    auto found = state_->transfers.begin();
    while (found->second->handle.get() != handle) ++found;
    curl_multi_remove_handle(state_->multi.get(), handle);
    const std::unique_ptr<Transfer> transfer = std::move(found->second);
    state_->transfers.erase(found);
    if (transfer->failure) std::rethrow_exception(transfer->failure);
    HttpEnd end{.transfer = transfer->number, .was_stopped = transfer->was_stopped};
    end.is_complete = result == CURLE_OK;
    if (result != CURLE_OK && !transfer->was_stopped) {
      end.is_lasting = result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
                       result == CURLE_COULDNT_RESOLVE_PROXY || result == CURLE_UNSUPPORTED_PROTOCOL;
      end.problem = printable(transfer->problem[0] != '\0' ? transfer->problem.data() : curl_easy_strerror(result));
    }
    ended.push_back(std::move(end));
  }
}

void HttpClient::stop(int transfer) {
  const auto found = state_->transfers.find(transfer);
  if (found == state_->transfers.end()) return;
  curl_multi_remove_handle(state_->multi.get(), found->second->handle.get());
  state_->transfers.erase(found);
}

std::optional<std::chrono::seconds> parse_retry_after(const std::string& field,
                                                      std::chrono::system_clock::time_point now) {
  std::uint32_t seconds = 0;
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), seconds);
  if (failure == std::errc() && end == field.data() + field.size()) return std::chrono::seconds(seconds);
  if (failure == std::errc()) return std::nullopt;
  const std::time_t date = curl_getdate(field.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const auto wait = std::chrono::system_clock::from_time_t(date) - now;
  return std::max(std::chrono::seconds(0), std::chrono::ceil<std::chrono::seconds>(wait));
}

}  // namespace rocmforge::store
