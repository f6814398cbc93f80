#include "text/chat/call_reader.h"

#include <fmt/format.h>

#include "base/text.h"

namespace rocmforge::text {
namespace {

bool is_name_byte(int byte) {
  return byte > 0x20 && byte != 0x7f &&
         std::string_view("<>\"'`{}[]()|\\,;=").find(static_cast<char>(byte)) == std::string_view::npos;
}

}  // namespace

Task<int> CallReader::next_visible() {
  int byte = co_await peek();
  while (is_space(byte)) {
    take();
    byte = co_await peek();
  }
  co_return byte;
}

Task<bool> CallReader::literal(std::string_view text) {
  for (const char expected : text) {
    const int byte = co_await peek();
    if (byte != static_cast<unsigned char>(expected)) co_return false;
    take();
  }
  co_return true;
}

Task<bool> CallReader::closing(std::string_view text) {
  if (text.empty()) co_return true;
  co_await next_visible();
  for (const char expected : text) {
    const int byte = co_await peek();
    if (byte == kEnd) co_return true;
    if (byte != static_cast<unsigned char>(expected)) co_return false;
    take();
  }
  co_return true;
}

Task<int> CallReader::either(std::string_view a, std::string_view b) {
  std::size_t seen = 0;
  for (;;) {
    const int byte = co_await peek();
    const auto goes_on = [&](std::string_view text) {
      return seen < text.size() && byte == static_cast<unsigned char>(text[seen]);
    };
    const bool on_a = goes_on(a);
    const bool on_b = goes_on(b);
    if (!on_a && !on_b) co_return -1;
    take();
    ++seen;
    if (!on_a) a = {};
    if (!on_b) b = {};
    if (on_a && seen == a.size()) co_return 0;
    if (on_b && seen == b.size()) co_return 1;
  }
}

Task<std::optional<std::string>> CallReader::until(std::string_view text) {
  std::string seen;
  while (!seen.ends_with(text)) {
    const int byte = co_await peek();
    if (byte == kEnd || seen.size() == kNameLimit + text.size()) co_return std::nullopt;
    take();
    seen += static_cast<char>(byte);
  }
  seen.resize(seen.size() - text.size());
  if (!is_valid_utf8(seen)) co_return std::nullopt;
  co_return seen;
}

Task<std::optional<std::string>> CallReader::name() {
  std::string seen;
  for (;;) {
    const int byte = co_await peek();
    if (!is_name_byte(byte)) break;
    if (seen.size() == kNameLimit) co_return std::nullopt;
    take();
    seen += static_cast<char>(byte);
  }
  if (seen.empty() || !is_valid_utf8(seen)) co_return std::nullopt;
  co_return seen;
}

Task<bool> CallReader::json(JsonScanner::Step& last, std::string* held) {
  JsonScanner scanner;
  std::string piece;
  for (;;) {
    const int byte = co_await peek();
    if (byte == kEnd) co_return scanner.complete();
    piece.clear();
    last = scanner.step(static_cast<char>(byte), piece);
    if (last == JsonScanner::Step::kBad) co_return false;
    if (last == JsonScanner::Step::kDoneBefore) co_return true;
    take();
    if (held == nullptr) {
      arguments(piece);
    } else {
      *held += piece;
    }
    if (last == JsonScanner::Step::kDone) co_return true;
  }
}

Task<bool> CallReader::json_value(std::string& held) {
  JsonScanner::Step last{};
  const bool read = co_await json(last, &held);
  co_return read;
}

Task<bool> CallReader::json_arguments() {
  const int first = co_await next_visible();
  if (first != '{') co_return false;
  JsonScanner::Step last{};
  const bool read = co_await json(last, nullptr);
  co_return read;
}

Task<bool> CallReader::skip_json() {
  std::string ignored;
  const bool read = co_await json_value(ignored);
  co_return read;
}

Task<std::optional<std::string>> CallReader::json_string() {
  std::string literal;
  const int first = co_await next_visible();
  if (first != '"') co_return std::nullopt;
  const bool read = co_await json_value(literal);
  if (!read) co_return std::nullopt;
  co_return json_string_value(literal);
}

void CallReader::begin_call(std::string_view name, std::string_view id) {
  if (!id.empty()) return writer_.begin_call(name, id);
  const int number = writer_.next_call();
  writer_.begin_call(
      name, ids_ == GeneratedIds::kNumbered ? fmt::format("call_{}", number) : fmt::format("call{:05}", number));
}

void CallReader::end_call() {
  if (writer_.call_open()) writer_.end_call();
  settle();
}

void CallReader::settle() { stream_.record({}); }

}  // namespace rocmforge::text
