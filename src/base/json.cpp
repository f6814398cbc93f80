#include "base/json.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge {
namespace {

template <typename Json>
std::string dump(const Json& value, int indent) {
  return printable_json(value.dump(indent, ' ', false, Json::error_handler_t::replace));
}

// Shortens the library's "[json.exception...] parse error at line 1, column 2: syntax error while ...". The position is
// printed separately.
std::string complaint(std::string_view message) {
  const std::size_t column = message.find(", column ");
  const std::size_t colon = column == std::string_view::npos ? column : message.find(": ", column);
  if (colon != std::string_view::npos) return printable(message.substr(colon + 2), 240);
  const std::size_t bracket = message.find("] ");
  return printable(bracket == std::string_view::npos ? message : message.substr(bracket + 2), 240);
}

// Checks the depth before parsing: with a callback during parsing, the library searches a whole list again after each
// of its members.
void check_depth(std::string_view text, std::string_view what) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonMaxDepth) {
        throw error(ErrorCode::kTooLarge, "{}: JSON nested deeper than {} levels", what, kJsonMaxDepth);
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

// The place behind the string that begins at text[begin].
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  std::size_t end = begin + 1;
  while (text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  return end + 1;
}

// Requires: the text is valid JSON. A string is a key if a colon follows it.
void refuse_repeated_keys(std::string_view text, std::string_view what) {
  std::vector<std::unordered_set<std::string>> keys;  // of each object that is open; an empty set for a list
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') {
      keys.emplace_back();
    } else if (c == '}' || c == ']') {
      keys.pop_back();
    } else if (c == '"') {
      const std::size_t end = end_of_string(text, i);
      const std::size_t next = text.find_first_not_of(" \t\r\n", end);
      if (next != std::string_view::npos && text[next] == ':') {
        const auto [key, is_new] =
            keys.back().insert(nlohmann::json::parse(text.substr(i, end - i)).get<std::string>());
        if (!is_new) throw error(ErrorCode::kMalformed, "{}: the key '{}' occurs twice", what, printable(*key));
      }
      i = end - 1;
    }
  }
}

template <typename Json>
Json parse(std::string_view text, std::string_view what) {
  check_depth(text, what);
  try {
    return Json::parse(text);
  } catch (const typename Json::parse_error& e) {
    const std::string_view before = text.substr(0, std::min(e.byte == 0 ? 0 : e.byte - 1, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
    throw error(ErrorCode::kMalformed, "{}: line {}, column {}: {}", what, line, column, complaint(e.what()));
  } catch (const typename Json::exception& e) {
    throw error(ErrorCode::kMalformed, "{}: {}", what, complaint(e.what()));
  }
}

}  // namespace

std::string dump_json(const nlohmann::json& value, int indent) { return dump(value, indent); }
std::string dump_json(const nlohmann::ordered_json& value, int indent) { return dump(value, indent); }

nlohmann::json parse_json(std::string_view text, std::string_view what) { return parse<nlohmann::json>(text, what); }
nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view what, RepeatedKeys repeated) {
  nlohmann::ordered_json json = parse<nlohmann::ordered_json>(text, what);
  if (repeated == RepeatedKeys::kRefused) refuse_repeated_keys(text, what);
  return json;
}

}  // namespace rocmforge
