#include "text/chat/json_scanner.h"

#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "text/chat/byte_stream.h"

namespace rocmforge::text {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  const auto byte = [&] { return at < text.size() ? text[at] : '\0'; };
  const auto digits = [&] {
    const std::size_t begin = at;
    while (is_digit(byte())) ++at;
    return at > begin;
  };
  if (byte() == '-') ++at;
  if (byte() == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (byte() == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (byte() == 'e' || byte() == 'E') {
    ++at;
    if (byte() == '+' || byte() == '-') ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

// A number beyond the range of double is valid JSON, but readers refuse it.
bool is_readable_number(const std::string& text) {
  return is_json_number(text) && std::isfinite(std::strtod(text.c_str(), nullptr));
}

std::size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
}

}  // namespace

JsonScanner::Step JsonScanner::step(char byte, std::string& json) {
  if (state_ == State::kString) return string_byte(byte, json);
  json += byte;
  const Step step = next(byte);
  if (step == Step::kDoneBefore) json.pop_back();
  return step;
}

JsonScanner::Step JsonScanner::next(char byte) {
  switch (state_) {
    case State::kEscape: return escape(byte);
    case State::kHex: return hex_digit(byte);
    case State::kLowSurrogate: state_ = State::kLowSurrogateU; return byte == '\\' ? Step::kMore : Step::kBad;
    case State::kLowSurrogateU:
      state_ = State::kHex;
      hex_digits_ = 0;
      code_unit_ = 0;
      return byte == 'u' ? Step::kMore : Step::kBad;
    case State::kNumber: return number_byte(byte);
    case State::kLiteral:
      if (byte != literal_.front()) return Step::kBad;
      literal_.remove_prefix(1);
      return literal_.empty() ? value_ended() : Step::kMore;
    case State::kString:
    case State::kEnd: return Step::kBad;
    default: break;
  }
  if (is_space(byte)) return Step::kMore;
  switch (state_) {
    case State::kFirstElement:
      if (byte == ']') return close('[');
      return begin_value(byte);
    case State::kFirstKey:
      if (byte == '}') return close('{');
      [[fallthrough]];
    case State::kKey:
      key_ = true;
      state_ = State::kString;
      return byte == '"' ? Step::kMore : Step::kBad;
    case State::kColon: state_ = State::kValue; return byte == ':' ? Step::kMore : Step::kBad;
    case State::kNext:
      if (byte == ']') return close('[');
      if (byte == '}') return close('{');
      state_ = open_.back() == '{' ? State::kKey : State::kValue;
      return byte == ',' ? Step::kMore : Step::kBad;
    default: return begin_value(byte);
  }
}

JsonScanner::Step JsonScanner::begin_value(char byte) {
  if (byte == '{' || byte == '[') {
    if (open_.size() >= levels_) return Step::kBad;
    open_ += byte;
    state_ = byte == '{' ? State::kFirstKey : State::kFirstElement;
    return Step::kMore;
  }
  if (byte == '"') {
    key_ = false;
    state_ = State::kString;
    return Step::kMore;
  }
  if (byte == '-' || is_digit(byte)) {
    number_ = byte;
    state_ = State::kNumber;
    return Step::kMore;
  }
  literal_ = byte == 't' ? "rue" : byte == 'f' ? "alse" : byte == 'n' ? "ull" : "";
  state_ = State::kLiteral;
  return literal_.empty() ? Step::kBad : Step::kMore;
}

JsonScanner::Step JsonScanner::close(char bracket) {
  if (open_.empty() || open_.back() != bracket) return Step::kBad;
  open_.pop_back();
  return value_ended();
}

JsonScanner::Step JsonScanner::value_ended() {
  state_ = open_.empty() ? State::kEnd : State::kNext;
  return open_.empty() ? Step::kDone : Step::kMore;
}

JsonScanner::Step JsonScanner::string_byte(char byte, std::string& json) {
  const auto value = static_cast<unsigned char>(byte);
  if (value < 0x20) {
    json += fmt::format("\\u{:04x}", value);
    return character_.empty() ? Step::kMore : Step::kBad;
  }
  json += byte;
  if (value >= 0x80) {
    character_ += byte;
    const std::size_t length = utf8_length(character_.front());
    if (length == 0) return Step::kBad;
    if (character_.size() < length) return Step::kMore;
    const bool valid = first_code_point(character_).length == length;
    character_.clear();
    return valid ? Step::kMore : Step::kBad;
  }
  if (!character_.empty()) return Step::kBad;
  if (byte == '\\') state_ = State::kEscape;
  if (byte != '"') return Step::kMore;
  if (!key_) return value_ended();
  state_ = State::kColon;
  return Step::kMore;
}

JsonScanner::Step JsonScanner::escape(char byte) {
  if (byte == 'u') {
    state_ = State::kHex;
    hex_digits_ = 0;
    code_unit_ = 0;
    return Step::kMore;
  }
  state_ = State::kString;
  return std::string_view("\"\\/bfnrt").find(byte) == std::string_view::npos ? Step::kBad : Step::kMore;
}

JsonScanner::Step JsonScanner::hex_digit(char byte) {
  const int digit = hexadecimal_digit(byte);
  if (digit < 0) return Step::kBad;
  code_unit_ = code_unit_ << 4 | static_cast<unsigned>(digit);
  if (++hex_digits_ < 4) return Step::kMore;
  const bool high = code_unit_ >= 0xd800 && code_unit_ < 0xdc00;
  const bool low = code_unit_ >= 0xdc00 && code_unit_ < 0xe000;
  if (low != high_surrogate_) return Step::kBad;
  high_surrogate_ = high;
  state_ = high ? State::kLowSurrogate : State::kString;
  return Step::kMore;
}

JsonScanner::Step JsonScanner::number_byte(char byte) {
  if (is_digit(byte) || byte == '.' || byte == 'e' || byte == 'E' || byte == '+' || byte == '-') {
    number_ += byte;
    return Step::kMore;
  }
  return number_ended(byte);
}

JsonScanner::Step JsonScanner::number_ended(char byte) {
  if (!is_readable_number(number_)) return Step::kBad;
  if (open_.empty()) {
    state_ = State::kEnd;
    return Step::kDoneBefore;
  }
  state_ = State::kNext;
  return next(byte);
}

bool JsonScanner::complete() const {
  if (state_ == State::kNumber) return open_.empty() && is_readable_number(number_);
  return state_ == State::kEnd;
}

std::string json_string_value(std::string_view literal) { return nlohmann::json::parse(literal).get<std::string>(); }

std::string json_string_literal(std::string_view text) { return dump_json(nlohmann::json(std::string(text))); }

std::string json_escaped(std::string_view text) {
  const std::string literal = json_string_literal(text);
  return literal.substr(1, literal.size() - 2);
}

std::optional<std::string> read_json(std::string_view text, int levels) {
  JsonScanner scanner(levels);
  std::string json;
  const std::string_view value = trimmed(text);
  for (std::size_t i = 0; i < value.size(); ++i) {
    const JsonScanner::Step step = scanner.step(value[i], json);
    if (step == JsonScanner::Step::kMore) continue;
    if (step == JsonScanner::Step::kDone && i + 1 == value.size()) return json;
    return std::nullopt;
  }
  return scanner.complete() ? std::optional(std::move(json)) : std::nullopt;
}

std::optional<std::string> read_json_object(std::string_view text) {
  const std::string_view value = trimmed(text);
  return value.starts_with('{') ? read_json(value) : std::nullopt;
}

}  // namespace rocmforge::text
