#include "sample/breakers.h"

#include <algorithm>
#include <utility>

namespace rocmforge::sample {

Breakers::Breakers(std::vector<Sequence> sequences) {
  auto all = std::make_shared<Sequences>();
  for (const Sequence& sequence : sequences) {
    const auto length = std::min<std::size_t>(sequence.size(), kLongest);
    if (length == 0) continue;
    all->backwards.emplace_back(sequence.rend() - static_cast<std::ptrdiff_t>(length), sequence.rend());
  }
  std::sort(all->backwards.begin(), all->backwards.end());
  all->given = std::move(sequences);
  all_ = std::move(all);
}

std::span<const Breakers::Sequence> Breakers::sequences() const {
  return all_ ? std::span<const Sequence>(all_->given) : std::span<const Sequence>();
}

bool Breakers::end(std::span<const TokenId> text) const {
  if (!all_) return false;
  // [begin, end) are the breakers that agree with the text's last `depth` tokens; the shortest is the first of them.
  auto begin = all_->backwards.begin();
  auto end = all_->backwards.end();
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
