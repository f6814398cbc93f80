#include "text/special_finder.h"

#include <algorithm>
#include <array>
#include <string>

namespace rocmforge::text {
namespace {

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return text;
}

// The file does not say which tokens strip white space. Phi-3's do, according to its own tokenizer, and so does <mask>
// of some embedding models.
bool is_phi3(const gguf::Metadata& metadata) {
  const std::string name = lower(metadata.get_or<std::string>("general.name", ""));
  return name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
}

std::string pre_tokenizer(const gguf::Metadata& metadata) {
  return metadata.get_or<std::string>("tokenizer.ggml.pre", "");
}

bool has_stripping_mask(const gguf::Metadata& metadata) {
  const std::string pre = pre_tokenizer(metadata);
  const auto architecture = metadata.get_or<std::string>("general.architecture", "");
  return pre == "jina-v2-de" || pre == "jina-v2-es" || pre == "jina-v2-code" || pre == "modern-bert" ||
         architecture == "nomic-bert-moe" || architecture == "jina-bert-v3";
}

bool holds(const std::vector<TokenId>& tokens, TokenId token) {
  return std::binary_search(tokens.begin(), tokens.end(), token);
}

}  // namespace

SpecialFinder::SpecialFinder(const Vocabulary& vocabulary, const gguf::Metadata& metadata) {
  std::vector<TokenTrie::Entry> user_defined, control;
  const bool phi3 = is_phi3(metadata);
  constexpr std::array<std::string_view, 3> kPhi3Plain = {"<unk>", "<s>", "<|endoftext|>"};
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view text = vocabulary.text(id);
    const bool is_user_defined = vocabulary.type(id) == TokenType::kUserDefined;
    if (!is_user_defined && !vocabulary.is_control(id)) continue;
    (is_user_defined ? user_defined : control).push_back({text, id});
    if (phi3 && std::find(kPhi3Plain.begin(), kPhi3Plain.end(), text) == kPhi3Plain.end()) strips_right_.push_back(id);
  }
  user_defined_ = TokenTrie(std::move(user_defined));
  control_ = TokenTrie(std::move(control));
  const TokenId mask = vocabulary.find(pre_tokenizer(metadata) == "modern-bert" ? "[MASK]" : "<mask>");
  if (mask != kNoToken && has_stripping_mask(metadata)) strips_left_.push_back(mask);
}

SpecialFinder::Walk::Walk(const SpecialFinder& finder, std::string_view text, bool parse_control,
                          std::span<const TextRange> data)
    : finder_(finder), parse_control_(parse_control), text_(text), data_(data) {}

bool SpecialFinder::Walk::touches_data(TextRange range) {
  while (!data_.empty() && data_.front().end <= range.begin) data_ = data_.subspan(1);
  return !data_.empty() && data_.front().begin < range.end;
}

std::optional<SpecialFinder::Found> SpecialFinder::Walk::next(std::size_t from) {
  const TokenTrie& anywhere = finder_.user_defined_;
  const TokenTrie& control = finder_.control_;
  if (anywhere.empty() && !parse_control_) return std::nullopt;
  for (std::size_t at = from; at < text_.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text_[at]);
    const bool may_be_control = parse_control_ && control.may_begin(byte);
    if (!may_be_control && !anywhere.may_begin(byte)) continue;
    auto [longest, token] = anywhere.longest(text_.substr(at));
    if (may_be_control) {
      control.visit_prefixes(text_.substr(at), [&](std::size_t length, TokenId id) {
        if (length >= longest && !touches_data({at, at + length})) {
          longest = length;
          token = id;
        }
        return true;
      });
    }
    if (token != kNoToken) return with_white_space(from, {at, at + longest}, token);
  }
  return std::nullopt;
}

SpecialFinder::Found SpecialFinder::Walk::with_white_space(std::size_t from, TextRange range, TokenId token) const {
  if (holds(finder_.strips_right_, token)) {
    while (range.end < text_.size() && is_ascii_space(text_[range.end])) ++range.end;
  }
  if (holds(finder_.strips_left_, token)) {
    while (range.begin > from && is_ascii_space(text_[range.begin - 1])) --range.begin;
  }
  return {range, token};
}

}  // namespace rocmforge::text
