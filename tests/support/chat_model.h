// A small chat model: a Llama with a byte-level tokenizer, a ChatML template and sampling defaults.
//
// Its weights are random, and so is its output. With a script it outputs the script: each word follows the previous one
// whatever else the context holds, with a probability so high that usual sampling does not change it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/tiny_model.h"
#include "text/byte_alphabet.h"
#include "text/token.h"

namespace rocmforge::testing {

struct ChatModelOptions {
  // The reply's tokens, in order. They must all be different and not single bytes. Empty means a random reply that
  // rarely ends.
  std::vector<std::string> script = {};
  bool script_repeats = false;  // whether the script starts over at its end; otherwise the reply ends there
  // The reply begins with <think>, `reasoning`, </think> and "\n\n", followed by the script. The template supports
  // enable_thinking.
  std::vector<std::string> reasoning = {};
  int context = 4096;
  bool has_sampling = true;  // general.sampling.*
};

inline constexpr std::string_view kChatMlTemplate =
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";

// ChatML in which replies begin with reasoning unless enable_thinking is false.
inline constexpr std::string_view kThinkingTemplate =
    "{%- for message in messages -%}"
    "{%- set content = message.content.split('</think>')[-1] -%}"
    "{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}"
    "{%- if enable_thinking is defined and not enable_thinking -%}{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}"
    "{%- endif -%}";

class ChatVocabulary {
 public:
  explicit ChatVocabulary(const ChatModelOptions& options) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      add(text::alphabet_character(static_cast<unsigned char>(byte)), text::TokenType::kNormal);
    }
    add("<|endoftext|>", text::TokenType::kControl);
    add("<|im_start|>", text::TokenType::kControl);
    add("<|im_end|>", text::TokenType::kControl);
    if (!options.reasoning.empty()) {
      add("<think>", text::TokenType::kUserDefined);
      add("</think>", text::TokenType::kUserDefined);
      add("\n\n", text::TokenType::kUserDefined);
    }
    for (const std::string& word : options.reasoning) add_word(word);
    for (const std::string& word : options.script) add_word(word);
  }

  text::TokenId id(std::string_view token) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i] == token) return static_cast<text::TokenId>(i);
    }
    return text::kNoToken;
  }
  text::TokenId word_id(std::string_view word) const { return id(in_alphabet(word)); }
  std::size_t size() const { return tokens_.size(); }

  void write(gguf::MetadataBuilder& keys) const {
    keys.set("tokenizer.ggml.model", "gpt2");
    keys.set("tokenizer.ggml.pre", "gpt-2");
    keys.set_array("tokenizer.ggml.tokens", std::span<const std::string>(tokens_));
    keys.set_array("tokenizer.ggml.token_type", types_);
    keys.set_array("tokenizer.ggml.merges", std::span<const std::string>{});
    keys.set("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(id("<|im_end|>")));
    keys.set("tokenizer.ggml.add_bos_token", false);
  }

 private:
  static std::string in_alphabet(std::string_view word) {
    std::string text;
    for (const char byte : word) text += text::alphabet_character(static_cast<unsigned char>(byte));
    return text;
  }
  void add_word(std::string_view word) { add(in_alphabet(word), text::TokenType::kNormal); }
  void add(std::string_view token, text::TokenType type) {
    tokens_.emplace_back(token);
    types_.push_back(static_cast<std::int32_t>(type));
  }

  std::vector<std::string> tokens_;
  std::vector<std::int32_t> types_;
};

// Returns the pairs of consecutive tokens.
inline std::vector<std::pair<text::TokenId, text::TokenId>> successions(const ChatModelOptions& options,
                                                                        const ChatVocabulary& vocabulary) {
  std::vector<text::TokenId> reply;
  if (!options.reasoning.empty()) {
    reply.push_back(vocabulary.id("<think>"));
    for (const std::string& word : options.reasoning) reply.push_back(vocabulary.word_id(word));
    reply.push_back(vocabulary.id("</think>"));
    reply.push_back(vocabulary.id("\n\n"));
  }
  const std::size_t answer = reply.size();
  for (const std::string& word : options.script) reply.push_back(vocabulary.word_id(word));
  if (reply.empty()) return {};
  // The generation prompt ends with a line feed.
  std::vector<std::pair<text::TokenId, text::TokenId>> pairs = {{vocabulary.word_id("\n"), reply.front()}};
  for (std::size_t i = 1; i < reply.size(); ++i) pairs.emplace_back(reply[i - 1], reply[i]);
  pairs.emplace_back(reply.back(), options.script_repeats ? reply[answer] : vocabulary.id("<|im_end|>"));
  return pairs;
}

inline gguf::MetadataBuilder chat_model_keys(const ChatModelOptions& options, const LlamaShape& shape,
                                             const ChatVocabulary& vocabulary) {
  gguf::MetadataBuilder keys = llama_metadata(shape);
  keys.set("general.name", "Parrot");
  keys.set("llama.context_length", static_cast<std::uint32_t>(options.context));
  keys.set("llama.rope.freq_base", 10000.0f);
  if (options.has_sampling) {
    keys.set("general.sampling.temp", 0.7f);
    keys.set("general.sampling.top_k", std::int32_t{20});
    keys.set("general.sampling.top_p", 0.8f);
  }
  vocabulary.write(keys);
  keys.set("tokenizer.chat_template", options.reasoning.empty() ? kChatMlTemplate : kThinkingTemplate);
  return keys;
}

inline std::string chat_model(const std::string& path, const ChatModelOptions& options = {}) {
  const ChatVocabulary vocabulary(options);
  const LlamaShape shape = {2, 64, 128, vocabulary.size(), 4, 2};
  std::vector<float> embeddings;
  const Change change = [&](const std::string& name, std::vector<float>& values) {
    // The weights as written have a deviation of 0.02. The output is dominated by the embedding; the layers change it
    // only slightly.
    const float scale = name == "token_embd.weight" ? 50.0f : 2.5f;
    for (float& value : values) value = name.find("norm") != std::string::npos ? 1 : scale * value;
    if (name == "token_embd.weight") embeddings = values;
    if (name != "output.weight") return;
    for (const auto& [from, to] : successions(options, vocabulary)) {
      for (std::size_t i = 0; i < shape.width; ++i) {
        values[static_cast<std::size_t>(to) * shape.width + i] +=
            embeddings[static_cast<std::size_t>(from) * shape.width + i];
      }
    }
  };
  write_llama(path, shape, quant::FormatId::kF32, change, chat_model_keys(options, shape, vocabulary));
  return path;
}

}  // namespace rocmforge::testing
