#include "convert/hugging_face/pre_tokenizer_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utf8.h"
#include "convert/hugging_face/pre_tokenizer_hashes.h"
#include "gguf/memory_image.h"
#include "gguf/reader.h"
#include "text/pretokenizer_patterns.h"
#include "text/pretokenizers.h"
#include "text/tokenizer.h"

namespace rocmforge::convert {
namespace {

using nlohmann::json;

// Among names that cut text in the same way, the most representative ones come first.
constexpr auto kUsualNames = std::to_array<std::string_view>({
    "qwen2",       "llama-bpe",    "gpt-2",          "qwen35", "starcoder", "tekken",   "gpt-4o",
    "deepseek-v3", "deepseek-llm", "deepseek-coder", "falcon", "bloom",     "viking",   "seed-coder",
    "bailingmoe",  "exaone-moe",   "minicpm5",       "youtu",  "jais-2",    "superbpe", "laguna",
});

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Replaces the escapes \x{4e00} of our patterns by the characters themselves.
void write_out_characters(std::string& pattern) {
  for (std::size_t at = pattern.find("\\x{"); at != std::string::npos; at = pattern.find("\\x{", at + 1)) {
    const std::size_t end = pattern.find('}', at);
    std::uint32_t code = 0;
    if (end == std::string::npos ||
        std::from_chars(pattern.data() + at + 3, pattern.data() + end, code, 16).ptr != pattern.data() + end) {
      return;
    }
    std::string character;
    append_utf8(character, static_cast<char32_t>(code));
    pattern.replace(at, end + 1 - at, character);
  }
}

// Returns a normal form in which patterns that differ only in spelling are equal.
std::string normalized(std::string pattern) {
  write_out_characters(pattern);
  replace_all(pattern, "\r", "\\r");
  replace_all(pattern, "\n", "\\n");
  replace_all(pattern, "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])", "(?i:'s|'t|'re|'ve|'m|'ll|'d)");
  replace_all(pattern, "'(?i:[sdmt]|ll|ve|re)", "(?i:'s|'t|'re|'ve|'m|'ll|'d)");
  replace_all(pattern, "(?:'s|'t|'re|'ve|'m|'ll|'d)", "'s|'t|'re|'ve|'m|'ll|'d");
  replace_all(pattern, "[0-9][0-9][0-9]", "[0-9]{3}");
  replace_all(pattern, "?+", "?");
  replace_all(pattern, "*+", "*");
  replace_all(pattern, "++", "+");
  replace_all(pattern, "\\p{N}{1}", "\\p{N}");
  // The text between two matches is a piece too, so an alternative for the rest changes nothing.
  if (pattern.ends_with("|\\s+(?!\\S)|\\s+")) pattern.resize(pattern.size() - 4);
  if (pattern.size() > 2 && pattern.front() == '(' && pattern.back() == ')' &&
      pattern.find('(', 1) == std::string::npos) {
    pattern = pattern.substr(1, pattern.size() - 2);
  }
  return pattern;
}

// Appends the cuts that a description makes, in order. Returns false if one of its steps is not a known kind of cut.
bool append_cuts(const json& step, std::vector<std::string>& cuts) {
  if (!step.is_object() || !step.contains("type") || !step["type"].is_string()) return false;
  const auto type = step["type"].get<std::string>();
  const auto flag = [&](const char* name, bool otherwise) {
    return step.contains(name) && step[name].is_boolean() ? step[name].get<bool>() : otherwise;
  };
  if (type == "Sequence") {
    const json& steps = step.contains("pretokenizers") ? step["pretokenizers"] : json();
    return steps.is_array() && std::ranges::all_of(steps, [&](const json& inner) { return append_cuts(inner, cuts); });
  }
  if (type == "ByteLevel") {
    if (flag("use_regex", true)) cuts.push_back(normalized(std::string(text::kGpt2Words)));
    return true;
  }
  if (type == "Digits") {
    cuts.push_back(flag("individual_digits", false) ? "\\p{N}" : "\\p{N}+");
    return true;
  }
  if (type == "Split" && step.contains("pattern") && step["pattern"].is_object()) {
    const json& pattern = step["pattern"];
    if (!pattern.contains("Regex") || !pattern["Regex"].is_string()) return false;
    cuts.push_back(normalized(pattern["Regex"].get<std::string>()));
    return true;
  }
  return false;
}

bool cuts_so(const text::PreTokenizer& known, const std::vector<std::string>& cuts) {
  return known.split->byte_alphabet &&
         std::ranges::equal(known.split->steps, cuts, [](const text::SplitStep& step, const std::string& cut) {
           return !step.triplets_from_the_right && normalized(std::string(step.pattern)) == cut;
         });
}

std::optional<std::string> name_by_description(const TokenizerJson& tokenizer) {
  std::vector<std::string> cuts;
  if (!append_cuts((*tokenizer.rest)["pre_tokenizer"], cuts)) return std::nullopt;
  const bool ignores_merges = tokenizer.model_flag("ignore_merges");
  const text::PreTokenizer* found = nullptr;
  const auto consider = [&](const text::PreTokenizer& known) {
    const bool is_better =
        found == nullptr || (found->ignore_merges != ignores_merges && known.ignore_merges == ignores_merges);
    if (is_better && cuts_so(known, cuts)) found = &known;
  };
  for (const std::string_view name : kUsualNames) {
    if (const text::PreTokenizer* known = text::find_pre_tokenizer(name)) consider(*known);
  }
  for (const text::PreTokenizer& known : text::pre_tokenizers()) consider(known);
  return found == nullptr ? std::nullopt : std::optional(std::string(found->name));
}

std::uint64_t sha256_prefix(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw error(ErrorCode::kUnsupported, "this machine's OpenSSL has no SHA-256");
  }
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) prefix = prefix << 8 | digest[i];
  return prefix;
}

// Encodes the probe text with the vocabulary, cut as the pre-tokenizer `name` does, and looks up the hash of the ids.
std::optional<std::string> name_by_hash(const gguf::File& file, const std::string& name) {
  const text::Tokenizer tokenizer(file.metadata(), {.pre_tokenizer = name});
  const std::vector<text::TokenId> ids = tokenizer.encode(kProbeText, {.add_special = text::AddSpecial::kYes});
  const std::uint64_t hash = sha256_prefix(fmt::format("[{}]", fmt::join(ids, ", ")));
  const auto found = std::ranges::find(kPreTokenizerHashes, hash, &PreTokenizerHash::prefix);
  return found == kPreTokenizerHashes.end() ? std::nullopt : std::optional(std::string(found->name));
}

}  // namespace

PreTokenizerName find_pre_tokenizer_name(const TokenizerJson& tokenizer, const gguf::MetadataBuilder& keys) {
  const gguf::MemoryImage image(keys, {});
  const gguf::File file = gguf::File::from_memory(image.bytes(), "tokenizer.json");
  const std::optional<std::string> described = name_by_description(tokenizer);
  if (described) {
    const auto hashed = name_by_hash(file, *described);
    return {hashed.value_or(*described), true};
  }
  // Tries one way of cutting after the other. Only the right one gives the ids of a known tokenizer.
  std::vector<const text::SplitKind*> tried;
  for (const text::PreTokenizer& known : text::pre_tokenizers()) {
    if (std::ranges::find(tried, known.split) != tried.end()) continue;
    tried.push_back(known.split);
    const auto hashed = name_by_hash(file, std::string(known.name));
    if (hashed) return {*hashed, true};
  }
  return {"default", false};
}

}  // namespace rocmforge::convert
