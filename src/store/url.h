// A web address. It is parsed by the same library that connects to it, so that the two never disagree on which host it
// names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::store {

class Url {
 public:
  // Parses an http: or https: address with a host. Throws Error if it is malformed.
  static Url parse(std::string_view text);

  // Returns the address of a redirect or link, which may be relative. Throws Error if it is malformed or has another
  // scheme.
  Url resolve(std::string_view location) const;

  // Returns the path without the query, percent-encoded: "/org/model.gguf".
  std::string path() const;

  const std::string& text() const { return text_; }
  const std::string& host() const { return host_; }
  bool is_encrypted() const { return origin_.starts_with("https:"); }
  // Returns whether the host is this machine, so that nobody on the network can listen.
  bool is_loopback() const;

  // Returns scheme, host and port in full: "https://host:443".
  const std::string& origin() const { return origin_; }

  // Returns the address for messages: without user, password, query and fragment, which may contain secrets.
  const std::string& shown() const { return shown_; }
  // Does the same for a text that may not be an address.
  static std::string shown_of(std::string_view text);

 private:
  explicit Url(std::string text);

  std::string text_;
  std::string origin_;
  std::string host_;
  std::string shown_;
};

// Percent-encodes a path: letters, digits and -._~/ are kept, everything else becomes %XX.
std::string percent_encoded(std::string_view path);

// Reverses percent-encoding. Returns nothing if a % is not followed by two digits or the result would contain a NUL.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace rocmforge::store
