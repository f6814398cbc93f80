// A regular expression over UTF-8, compiled once and matched by any number of threads.
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

// What matching needs besides the pattern; one for each thread at a time.
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

// PCRE2 with Unicode classes. \s is Unicode's White_Space, which PCRE2's own is not quite.
class Pattern {
 public:
  // An Error when it is no regular expression.
  explicit Pattern(std::string_view expression);

  // The leftmost match at or after `from` in `text`, which must be UTF-8; never an empty one. Neither looks beyond the
  // text. A match that takes more steps than a sound pattern could is an Error.
  std::optional<TextRange> find(std::string_view text, std::size_t from, MatchSpace& space) const;

 private:
  std::string expression_;
  std::shared_ptr<pcre2_real_code_8> code_;
  bool compiled_to_machine_code_ = false;
};

}  // namespace rocmforge::text
