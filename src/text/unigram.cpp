#include "text/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "text/escaped_space.h"

namespace rocmforge::text {
namespace {

// The penalty of an unknown character below the score of the worst token, as in SentencePiece.
constexpr double kUnknownPenalty = 10;

}  // namespace

UnigramEncoder::UnigramEncoder(const Vocabulary& vocabulary, bool add_space_prefix, const gguf::Metadata& metadata)
    : vocabulary_(vocabulary), normalizer_(add_space_prefix, metadata) {
  double lowest = std::numeric_limits<double>::max();
  std::vector<TokenTrie::Entry> entries;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (vocabulary.type(id) != TokenType::kNormal && vocabulary.type(id) != TokenType::kUserDefined) continue;
    const double score = vocabulary.score(id);
    if (!std::isfinite(score)) continue;
    entries.push_back({vocabulary.text(id), id});
    if (vocabulary.type(id) == TokenType::kNormal) lowest = std::min(lowest, score);
  }
  if (lowest == std::numeric_limits<double>::max()) lowest = 0;
  unknown_score_ = lowest - kUnknownPenalty;
  trie_ = TokenTrie(std::move(entries));
}

void UnigramEncoder::encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const {
  normalizer_.normalize(text, space.normalized);
  const std::string_view all = space.normalized;
  // Indexed by end position: the last token of the best segmentation up to there.
  struct Step {
    double score = -std::numeric_limits<double>::infinity();
    std::uint32_t length = 0;
    TokenId token = kNoToken;
  };
  std::vector<Step> best(all.size() + 1);
  best[0].score = 0;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t character = first_code_point(all.substr(at)).length;
    bool character_has_token = false;
    const auto consider = [&](std::size_t length, TokenId id, double score) {
      Step& step = best[at + length];
      if (best[at].score + score > step.score) step = {best[at].score + score, static_cast<std::uint32_t>(length), id};
      return true;
    };
    trie_.visit_prefixes(all.substr(at), [&](std::size_t length, TokenId id) {
      character_has_token = character_has_token || length == character;
      return consider(length, id, vocabulary_.score(id));
    });
    if (!character_has_token) consider(character, kNoToken, unknown_score_);
    at += character;
  }

  const std::size_t before = tokens.size();
  const TokenId unknown = vocabulary_.special().unknown;
  const bool has_bytes = vocabulary_.byte_token(0) != kNoToken;
  // Walks backwards. Adjacent unknown characters become one unknown token.
  for (std::size_t end = all.size(); end > 0; end -= best[end].length) {
    if (best[end].token != kNoToken) {
      tokens.push_back(best[end].token);
    } else if (has_bytes) {
      for (std::size_t i = 0; i < best[end].length; ++i) {
        tokens.push_back(vocabulary_.byte_token(static_cast<unsigned char>(all[end - 1 - i])));
      }
    } else if (unknown != kNoToken && (tokens.size() == before || tokens.back() != unknown)) {
      tokens.push_back(unknown);
    }
  }
  std::reverse(tokens.begin() + static_cast<std::ptrdiff_t>(before), tokens.end());
  std::erase(tokens, kNoToken);
}

}  // namespace rocmforge::text
