// Tests that a folder's tokenizer gives the same tokens after conversion.
#include <bit>

#include <gtest/gtest.h>

#include "convert/hugging_face/convert.h"
#include "convert/hugging_face/sentence_piece_model.h"
#include "convert/hugging_face/tokenizer_json.h"
#include "gguf/reader.h"
#include "support/expect_error.h"
#include "support/hugging_face_folder.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace rocmforge::convert {
namespace {

using testing::TempFolder;

constexpr std::string_view kQwen2Cutter =
    R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]})";

std::string json_text(std::string_view text) {
  std::string result;
  for (const char c : text) result.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
  return result;
}

// Returns a tokenizer with the 256 bytes, "he" (256) and "hel" (257), and two added tokens (258 control, 259
// user-defined).
std::string byte_level_tokenizer(std::string_view merges, std::string_view cutter) {
  std::string vocabulary;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string character(text::alphabet_character(static_cast<unsigned char>(byte)));
    vocabulary += fmt::format(R"("{}":{},)", json_text(character), byte);
  }
  return fmt::format(
      R"({{"version":"1.0","added_tokens":[{{"id":258,"content":"<|end|>","special":true}},{{"id":259,"content":"<tool>","special":false}}],)"
      R"("normalizer":{{"type":"NFC"}},"pre_tokenizer":{},"post_processor":null,)"
      R"("model":{{"type":"BPE","vocab":{{{}"he":256,"hel":257}},"merges":{}}}}})",
      cutter, vocabulary, merges);
}

struct Converted {
  ConvertResult result;
  gguf::File file;
};
Converted convert(const TempFolder& folder, std::uint64_t vocabulary) {
  testing::write_tiny_qwen3(folder, vocabulary);
  ConvertResult result = convert_folder(folder / "hf", folder / "out.gguf", {.threads = 2});
  return {std::move(result), gguf::File::open(folder / "out.gguf")};
}

TEST(ConvertTokenizer, ByteLevelVocabularyGivesItsTokensBack) {
  for (const std::string merges : {R"(["h e","he l"])", R"([["h","e"],["he","l"]])"}) {
    const TempFolder folder;
    folder.write("hf/tokenizer.json", byte_level_tokenizer(merges, kQwen2Cutter));
    folder.write("hf/tokenizer_config.json",
                 R"({"add_bos_token":false,"eos_token":{"content":"<|end|>"},"chat_template":"old"})");
    folder.write("hf/chat_template.jinja", "{{ messages }}");
    const Converted converted = convert(folder, 264);
    const gguf::Metadata& keys = converted.file.metadata();
    EXPECT_TRUE(converted.result.assumptions.empty());
    EXPECT_EQ(keys.get<std::string>("tokenizer.ggml.pre"), "qwen2");
    EXPECT_EQ(keys.get<int>("tokenizer.ggml.eos_token_id"), 258);
    EXPECT_EQ(keys.get<bool>("tokenizer.ggml.add_bos_token"), false);
    EXPECT_EQ(keys.get<std::string>("tokenizer.chat_template"), "{{ messages }}");
    const auto types = keys.get<std::vector<int>>("tokenizer.ggml.token_type");
    EXPECT_EQ((std::vector<int>{types[257], types[258], types[259], types[260]}), (std::vector<int>{1, 3, 4, 5}));
    const text::Tokenizer tokenizer(keys);
    const std::vector<text::TokenId> expected = {257, 'l', 'o', ' ', '1', 259, 258};
    // The alphabet's order is that of the bytes in the table above.
    EXPECT_EQ(tokenizer.encode("hello 1<tool><|end|>", {.parse_special = true}), expected);
    EXPECT_EQ(tokenizer.decode(expected), "hello 1<tool><|end|>");
  }
}

TEST(ConvertTokenizer, SaysThatAWayOfCuttingIsUnknown) {
  const TempFolder folder;
  folder.write("hf/tokenizer.json",
               byte_level_tokenizer("[]", R"({"type":"Split","pattern":{"Regex":"x+y"},"behavior":"Isolated"})"));
  const Converted converted = convert(folder, 264);
  ASSERT_EQ(converted.result.assumptions.size(), 1u);
  EXPECT_EQ(converted.file.metadata().get<std::string>("tokenizer.ggml.pre"), "default");
}

TEST(ConvertTokenizer, TemplatesMayHaveNames) {
  const TempFolder folder;
  folder.write("hf/tokenizer.json", byte_level_tokenizer("[]", kQwen2Cutter));
  folder.write("hf/tokenizer_config.json",
               R"({"chat_template":[{"name":"default","template":"D"},{"name":"tool_use","template":"T"}]})");
  const Converted converted = convert(folder, 264);
  EXPECT_EQ(converted.file.metadata().get<std::string>("tokenizer.chat_template"), "D");
  EXPECT_EQ(converted.file.metadata().get<std::string>("tokenizer.chat_template.tool_use"), "T");
}

// Returns a field of a protocol buffer whose content has a length.
std::string field(int number, std::string_view content) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())}.append(content);
}
std::string piece(std::string_view text, float score, int type) {
  const auto bits = std::bit_cast<std::array<char, 4>>(score);
  return field(1, field(1, text) + std::string("\x15") + std::string(bits.data(), 4) +
                      std::string{'\x18', static_cast<char>(type)});
}

TEST(ConvertTokenizer, ReadsSentencePieceModels) {
  const TempFolder folder;
  std::string model = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("<0x0A>", 0, 6);
  model += piece("\xe2\x96\x81", -1, 1) + piece("a", -2, 1) + piece("b", -3, 1) + piece("ab", -0.5f, 1);
  model += field(2, std::string("\x18\x02"));  // BPE
  folder.write("hf/tokenizer.model", model);
  folder.write(
      "hf/tokenizer_config.json",
      R"({"bos_token":"<s>","add_bos_token":true,"added_tokens_decoder":{"8":{"content":"<|x|>","special":true}}})");
  const Converted converted = convert(folder, 10);
  const gguf::Metadata& keys = converted.file.metadata();
  EXPECT_EQ(keys.get<std::string>("tokenizer.ggml.model"), "llama");
  EXPECT_EQ(keys.get<std::vector<int>>("tokenizer.ggml.token_type"), (std::vector<int>{2, 3, 3, 6, 1, 1, 1, 1, 3, 5}));
  EXPECT_EQ(text::Tokenizer(keys).encode("ab"), (std::vector<text::TokenId>{1, 4, 7}));
}

TEST(ConvertTokenizer, RefusesWhatIsDamaged) {
  EXPECT_ERROR(parse_sentence_piece_model("\x0a\x7fxx", "m"), "cut off");
  EXPECT_ERROR(parse_sentence_piece_model(std::string(11, '\xff'), "m"), "not a SentencePiece model");
  EXPECT_ERROR(parse_sentence_piece_model("", "m"), "no pieces");
  EXPECT_ERROR(parse_tokenizer_json("{", "t"), "not valid JSON");
  EXPECT_ERROR(parse_tokenizer_json("{}", "t"), "no vocabulary");
  EXPECT_ERROR(parse_tokenizer_json(R"({"model":{"vocab":{"a":{}}}})", "t"), "an object in an unexpected place");
  EXPECT_ERROR(parse_tokenizer_json(R"({"model":{"vocab":{"a":-1}}})", "t"), "a value in an unexpected place");
  EXPECT_ERROR(parse_tokenizer_json(R"({"model":{"vocab":{"a":99999999999}}})", "t"), "the id 99999999999");
  EXPECT_ERROR(parse_tokenizer_json(R"({"model":{"vocab":{"a":0},"merges":[["a"]]}})", "t"), "1 parts");
  EXPECT_ERROR(parse_tokenizer_json(R"({"x":)" + std::string(100000, '['), "t"), "nested deeper");
  const TempFolder folder;
  folder.write("hf/tokenizer.json", byte_level_tokenizer("[]", kQwen2Cutter));
  EXPECT_ERROR(convert(folder, 100), "but the model has 100 embeddings");
}

}  // namespace
}  // namespace rocmforge::convert
