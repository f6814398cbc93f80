#include "store/url.h"

#include <memory>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::store {
namespace {

constexpr std::size_t kLongestUrl = 16384;

struct CurlUrl {
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> handle{curl_url(), curl_url_cleanup};

  bool set(CURLUPart part, const std::string& text, unsigned flags = 0) {
    return curl_url_set(handle.get(), part, text.c_str(), flags) == CURLUE_OK;
  }
  std::string get(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle.get(), part, &text, flags) != CURLUE_OK) return "";
    std::string copy(text);
    curl_free(text);
    return copy;
  }
};

// Returns whether the text is free of control characters and spaces, which could end a line of the request.
bool is_sound(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
  }
  return !text.empty() && text.size() <= kLongestUrl;
}

std::string until_query(std::string_view text) { return printable(text.substr(0, text.find_first_of("?#"))); }

Error refusal(std::string_view text) {
  return error(ErrorCode::kUsage, "'{}' is not a web address, expected https://HOST/PATH", Url::shown_of(text));
}

}  // namespace

Url::Url(std::string text) {
  CurlUrl url;
  if (!is_sound(text) || !url.set(CURLUPART_URL, text)) throw refusal(text);
  const std::string scheme = url.get(CURLUPART_SCHEME);
  host_ = url.get(CURLUPART_HOST);
  if ((scheme != "https" && scheme != "http") || host_.empty()) throw refusal(text);
  for (char& c : host_) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  origin_ = fmt::format("{}://{}:{}", scheme, host_, url.get(CURLUPART_PORT, CURLU_DEFAULT_PORT));
  text_ = url.get(CURLUPART_URL);
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    curl_url_set(url.handle.get(), part, nullptr, 0);
  }
  shown_ = printable(url.get(CURLUPART_URL), 300);
}

std::string Url::shown_of(std::string_view text) {
  // The part before an @ may be a password.
  const std::size_t at = text.find('@');
  return at == std::string_view::npos ? until_query(text) : "…" + until_query(text.substr(at));
}

Url Url::parse(std::string_view text) { return Url(std::string(text)); }

Url Url::resolve(std::string_view location) const {
  CurlUrl url;
  const std::string where(location);
  if (!is_sound(where) || !url.set(CURLUPART_URL, text_) || !url.set(CURLUPART_URL, where)) throw refusal(location);
  return Url(url.get(CURLUPART_URL));
}

std::string Url::path() const {
  CurlUrl url;
  url.set(CURLUPART_URL, text_);
  return url.get(CURLUPART_PATH);
}

bool Url::is_loopback() const {
  // A name server can give any address to names other than localhost.
  const bool four_numbers = host_.starts_with("127.") && host_.find_first_not_of("0123456789.") == std::string::npos;
  return host_ == "localhost" || host_ == "[::1]" || four_numbers;
}

std::string percent_encoded(std::string_view path) {
  static constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string out;
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hexadecimal_digit(text[i + 1]);
    const int low = hexadecimal_digit(text[i + 2]);
    if (high < 0 || low < 0 || high * 16 + low == 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace rocmforge::store
