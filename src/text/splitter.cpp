#include "text/splitter.h"

#include "base/utf8.h"
#include "text/character_class.h"

namespace rocmforge::text {

Splitter::Splitter(const SplitKind& kind) {
  for (const SplitStep& rule : kind.steps) {
    const bool needs_pattern = rule.scan == nullptr && !rule.triplets_from_the_right;
    steps_.push_back({rule, needs_pattern ? std::make_unique<Pattern>(rule.pattern) : nullptr});
  }
}

void Splitter::split_triplets(std::string_view text,
                              const std::function<void(std::size_t begin, std::size_t end)>& take) {
  const auto is_number = [&](std::size_t at) {
    return class_of(first_code_point(text.substr(at)).value) == CharacterClass::kNumber;
  };
  const auto next = [&](std::size_t at) { return at + first_code_point(text.substr(at)).length; };
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t begin = at;
    while (at < text.size() && !is_number(at)) at = next(at);
    take(begin, at);

    std::size_t digits = 0, end = at;
    for (; end < text.size() && is_number(end); end = next(end)) ++digits;
    for (begin = at; at < end;) {
      at = next(at);
      if (--digits % 3 == 0) {
        take(begin, at);
        begin = at;
      }
    }
  }
}

}  // namespace rocmforge::text
