// Recognises known byte-pair tokenizers by the token ids that they give for one probe text.
//
// llama.cpp's converter finds the name for `tokenizer.ggml.pre` as follows: it encodes a probe text with the model's
// own tokenizer, prints the ids as Python prints a list, "[1, 2, 3]", takes the SHA-256 of that, and looks the hash up
// in its list. This file holds that list and that text. A hash depends on every id and thus on every byte of the text,
// so the text must be llama.cpp's, byte for byte: with any other text no hash of the list would match. A text and
// hashes of our own are not possible without the tokenizer files of all these models.
//
// The text contains what pre-tokenizers treat differently: runs of white space, emoji, runs of digits, several scripts,
// punctuation and contractions.
//
// A tokenizer's own description (`pre_tokenizer` in tokenizer.json) does not replace the list. Several names cut text
// in the same way but differ in their defaults, and for some tokenizers the description is not in the table of our
// patterns: those that group digits from the right, and those whose patterns we had to rewrite
// (text/pretokenizer_patterns.h).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rocmforge::convert {

// llama.cpp's probe text. Do not change it.
inline constexpr std::string_view kProbeText =
    "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n🚀 (normal) 😶\u200d🌫\ufe0f (multiple emojis conc"
    "atenated) ✅ 🦙🦙 3 33 333 3333 33333 333333 3333333 33333333 3.3 3..3 3...3 កាន់តែពិសេសអាច😁 ?我想在ap"
    "ple工作1314151天～ ------======= нещо на Български ''''''```````\"\"\"\"......!!!!!!?????? I've been"
    " 'told he's there, 'RE you sure? 'M not sure I'll make it, 'D you like some tea? We'Ve a'lL";

struct PreTokenizerHash {
  std::uint64_t prefix;   // the first 64 bits of the SHA-256
  std::string_view name;  // the value of `tokenizer.ggml.pre`
};

// llama.cpp's list, without the entries whose name text/pretokenizers.cpp does not have.
inline constexpr auto kPreTokenizerHashes = std::to_array<PreTokenizerHash>({
    {0xb0a6b1c0bd5998eb, "a.x-4.0"},
    {0x49fc0303c9e0d2c2, "afmoe"},
    {0x96a5f08be6259352, "bailingmoe"},
    {0x9b1be57e70d20d95, "bailingmoe2"},

    {0x3c30d3ad1d6b6420, "bloom"},
    {0x60824e3c0d9401f8, "chameleon"},
    {0x81d72c7348a9f0eb, "chatglm-bpe"},
    {0xb6e8e1518dc4305b, "chatglm-bpe"},
    {0x7b3e7548e4308f52, "codeshell"},
    {0x52df12b4c8d4176e, "cohere2moe"},
    {0x9c2227e4dd922002, "command-r"},
    {0xa8594e3edff7c29c, "dbrx"},
    {0x347715f544604f91, "deepseek-coder"},
    {0x049ecf7629871e30, "deepseek-llm"},
    {0xb3f499bb4255f8ca, "deepseek-r1-qwen"},
    {0x877081d19cf6996e, "deepseek-v3"},
    {0x4e2b24cc4770243d, "exaone"},
    {0x6c81ce329e080288, "exaone-moe"},
    {0x2085e1638f6c377a, "exaone4"},
    {0x862f827721df9560, "f2llmv2"},
    {0x8aeee3860c56296a, "falcon"},
    {0x3eda48b4c4dc7de7, "falcon-h1"},
    {0x48f8e02c0359c0bb, "falcon-h1"},
    {0x60476e1243776c4f, "falcon-h1"},
    {0xa6b57017d60e6edb, "falcon-h1"},
    {0x9d032fcbd5501f4a, "falcon3"},
    {0xad851be1dba641f2, "gigachat"},
    {0x9ca2dd618e8afaf0, "glm4"},
    {0xa1336059768a55c9, "glm4"},
    {0xcdf5f35325780597, "glm4"},
    {0x0fe1cf6eda062318, "gpt-2"},
    {0x3ce83efda5659b07, "gpt-2"},
    {0xccc2ef013c104be7, "gpt-4o"},
    {0xbc01ce58980e1db4, "gpt3-finnish"},
    {0x53e325976a6e1423, "granite-docling"},
    {0x789696f5946cc0fc, "granite-embed-multi-311m"},
    {0xf241072145675bf8, "granite-embed-multi-97m"},
    {0x66b8d4e19ab16c3b, "grok-2"},
    {0x7e57df22b1fe23a7, "hunyuan"},
    {0xbba3b3366b646dbd, "hunyuan-dense"},
    {0xb53802fb28e26d64, "jais"},
    {0xbc5108ee1eb6a3d6, "jais-2"},
    {0xc7699093ba4255a9, "jina-v1-en"},
    {0x7967bfa498ade6b7, "jina-v2-code"},
    {0x27949a2493fc4a9f, "jina-v2-de"},
    {0xb3d1dd861f1d4c5c, "jina-v2-de"},

    {0x171aeeedd6fb548d, "jina-v2-es"},
    {0xa023e9fdc5a11f03, "jina-v5-nano"},
    {0xb4b8ca1f9769494f, "joyai-llm"},
    {0xe4d54df1ebc1f2b9, "kanana2"},
    {0x81212dc7cdb7e0c1, "kimi-k2"},
    {0x4a2e2abae11ca2b8, "kormo"},
    {0x972da7b59cec44d1, "laguna"},
    {0x169bf0296a13c4d9, "lfm2"},
    {0x9e454714343b69b9, "lfm2"},
    {0x0ef9807a4087ebef, "llama-bpe"},
    {0xd353350c764d8c3b, "llama4"},
    {0xd4c8f286ea6b520b, "megrez"},
    {0xa1e163ecab2e718a, "mellum"},
    {0x9dcf830ee9990cdb, "mellum2"},
    {0xf6791d196f87ce6b, "midm-2.0"},
    {0x1431a23e583c9743, "minerva-7b"},
    {0x36f3066e97b7f399, "minicpm5"},
    {0xf4f37b6c8eb9ea29, "minimax-m2"},
    {0xa0b64b4385f12366, "modern-bert"},
    {0xb6dc8df998e1cfbd, "olmo"},
    {0xfcace8b9cac38ce8, "phi-2"},
    {0x0e9433cbbb161f89, "pixtral"},
    {0xc7ea5862a53e4272, "poro-chat"},
    {0xd4540891389ea895, "qwen2"},
    {0xe636dc30a262dcc0, "qwen2"},
    {0x1444df51289cfa80, "qwen35"},
    {0xd30d75d9059f1aa2, "qwen35"},
    {0x6221ad2852e85ce9, "refact"},
    {0x8b5a93ed70405748, "roberta-bpe"},
    {0x62f6fb0a6fd5098c, "sarvam-moe"},
    {0xd5f1dd6f980fec56, "seed-coder"},
    {0xc136ed14d01c2745, "smaug-bpe"},
    {0x855059429035d75a, "smollm"},
    {0x16389f0a1f51ee53, "solar-open"},
    {0x32d85c31273f8019, "stablelm2"},
    {0x35d91631860c815f, "starcoder"},
    {0x7dec86086fcc38b6, "superbpe"},
    {0xf728162c1315c26e, "talkie"},
    {0x63b97e4253352e6f, "tekken"},
    {0xd772b220ace2baec, "tiny_aya"},
    {0x1994ffd01900cfb3, "trillion"},
    {0x7fc505bd3104ca10, "viking"},
    {0x9d70134b369a70e5, "youtu"},
});

}  // namespace rocmforge::convert
