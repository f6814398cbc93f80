// A regular expression over UTF-8 that is compiled once and can be matched by several threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "text/text_range.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;

namespace rocmforge::text {

// Memory that matching needs besides the pattern. Each thread needs its own.
class MatchSpace {
 public:
  MatchSpace();

 private:
  friend class Pattern;
  struct Free {
    void operator()(pcre2_real_match_data_8* data) const;
    void operator()(pcre2_real_match_context_8* context) const;
    void operator()(pcre2_real_jit_stack_8* stack) const;
  };
  std::unique_ptr<pcre2_real_match_data_8, Free> data_;
  std::unique_ptr<pcre2_real_jit_stack_8, Free> stack_;
  std::unique_ptr<pcre2_real_match_context_8, Free> context_;
};

// A PCRE2 pattern with Unicode classes. \s means Unicode's White_Space, from which PCRE2's own definition differs
// slightly.
class Pattern {
 public:
  // Throws Error if `expression` is not a valid regular expression.
  explicit Pattern(std::string_view expression);

  // Returns the leftmost match at or after `from` in `text`, which must be UTF-8. Empty matches are skipped. Lookbehind
  // and lookahead see only `text`. Throws Error if a match takes more steps than any reasonable pattern needs.
  std::optional<TextRange> find(std::string_view text, std::size_t from, MatchSpace& space) const;

 private:
  std::string expression_;
  std::shared_ptr<pcre2_real_code_8> code_;
  bool compiled_to_machine_code_ = false;
};

}  // namespace rocmforge::text
