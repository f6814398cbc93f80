// Scans one JSON value byte by byte and detects where it ends. It accepts only JSON that any reader accepts: UTF-8,
// paired surrogates, finite numbers and bounded depth.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace rocmforge::text {

class JsonScanner {
 public:
  enum class Step {
    kMore,
    kDone,        // the value ends with this byte
    kDoneBefore,  // the value, a number, has ended; this byte is not part of it
    kBad,
  };

  explicit JsonScanner(int levels = kJsonMaxDepth) : levels_(static_cast<std::size_t>(levels)) {}

  // Consumes one byte and appends it to `json`. A control character within a string is escaped, because models write
  // them although JSON forbids it.
  Step step(char byte, std::string& json);

  // Returns whether the value is complete if nothing follows.
  bool complete() const;

 private:
  enum class State {
    kValue,
    kFirstElement,  // a value or ]
    kFirstKey,      // a string or }
    kKey,
    kColon,
    kNext,  // a comma or the container's end
    kString,
    kEscape,
    kHex,
    kLowSurrogate,  // the backslash of the second surrogate
    kLowSurrogateU,
    kNumber,
    kLiteral,
    kEnd,
  };

  Step begin_value(char byte);
  Step close(char bracket);
  Step value_ended();
  Step string_byte(char byte, std::string& json);
  Step hex_digit(char byte);
  Step number_byte(char byte);
  Step next(char byte);
  Step number_ended(char byte);
  Step escape(char byte);

  std::size_t levels_;
  State state_ = State::kValue;
  std::string open_;       // the brackets that are still open
  bool key_ = false;       // the current string is a key
  std::string character_;  // the first bytes of a character outside ASCII
  std::string number_;
  std::string_view literal_;
  int hex_digits_ = 0;
  unsigned code_unit_ = 0;
  bool high_surrogate_ = false;
};

// Returns the value of a JSON string literal. Requires: the scanner accepted the literal.
std::string json_string_value(std::string_view literal);

// Returns the text as a JSON string literal. Invalid UTF-8 becomes U+FFFD.
std::string json_string_literal(std::string_view text);

// Returns the text as it is written within such a literal. Requires: the text is UTF-8.
std::string json_escaped(std::string_view text);

// Returns the text as one JSON value without surrounding white space, or nothing if it is not one valid value.
std::optional<std::string> read_json(std::string_view text, int levels = kJsonMaxDepth);
std::optional<std::string> read_json_object(std::string_view text);

}  // namespace rocmforge::text
