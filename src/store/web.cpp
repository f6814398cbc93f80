#include "store/web.h"

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "store/sha256.h"

namespace rocmforge::store {
namespace {

using std::chrono::milliseconds;

constexpr int kMostRedirects = 10;
constexpr int kFirstAttempts = 4;  // if no server has responded yet: the network is down or the name is wrong
constexpr std::size_t kMostIgnoredBytes = 65536;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Returns abc for both "\"abc\"" and "W/\"abc\"".
std::string bare_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::string validator_of(const HttpHead& head) {
  const std::string etag = head.field("etag");
  return !etag.empty() && !etag.starts_with("W/") ? etag : head.field("last-modified");
}

Url target_of(const Web::Page& redirect) {
  const std::string location = redirect.head.field("location");
  try {
    return redirect.url.resolve(location);
  } catch (const Error&) {
    throw error(ErrorCode::kIo, "{}: redirects to '{}', which is not a web address", redirect.url.shown(),
                Url::shown_of(location));
  }
}

void check_token(const std::string& token) {
  // A line feed in the token would begin another line of the request.
  const auto is_sound = [](char c) { return c > ' ' && c < 0x7f; };
  if (!std::ranges::all_of(token, is_sound)) {
    throw error(ErrorCode::kUsage, "HF_TOKEN contains characters that no token has");
  }
}

}  // namespace

bool is_passing(int status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

std::optional<std::chrono::seconds> asked_wait(const HttpHead& head) {
  const std::string field = head.field("retry-after");
  if (field.empty()) return std::nullopt;
  return parse_retry_after(field, std::chrono::system_clock::now());
}

std::string describe(const HttpHead& head) {
  const std::string said = head.field("x-error-message");
  return fmt::format("HTTP {}{}", head.status, said.empty() ? "" : fmt::format(" ({})", printable(said, 200)));
}

std::optional<ContentRange> parse_content_range(const std::string& field) {
  constexpr std::string_view kUnit = "bytes ";
  std::string_view text = field;
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto begin = parse_number(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto last = parse_number(text.substr(dash + 1, slash - dash - 1));
  const auto total = parse_number(text.substr(slash + 1));
  if (!begin || !last || !total || *begin > *last || *last >= *total) return std::nullopt;
  return ContentRange{{*begin, *last + 1}, *total};
}

Web::Web(WebOptions options) : options_(std::move(options)), client_(options_.times) {}

const std::string& Web::token_for(const Url& url) const {
  if (url.origin() != options_.hub.origin()) return no_token_;
  check_token(options_.token);
  return options_.token;
}

void Web::check_cancelled() const {
  if (options_.is_cancelled && options_.is_cancelled()) throw Error(ErrorCode::kCancelled, "");
}

void Web::pause(const std::string& reason, milliseconds wait) const {
  constexpr milliseconds kBetweenLooks{50};
  if (options_.on_wait) options_.on_wait(reason, wait);
  const auto end = std::chrono::steady_clock::now() + wait;
  for (auto now = std::chrono::steady_clock::now(); now < end; now = std::chrono::steady_clock::now()) {
    check_cancelled();
    std::this_thread::sleep_for(std::min(kBetweenLooks, std::chrono::ceil<milliseconds>(end - now)));
  }
  check_cancelled();
}

Error Web::refusal(const Url& url, const HttpHead& head) const {
  const bool is_hub = url.origin() == options_.hub.origin();
  const std::string code = head.field("x-error-code");
  const std::string message = fmt::format("{}: {}", url.shown(), describe(head));
  if (is_hub && (code == "GatedRepo" || head.status == 403)) {
    return Error(ErrorCode::kNotFound, message + ": access to this model is granted by its makers",
                 "accept their terms on its page, and set HF_TOKEN to a token of your account");
  }
  if (is_hub && head.status == 401) {
    // The hub does not tell anonymous users which repositories exist.
    return options_.token.empty()
               ? Error(ErrorCode::kNotFound, message + ": there is no such model, or it is not open to all",
                       "check its name; for a private one set HF_TOKEN to a token of your account")
               : Error(ErrorCode::kNotFound, message + ": HF_TOKEN is not accepted, or may not see this model");
  }
  const ErrorCode kind = head.status == 404 || head.status == 410 ? ErrorCode::kNotFound : ErrorCode::kIo;
  if (kind != ErrorCode::kNotFound) return Error(kind, message);
  return Error(kind, message + ": there is no such thing", is_hub ? "check the model's name, as its page has it" : "");
}

HttpEnd Web::once(const HttpRequest& request, std::size_t most, Page& page) {
  page = {request.url, {}, {}};
  HttpReceiver receiver;
  receiver.on_head = [&](const HttpHead& head) {
    page.head = head;
    // Stop if the server sends the whole file instead of one byte.
    return !(request.range && head.status == 200);
  };
  receiver.on_data = [&](std::span<const std::byte> data) {
    if (data.size() > most - page.body.size()) return false;
    page.body.append(reinterpret_cast<const char*>(data.data()), data.size());
    return true;
  };
  const int transfer = client_.start(request, std::move(receiver));
  for (;;) {
    const std::vector<HttpEnd> ended = client_.wait(milliseconds(100));
    if (!ended.empty()) return ended.front();
    if (options_.is_cancelled && options_.is_cancelled()) client_.stop(transfer);
    check_cancelled();
  }
}

Web::Page Web::persist(const HttpRequest& request, std::size_t most) {
  RetryPolicy policy = options_.retry;
  if (!has_answered_) policy.attempts = std::min(policy.attempts, kFirstAttempts);
  Backoff backoff(policy);
  for (;;) {
    check_cancelled();
    Page page{request.url, {}, {}};
    const HttpEnd end = once(request, most, page);
    has_answered_ = has_answered_ || page.head.status != 0;
    if (end.problem.empty() && !is_passing(page.head.status)) {
      const bool is_success = page.head.status == 200 || page.head.status == 206;
      if (end.was_stopped && is_success && !request.range) {
        throw error(ErrorCode::kTooLarge, "{}: the answer is longer than {}", request.url.shown(), format_bytes(most));
      }
      return page;
    }
    const std::string reason = end.problem.empty() ? describe(page.head) : end.problem;
    const auto asked = asked_wait(page.head);
    const auto wait = end.is_lasting ? std::nullopt : backoff.next(asked);
    if (!wait) {
      const std::string when = asked ? fmt::format("; the server asks to wait {} s", asked->count()) : "";
      throw Error(ErrorCode::kIo, fmt::format("{}: {}{}", request.url.shown(), reason, when),
                  end.is_lasting ? "" : "try the same command later");
    }
    pause(fmt::format("{}: {}", request.url.host(), reason), *wait);
  }
}

Web::Page Web::follow(const Url& first, std::optional<ByteRange> range, std::size_t most,
                      const std::function<void(const Page&)>& on_page) {
  Url url = first;
  if (!url.is_encrypted() && url.origin() != options_.hub.origin()) {
    throw Error(ErrorCode::kUsage, url.shown() + ": what comes unencrypted could be anything",
                "use an https: address, or --hub for a mirror of your own");
  }
  for (int i = 0; i <= kMostRedirects; ++i) {
    Page page = persist({url, token_for(url), range, {}}, most);
    if (on_page) on_page(page);
    if (!page.head.is_redirect()) return page;
    const Url next = target_of(page);
    if (first.is_encrypted() && !next.is_encrypted()) {
      throw error(ErrorCode::kIo, "{}: redirects to {}, which is not encrypted", url.shown(), next.shown());
    }
    url = next;
  }
  throw error(ErrorCode::kIo, "{}: more than {} redirects", first.shown(), kMostRedirects);
}

Web::Page Web::read(const Url& url, std::size_t most) {
  Page page = follow(url, std::nullopt, most, {});
  if (page.head.status != 200) throw refusal(page.url, page.head);
  return page;
}

RemoteFile Web::find(const Url& url, std::optional<std::uint64_t> listed_size) {
  std::string sha256;
  std::optional<std::uint64_t> linked_size;
  // Reads what the hub itself says about the file before it redirects to another host.
  const auto read_links = [&](const Page& page) {
    if (page.url.origin() != options_.hub.origin()) return;
    const std::string etag = normal_sha256(bare_etag(page.head.field("x-linked-etag")));
    if (!etag.empty()) sha256 = etag;
    if (const auto size = parse_number(page.head.field("x-linked-size"))) linked_size = size;
  };
  const Page page = follow(url, ByteRange{0, 1}, kMostIgnoredBytes, read_links);
  RemoteFile file{.url = page.url, .validator = validator_of(page.head), .sha256 = sha256};
  if (page.head.status == 206) {
    const auto range = parse_content_range(page.head.field("content-range"));
    if (!range) {
      throw error(ErrorCode::kIo, "{}: answers a range by '{}'", page.url.shown(),
                  printable(page.head.field("content-range")));
    }
    file.size = range->total;
    file.has_ranges = true;
  } else if (page.head.status == 200) {
    auto size = parse_number(page.head.field("content-length"));
    if (!size) size = linked_size ? linked_size : listed_size;
    if (!size) throw error(ErrorCode::kUnsupported, "{}: does not say how long the file is", page.url.shown());
    file.size = *size;
  } else {
    throw refusal(page.url, page.head);
  }
  if (linked_size && *linked_size != file.size) {
    throw error(ErrorCode::kIo, "{}: has {}, but {} says {}", page.url.shown(), format_exact_bytes(file.size),
                options_.hub.host(), format_exact_bytes(*linked_size));
  }
  return file;
}

}  // namespace rocmforge::store
