// Models whose tables disagree with each other: a tokenizer with more or fewer tokens than the embeddings have rows,
// special ids beyond both, arrays of other lengths. Each is otherwise a model that one can talk to and embed with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/chat_model.h"
#include "support/random_model.h"

namespace rocmforge::testing {

struct Disagreement {
  std::string name;
  std::string architecture = "llama";
  std::function<void(RandomModel& model)> make;
};

// The first and the last token that get text of their own, behind the bytes and control tokens.
inline constexpr std::string_view kFirstWord = "zebra";
inline constexpr std::string_view kLastWord = "yonder";

inline RandomModel model_with_tokenizer(const std::string& architecture) {
  ChatModelOptions chat{.script = {std::string(kFirstWord), "quick", std::string(kLastWord)}};
  const ChatVocabulary vocabulary(chat);
  RandomModelOptions options;
  options.architecture = architecture;
  options.vocabulary = static_cast<int>(vocabulary.size());
  options.context = 256;
  RandomModel model = random_model(options);
  vocabulary.write(model.keys);
  model.keys.set("tokenizer.chat_template", kChatMlTemplate);
  model.keys.set(architecture + ".pooling_type", std::uint32_t{1});
  return model;
}

// Keeps the first `rows` rows of a matrix.
inline void keep_rows(RandomModel& model, const std::string& name, std::uint64_t rows) {
  for (StoredTensor& tensor : model.tensors) {
    if (tensor.name != name) continue;
    const std::size_t row_bytes = tensor.bytes.size() / tensor.shape[1];
    tensor.shape = gguf::Shape{tensor.shape[0], rows};
    tensor.bytes.resize(row_bytes * rows);
  }
}

// Embeddings and output have `missing` rows fewer than the tokenizer has tokens.
inline void drop_last_rows(RandomModel& model, std::uint64_t missing) {
  const std::uint64_t rows = model.tensor("token_embd.weight").shape[1] - missing;
  keep_rows(model, "token_embd.weight", rows);
  keep_rows(model, "output.weight", rows);
}

inline std::vector<Disagreement> disagreements() {
  std::vector<Disagreement> all;
  const auto add = [&](std::string name, std::function<void(RandomModel&)> make, std::string architecture = "llama") {
    all.push_back({std::move(name), std::move(architecture), std::move(make)});
  };
  add("embeddings lack the last token", [](RandomModel& model) { drop_last_rows(model, 1); });
  add("embeddings lack all words and control tokens", [](RandomModel& model) { drop_last_rows(model, 6); });
  add("embeddings have three rows",
      [](RandomModel& model) { drop_last_rows(model, model.tensor("token_embd.weight").shape[1] - 3); });
  add("an encoder's embeddings lack all words", [](RandomModel& model) { drop_last_rows(model, 6); }, "bert");
  add("the output has fewer rows", [](RandomModel& model) { keep_rows(model, "output.weight", 100); });
  const auto set_tokens = [](RandomModel& model, std::size_t count) {
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < count; ++i) tokens.push_back("token" + std::to_string(i));
    model.keys.set_array("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
  };
  add("the tokenizer has one token", [=](RandomModel& model) { set_tokens(model, 1); });
  add("the tokenizer has other tokens than types", [=](RandomModel& model) { set_tokens(model, 1000); });
  add("more types than tokens", [](RandomModel& model) {
    model.keys.set_array("tokenizer.ggml.token_type", std::vector<std::int32_t>(5000, 1));
  });
  add("fewer scores than tokens", [](RandomModel& model) {
    model.keys.set("tokenizer.ggml.model", "llama");
    model.keys.set_array("tokenizer.ggml.scores", std::vector<float>(5, 0.0f));
  });
  add("merges of tokens that are not there", [](RandomModel& model) {
    const std::vector<std::string> merges = {"no such", "a nothing", "x", "", "a b c", "\xff \xfe"};
    model.keys.set_array("tokenizer.ggml.merges", std::span<const std::string>(merges));
  });
  for (const char* id : {"bos", "eos", "eot", "eom", "unknown", "padding", "mask", "seperator", "fim_pre", "fim_suf",
                         "fim_mid", "fim_pad", "fim_rep", "fim_sep"}) {
    const std::string key = std::string("tokenizer.ggml.") + id + "_token_id";
    for (const std::uint32_t value : {262u, 100'000u, 0xffffffffu}) {
      add(key + " is " + std::to_string(value), [=](RandomModel& model) {
        model.keys.set(key, value);
        model.keys.set("tokenizer.ggml.add_bos_token", true);
        model.keys.set("tokenizer.ggml.add_eos_token", true);
        drop_last_rows(model, 2);
      });
    }
  }
  add("BOS has no embedding", [](RandomModel& model) {
    model.keys.set("tokenizer.ggml.bos_token_id", std::uint32_t{261});
    model.keys.set("tokenizer.ggml.add_bos_token", true);
    drop_last_rows(model, 1);
  });
  add("suppressed tokens beyond the embeddings", [](RandomModel& model) {
    model.keys.set_array("tokenizer.ggml.suppress_tokens", std::vector<std::int32_t>{-5, 3, 261, 1 << 30});
    drop_last_rows(model, 1);
  });
  add("vocab_size disagrees", [](RandomModel& model) { model.keys.set("llama.vocab_size", std::uint32_t{7}); });
  add("heads of another number of layers", [](RandomModel& model) {
    model.keys.set_array("llama.attention.head_count_kv", std::vector<std::uint32_t>(7, 2));
  });
  add(
      "more positions than the table has",
      [](RandomModel& model) { model.keys.set("gpt2.context_length", std::uint32_t{4096}); }, "gpt2");
  add(
      "more token types than the table has",
      [](RandomModel& model) { model.keys.set("tokenizer.ggml.token_type_count", std::uint32_t{400}); }, "bert");
  add(
      "more experts than the router has rows",
      [](RandomModel& model) { model.keys.set("qwen2moe.expert_count", std::uint32_t{64}); }, "qwen2moe");
  add(
      "more experts used than there are",
      [](RandomModel& model) { model.keys.set("qwen2moe.expert_used_count", std::uint32_t{60}); }, "qwen2moe");
  add("a charsmap that points beyond itself", [](RandomModel& model) {
    model.keys.set("tokenizer.ggml.model", "t5");
    std::vector<std::uint8_t> map(64, 0xff);
    map[0] = 16;
    map[1] = map[2] = map[3] = 0;
    model.keys.set_array("tokenizer.ggml.precompiled_charsmap", map);
    const std::vector<float> scores(262, -1.0f);
    model.keys.set_array("tokenizer.ggml.scores", scores);
  });
  return all;
}

inline RandomModel disagreeing_model(const Disagreement& disagreement) {
  RandomModel model = model_with_tokenizer(disagreement.architecture);
  disagreement.make(model);
  return model;
}

}  // namespace rocmforge::testing
