// Matches a text against a grammar in GBNF, slowly and simply, to test the grammars of forms.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "text/chat/json_scanner.h"
#include "text/chat/reply_grammar.h"

namespace rocmforge::testing {

class GbnfMatcher {
 public:
  explicit GbnfMatcher(const text::ReplyGrammar& grammar) {
    for (const text::JsonRule& rule : grammar.json_rules) json_rules_.insert(rule.rule);
    std::string_view rest = grammar.gbnf;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const std::size_t define = line.find(" ::= ");
      if (define == std::string_view::npos) throw std::runtime_error("no rule: " + std::string(line));
      text_ = line.substr(define + 5);
      const std::string name(line.substr(0, define));
      if (!rules_.emplace(name, alternatives()).second) throw std::runtime_error("twice: " + name);
      if (!text_.empty()) throw std::runtime_error("left over: " + std::string(text_));
    }
  }

  // Returns the rules that are used but neither defined nor JSON rules.
  std::set<std::string> undefined() const {
    std::set<std::string> names;
    for (const std::string& name : used_) {
      if (!rules_.contains(name) && !json_rules_.contains(name)) names.insert(name);
    }
    if (!rules_.contains("root")) names.insert("root");
    return names;
  }

  bool matches(std::string_view text) {
    input_ = text;
    known_.clear();
    return ends("root", 0).contains(text.size());
  }

 private:
  enum class Type { kText, kClass, kRule, kSequence, kAlternatives, kRepeated };
  struct Node {
    Type type = Type::kSequence;
    std::string text = {};  // the text or the rule's name
    std::vector<std::pair<char32_t, char32_t>> ranges = {};
    bool negated = false;
    bool many = false;
    bool optional = false;
    std::vector<Node> parts = {};
  };
  using Ends = std::set<std::size_t>;

  void skip_space() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
  }

  Node alternatives() {
    Node node{.type = Type::kAlternatives};
    node.parts.push_back(sequence());
    while (text_.starts_with('|')) {
      text_.remove_prefix(1);
      node.parts.push_back(sequence());
    }
    return node;
  }

  Node sequence() {
    Node node{.type = Type::kSequence};
    for (skip_space(); !text_.empty() && text_.front() != '|' && text_.front() != ')'; skip_space()) {
      Node part = atom();
      while (!text_.empty() && std::string_view("?*+").find(text_.front()) != std::string_view::npos) {
        Node repeated{.type = Type::kRepeated, .many = text_.front() != '?', .optional = text_.front() != '+'};
        repeated.parts.push_back(std::move(part));
        part = std::move(repeated);
        text_.remove_prefix(1);
      }
      node.parts.push_back(std::move(part));
    }
    return node;
  }

  char32_t character() {
    bool escaped = false;
    if (text_.front() == '\\') {
      escaped = true;
      text_.remove_prefix(1);
    }
    const CodePoint point = first_code_point(text_);
    text_.remove_prefix(point.length);
    if (!escaped) return point.value;
    return point.value == 'n' ? U'\n' : point.value == 't' ? U'\t' : point.value;
  }

  Node atom() {
    const char first = text_.front();
    if (first == '(') {
      text_.remove_prefix(1);
      Node node = alternatives();
      if (!text_.starts_with(')')) throw std::runtime_error("no ) at: " + std::string(text_));
      text_.remove_prefix(1);
      return node;
    }
    if (first == '"') {
      Node node{.type = Type::kText};
      text_.remove_prefix(1);
      while (!text_.starts_with('"')) append_utf8(node.text, character());
      text_.remove_prefix(1);
      return node;
    }
    if (first == '[') {
      Node node{.type = Type::kClass};
      text_.remove_prefix(1);
      node.negated = text_.starts_with('^');
      if (node.negated) text_.remove_prefix(1);
      while (!text_.starts_with(']')) {
        const char32_t low = character();
        char32_t high = low;
        if (text_.starts_with('-') && !text_.starts_with("-]")) {
          text_.remove_prefix(1);
          high = character();
        }
        node.ranges.emplace_back(low, high);
      }
      text_.remove_prefix(1);
      return node;
    }
    const std::size_t length = text_.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-");
    Node node{.type = Type::kRule, .text = std::string(text_.substr(0, length))};
    if (node.text.empty()) throw std::runtime_error("what is: " + std::string(text_));
    text_.remove_prefix(node.text.size());
    used_.insert(node.text);
    return node;
  }

  const Ends& ends(const std::string& rule, std::size_t from) {
    const auto key = std::make_pair(rule, from);
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    known_[key] = {};  // recursion without consuming input matches nothing
    Ends result = json_rules_.contains(rule) ? json_end(from) : ends(rules_.at(rule), from);
    return known_[key] = std::move(result);
  }

  Ends json_end(std::size_t from) const {
    text::JsonScanner scanner;
    std::string json;
    for (std::size_t i = from; i < input_.size(); ++i) {
      const auto step = scanner.step(input_[i], json);
      if (step == text::JsonScanner::Step::kBad) return {};
      if (step == text::JsonScanner::Step::kDone) return {i + 1};
      if (step == text::JsonScanner::Step::kDoneBefore) return {i};
    }
    return scanner.complete() ? Ends{input_.size()} : Ends{};
  }

  Ends ends(const Node& node, std::size_t from) {
    switch (node.type) {
      case Type::kText: return input_.substr(from).starts_with(node.text) ? Ends{from + node.text.size()} : Ends{};
      case Type::kClass: return class_end(node, from);
      case Type::kRule: return ends(node.text, from);
      case Type::kAlternatives: {
        Ends all;
        for (const Node& part : node.parts) all.merge(Ends(ends(part, from)));
        return all;
      }
      case Type::kSequence: {
        Ends reached{from};
        for (const Node& part : node.parts) {
          Ends next;
          for (const std::size_t at : reached) next.merge(Ends(ends(part, at)));
          reached = std::move(next);
        }
        return reached;
      }
      case Type::kRepeated: return repeated_ends(node, from);
    }
    return {};
  }

  Ends class_end(const Node& node, std::size_t from) const {
    if (from == input_.size()) return {};
    const CodePoint point = first_code_point(input_.substr(from));
    bool within = false;
    for (const auto& [low, high] : node.ranges) within = within || (point.value >= low && point.value <= high);
    return within != node.negated ? Ends{from + point.length} : Ends{};
  }

  Ends repeated_ends(const Node& node, std::size_t from) {
    Ends all;
    if (node.optional) all.insert(from);
    Ends reached{from};
    do {
      Ends next;
      for (const std::size_t at : reached) {
        for (const std::size_t end : ends(node.parts.front(), at)) {
          if (all.insert(end).second) next.insert(end);
        }
      }
      reached = std::move(next);
    } while (node.many && !reached.empty());
    return all;
  }

  std::string_view text_;   // of the rule being parsed
  std::string_view input_;  // the text to match
  std::map<std::string, Node> rules_;
  std::set<std::string> json_rules_;
  std::set<std::string> used_;
  std::map<std::pair<std::string, std::size_t>, Ends> known_;
};

}  // namespace rocmforge::testing
