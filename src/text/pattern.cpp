#include "text/pattern.h"

#include <array>

#include <pcre2.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::text {
namespace {

// Matching one of our patterns looks at each byte a few times. With this limit, runaway backtracking stops within a
// second.
constexpr std::uint32_t kMatchLimit = 20'000'000;
constexpr std::uint32_t kHeapLimitKibibytes = 32 * 1024;
constexpr std::size_t kStackStart = 32 * 1024;
constexpr std::size_t kStackLimit = 8 * 1024 * 1024;

// Unicode's White_Space property. PCRE2's \s also contains U+180E.
constexpr std::string_view kWhiteSpace =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

std::string with_unicode_white_space(std::string_view expression) {
  std::string result;
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '\\' && i + 1 < expression.size()) {
      const char escaped = expression[++i];
      if (escaped == 's' && in_class) {
        result += kWhiteSpace;
      } else if ((escaped == 's' || escaped == 'S') && !in_class) {
        result.append(escaped == 's' ? "[" : "[^").append(kWhiteSpace).append("]");
      } else {
        result.append({c, escaped});
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    result += c;
  }
  return result;
}

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 160> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

}  // namespace

void MatchSpace::Free::operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
void MatchSpace::Free::operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
void MatchSpace::Free::operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }

MatchSpace::MatchSpace()
    : data_(pcre2_match_data_create(1, nullptr)),
      stack_(pcre2_jit_stack_create(kStackStart, kStackLimit, nullptr)),
      context_(pcre2_match_context_create(nullptr)) {
  if (!data_ || !stack_ || !context_) throw Error(ErrorCode::kOutOfMemory, "no memory for matching text");
  pcre2_set_match_limit(context_.get(), kMatchLimit);
  pcre2_set_heap_limit(context_.get(), kHeapLimitKibibytes);
  pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
}

Pattern::Pattern(std::string_view expression) : expression_(expression) {
  const std::string compiled = with_unicode_white_space(expression);
  int problem = 0;
  std::size_t at = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(compiled.data()), compiled.size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &problem, &at, nullptr);
  if (code == nullptr) {
    throw error(ErrorCode::kMalformed, "the pattern '{}' is not a regular expression: {} at byte {}",
                printable(compiled), message_of(problem), at);
  }
  code_ = std::shared_ptr<pcre2_code>(code, [](pcre2_code* owned) { pcre2_code_free(owned); });
  // If this CPU has no just-in-time compiler, PCRE2's interpreter gives the same matches more slowly.
  compiled_to_machine_code_ = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
}

std::optional<TextRange> Pattern::find(std::string_view text, std::size_t from, MatchSpace& space) const {
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  constexpr std::uint32_t kOptions = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
  const int found = compiled_to_machine_code_ ? pcre2_jit_match(code_.get(), subject, text.size(), from, PCRE2_NOTEMPTY,
                                                                space.data_.get(), space.context_.get())
                                              : pcre2_match(code_.get(), subject, text.size(), from, kOptions,
                                                            space.data_.get(), space.context_.get());
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0) {
    throw error(ErrorCode::kTooLarge, "matching the pattern '{}' was given up: {}", printable(expression_),
                message_of(found));
  }
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(space.data_.get());
  return TextRange{ends[0], ends[1]};
}

}  // namespace rocmforge::text
