#include "text/chat/python_literal.h"

#include "base/text.h"
#include "base/utf8.h"
#include "text/chat/json_scanner.h"

namespace rocmforge::text {
namespace {

constexpr int kEnd = ByteStream::kEnd;
constexpr std::size_t kWordLimit = 400;  // of a number

Task<int> next_visible(ByteStream& stream) {
  int byte = co_await stream.peek();
  while (is_space(byte)) {
    stream.take();
    byte = co_await stream.peek();
  }
  co_return byte;
}

// Reads `count` hexadecimal digits and returns their value; -1 if there are fewer.
Task<long> hex_number(ByteStream& stream, int count) {
  long value = 0;
  for (int i = 0; i < count; ++i) {
    const int byte = co_await stream.peek();
    const int digit = byte == ByteStream::kEnd ? -1 : hexadecimal_digit(static_cast<char>(byte));
    if (digit < 0) co_return -1;
    stream.take();
    value = value << 4 | digit;
  }
  co_return value;
}

// Reads a character after \u. JSON writes it as two halves if it is above U+FFFF.
Task<bool> unicode_escape(ByteStream& stream, std::string& text) {
  const long first = co_await hex_number(stream, 4);
  if (first < 0 || (first >= 0xdc00 && first < 0xe000)) co_return false;
  if (first < 0xd800 || first >= 0xe000) {
    append_utf8(text, static_cast<char32_t>(first));
    co_return true;
  }
  for (const char expected : {'\\', 'u'}) {
    const int byte = co_await stream.peek();
    if (byte != expected) co_return false;
    stream.take();
  }
  const long second = co_await hex_number(stream, 4);
  if (second < 0xdc00 || second >= 0xe000) co_return false;
  append_utf8(text, static_cast<char32_t>(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
  co_return true;
}

// Reads an escape after its backslash. Like Python, it keeps an unknown escape unchanged, including the backslash.
Task<bool> escape(ByteStream& stream, std::string& text) {
  const int byte = co_await stream.peek();
  if (byte == kEnd) co_return false;
  stream.take();
  if (byte == 'x' || byte == 'U') {
    const long value = co_await hex_number(stream, byte == 'x' ? 2 : 8);
    if (value < 0) co_return false;
    append_utf8(text, static_cast<char32_t>(value));
    co_return true;
  }
  if (byte == 'u') {
    const bool read = co_await unicode_escape(stream, text);
    co_return read;
  }
  constexpr std::string_view kLetters = "nrtbfa0\\'\"/\n";
  constexpr std::string_view kMeanings("\n\r\t\b\f\a\0\\'\"/", 11);
  const std::size_t found = kLetters.find(static_cast<char>(byte));
  if (found == std::string_view::npos) {
    text += '\\';
    text += static_cast<char>(byte);
  } else if (found < kMeanings.size()) {
    text += kMeanings[found];
  }
  co_return true;
}

bool may_follow_string(int byte) {
  return byte == kEnd || byte == ',' || byte == ')' || byte == ']' || byte == '}' || byte == ':';
}

Task<bool> string_literal(ByteStream& stream, std::string& json) {
  const int quote = co_await stream.peek();
  stream.take();
  std::string text;
  for (;;) {
    int byte = co_await stream.peek();
    if (byte == kEnd) co_return false;
    stream.take();
    if (byte == '\\') {
      const bool known = co_await escape(stream, text);
      if (!known) co_return false;
      continue;
    }
    if (byte != quote) {
      text += static_cast<char>(byte);
      continue;
    }
    std::string space;
    for (byte = co_await stream.peek(); is_space(byte); byte = co_await stream.peek()) {
      space += static_cast<char>(byte);
      stream.take();
    }
    if (may_follow_string(byte)) break;
    text += static_cast<char>(quote);
    text += space;
  }
  json += json_string_literal(text);
  co_return true;
}

Task<bool> word(ByteStream& stream, std::string& json) {
  std::string seen;
  for (;;) {
    const int byte = co_await stream.peek();
    const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    if (!letter && !(byte >= '0' && byte <= '9') && byte != '.' && byte != '-' && byte != '+') break;
    if (seen.size() == kWordLimit) co_return false;
    stream.take();
    seen += static_cast<char>(byte);
  }
  if (seen == "True" || seen == "true") {
    seen = "true";
  } else if (seen == "False" || seen == "false") {
    seen = "false";
  } else if (seen == "None" || seen == "null") {
    seen = "null";
  } else {
    if (seen.starts_with('+')) seen.erase(0, 1);
    if (seen.ends_with('.')) seen += '0';
    if (seen.starts_with('.')) seen.insert(0, 1, '0');
    if (!read_json(seen)) co_return false;
  }
  json += seen;
  co_return true;
}

char closing_bracket(int open) { return open == '{' ? '}' : open == '[' ? ']' : ')'; }

Task<bool> container(ByteStream& stream, std::string& json, int levels) {
  const int open = co_await stream.peek();
  if (levels == 0) co_return false;
  stream.take();
  const char close = closing_bracket(open);
  json += open == '{' ? '{' : '[';
  for (bool first = true;; first = false) {
    int byte = co_await next_visible(stream);
    if (!first && byte != close) {
      if (byte != ',') co_return false;
      stream.take();
      byte = co_await next_visible(stream);  // Python allows a comma before the end
    }
    if (byte == close) break;
    if (!first) json += ", ";
    if (open == '{') {
      if (byte != '"' && byte != '\'') co_return false;
      const bool key = co_await string_literal(stream, json);
      const int colon = co_await next_visible(stream);
      if (!key || colon != ':') co_return false;
      stream.take();
      json += ": ";
    }
    const bool value = co_await read_python_value(stream, json, levels - 1);
    if (!value) co_return false;
  }
  stream.take();
  json += open == '{' ? '}' : ']';
  co_return true;
}

}  // namespace

Task<bool> read_python_value(ByteStream& stream, std::string& json, int levels) {
  const int byte = co_await next_visible(stream);
  bool read = false;
  if (byte == '{' || byte == '[' || byte == '(') {
    read = co_await container(stream, json, levels);
  } else if (byte == '"' || byte == '\'') {
    read = co_await string_literal(stream, json);
  } else {
    read = co_await word(stream, json);
  }
  co_return read;
}

std::optional<std::string> python_literal_as_json(std::string_view text, int levels) {
  ByteStream stream;
  std::string json;
  const Task<bool> value = read_python_value(stream, json, levels);
  stream.feed(text);
  if (!value.done()) stream.end();
  if (!value.result() || !trimmed(text.substr(stream.taken())).empty()) return std::nullopt;
  return json;
}

}  // namespace rocmforge::text
