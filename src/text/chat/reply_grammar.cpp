#include "text/chat/reply_grammar.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/utf8.h"

namespace rocmforge::text {
namespace {

std::u32string code_points(std::string_view text) {
  std::u32string points;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    points += point.length == 0 ? kReplacementCharacter : point.value;
    text.remove_prefix(std::max<std::size_t>(point.length, 1));
  }
  return points;
}

std::string in_class(char32_t c) {
  if (c == '\n') return "\\n";
  std::string text;
  if (c == ']' || c == '\\' || c == '^' || c == '-') text = "\\";
  append_utf8(text, c);
  return text;
}

// Returns how many characters of `marker` are matched after `matched` of them and `next`: the length of the longest
// suffix that is a prefix of the marker.
std::size_t matched_after(const std::u32string& marker, std::size_t matched, char32_t next) {
  const std::u32string seen = marker.substr(0, matched) + next;
  std::size_t length = std::min(seen.size(), marker.size());
  while (length > 0 && seen.substr(seen.size() - length) != marker.substr(0, length)) --length;
  return length;
}

}  // namespace

void GrammarWriter::rule(std::string_view name, std::string_view expression) {
  grammar_.gbnf += fmt::format("{} ::= {}\n", name, expression);
}

std::string GrammarWriter::json(const std::string& name, std::string_view schema) {
  grammar_.json_rules.push_back({name, schema.empty() ? "{}" : std::string(schema)});
  return name;
}

// Writes one rule for each number of the marker's characters that have been seen.
std::string GrammarWriter::text_until(std::string_view marker) {
  const auto known = std::ranges::find(markers_, marker);
  const std::string name = "until-" + std::to_string(known - markers_.begin());
  if (known != markers_.end()) return name + "-0";
  markers_.emplace_back(marker);
  const std::u32string characters = code_points(marker);
  std::u32string alphabet = characters;
  std::ranges::sort(alphabet);
  alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
  for (std::size_t matched = 0; matched < characters.size(); ++matched) {
    // Maps the number of characters that match next to the characters that lead there.
    std::map<std::size_t, std::string> next;
    std::string leaving;
    for (const char32_t c : alphabet) {
      const std::size_t then = matched_after(characters, matched, c);
      if (then == 0) continue;
      next[then] += in_class(c);
      leaving += in_class(c);
    }
    std::string expression = fmt::format("[^{}] {}-0", leaving, name);
    for (const auto& [then, characters_there] : next) {
      expression += fmt::format(" | [{}]", characters_there);
      if (then < characters.size()) expression += fmt::format(" {}-{}", name, then);
    }
    rule(fmt::format("{}-{}", name, matched), expression);
  }
  return name + "-0";
}

std::string GrammarWriter::some(const std::string& one, const std::string& between) const {
  return rules_.parallel ? fmt::format("{0} ({1} {0})*", one, between) : one;
}

ReplyGrammar GrammarWriter::finish(std::vector<std::string> triggers) {
  grammar_.triggers = std::move(triggers);
  return std::move(grammar_);
}

std::string GrammarWriter::literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    if (byte == '\n') {
      quoted += "\\n";
      continue;
    }
    if (byte == '"' || byte == '\\') quoted += '\\';
    quoted += byte;
  }
  return quoted + '"';
}

}  // namespace rocmforge::text
