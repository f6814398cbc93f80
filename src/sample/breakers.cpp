#include "sample/breakers.h"

#include <algorithm>

namespace rocmforge::sample {

Breakers::Breakers(const std::vector<std::vector<TokenId>>& sequences) {
  for (const std::vector<TokenId>& sequence : sequences) {
    const auto length = std::min<std::size_t>(sequence.size(), kLongest);
    if (length == 0) continue;
    backwards_.emplace_back(sequence.rend() - static_cast<std::ptrdiff_t>(length), sequence.rend());
  }
  std::sort(backwards_.begin(), backwards_.end());
}

bool Breakers::end(std::span<const TokenId> text) const {
  // [begin, end) are the breakers that agree with the text's last `depth` tokens; the shortest is the first of them.
  auto begin = backwards_.begin();
  auto end = backwards_.end();
  for (std::size_t depth = 0; begin != end; ++depth) {
    if (begin->size() == depth) return depth > 0;
    if (depth == text.size()) return false;
    const TokenId token = text[text.size() - 1 - depth];
    begin = std::lower_bound(begin, end, token, [&](const auto& breaker, TokenId t) { return breaker[depth] < t; });
    end = std::upper_bound(begin, end, token, [&](TokenId t, const auto& breaker) { return t < breaker[depth]; });
  }
  return false;
}

}  // namespace rocmforge::sample
