// An address on the web, taken apart by the same library that will connect to it, so that the two never disagree on
// which host it names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::store {

class Url {
 public:
  // http: or https:, with a host. An Error says what is wrong with it.
  static Url parse(std::string_view text);

  // Where a redirect or a link leads, which may be relative. An Error if that is nowhere, or to another kind of
  // address.
  Url resolve(std::string_view location) const;

  // Without its query; the path is percent-encoded: "/org/model.gguf".
  std::string path() const;

  const std::string& text() const { return text_; }
  const std::string& host() const { return host_; }
  bool is_encrypted() const { return origin_.starts_with("https:"); }
  // A host that is this machine, where nobody can listen on the way.
  bool is_loopback() const;

  // "https://host:443": scheme, host and port, written out.
  const std::string& origin() const { return origin_; }

  // For messages: without user, password, query and fragment, which may hold secrets.
  const std::string& shown() const { return shown_; }
  // The same for a text that may be no address at all.
  static std::string shown_of(std::string_view text);

 private:
  explicit Url(std::string text);

  std::string text_;
  std::string origin_;
  std::string host_;
  std::string shown_;
};

// For a path: letters, digits and -._~/ stay, all else becomes %XX.
std::string percent_encoded(std::string_view path);

// The reverse; none where a % is followed by no two digits or the result would hold a zero byte.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace rocmforge::store
