#include "text/rwkv.h"

#include <deque>

#include "base/text.h"

namespace rocmforge::text {
std::string unescape_rwkv_token(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    const char escaped = text[++i];
    switch (escaped) {
      case 't': bytes += '\t'; break;
      case 'n': bytes += '\n'; break;
      case 'r': bytes += '\r'; break;
      case 'x':
        if (i + 2 < text.size() && hexadecimal_digit(text[i + 1]) >= 0 && hexadecimal_digit(text[i + 2]) >= 0) {
          bytes += static_cast<char>(hexadecimal_digit(text[i + 1]) * 16 + hexadecimal_digit(text[i + 2]));
          i += 2;
        } else {
          bytes += escaped;
        }
        break;
      default: bytes += escaped;
    }
  }
  return bytes;
}

RwkvEncoder::RwkvEncoder(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
  std::deque<std::string> texts;
  std::vector<TokenTrie::Entry> entries;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (vocabulary.is_control(id)) continue;
    entries.push_back({texts.emplace_back(unescape_rwkv_token(vocabulary.text(id))), id});
  }
  trie_ = TokenTrie(std::move(entries));
}

void RwkvEncoder::encode(std::string_view text, EncodingSpace&, std::vector<TokenId>& tokens) const {
  while (!text.empty()) {
    const auto [length, id] = trie_.longest(text);
    if (length > 0) {
      tokens.push_back(id);
    } else if (vocabulary_.special().unknown != kNoToken) {
      tokens.push_back(vocabulary_.special().unknown);
    }
    text.remove_prefix(length > 0 ? length : 1);
  }
}

}  // namespace rocmforge::text
