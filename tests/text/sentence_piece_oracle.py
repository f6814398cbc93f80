#!/usr/bin/env python3
"""Trains small SentencePiece models, writes each as a GGUF tokenizer, and records how SentencePiece encodes many texts.

    sentence_piece_oracle.py FOLDER

writes FOLDER/NAME.gguf and FOLDER/NAME.json, {"cases": [{"text", "ids"}]}, for every NAME in FOLDER/names.json. Exits with
77 if the module is not installed.
"""

import json
import random
import struct
import sys
from pathlib import Path

try:
    import sentencepiece
except ImportError:
    sys.exit(77)

TEXTS = 10_000
WORDS = """the of and to in is was for that it with as his on be at by had are but from or have an they which one you were her
all she there would their we him been has when who will more no if out so said what up its about into than them can only other
new some could time these two may then do first any my now such like our over man me even most made after also did many before
must through back years where much your way well down should because each just those people how too little state good very make
world still own see men work long get here between both life being under never day same another know while last might us great
tokenizer normalization unigram sentence piece language model vocabulary character probability straße naïve café Ångström
привет мир язык модель 世界 言語 モデル ﬁligree ﬀ ① Ⅳ ｆｕｌｌ ½ ™ ㌀ é e\u0301 한국어 हिन्दी""".split()
SIGNS = [" ", "  ", "\t", "\n", "\u00a0", "\u3000", "\u200b", ".", ",", "!?", "...", "-", "'s", "(", ")", "123", "2024", "🙂", "▁"]


def random_text(rng):
    parts = []
    for _ in range(rng.randint(1, 25)):
        kind = rng.random()
        if kind < 0.7:
            parts.append(rng.choice(WORDS) + (" " if rng.random() < 0.8 else ""))
        elif kind < 0.95:
            parts.append(rng.choice(SIGNS))
        else:
            parts.append(chr(rng.choice([rng.randint(0x20, 0x17f), rng.randint(0x370, 0x2fff), rng.randint(0x1f300, 0x1f5ff)])))
    return "".join(parts)


def fields(message):
    """Yields the (number, value) pairs of a protocol buffer message; values are ints or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        else:
            length = {1: 8, 5: 4}.get(kind) or varint()
            value = message[at : at + length]
            at += length
        yield key >> 3, value


def read_model(serialized):
    pieces, charsmap = [], b""
    for number, value in fields(serialized):
        if number == 1:
            piece = dict(fields(value))
            pieces.append((piece[1], struct.unpack("<f", piece.get(2, b"\0\0\0\0"))[0], piece.get(3, 1)))
        elif number == 3:
            charsmap = dict(fields(value)).get(2, b"")
    return pieces, charsmap


def write_gguf(path, model, pieces, charsmap):
    def text(value):
        return struct.pack("<Q", len(value)) + value

    def array(kind, count, encoded):
        return 9, struct.pack("<IQ", kind, count) + encoded

    count = len(pieces)
    keys = {
        "general.architecture": (8, text(b"llama")),
        "tokenizer.ggml.model": (8, text(model.encode())),
        "tokenizer.ggml.tokens": array(8, count, b"".join(text(p[0]) for p in pieces)),
        "tokenizer.ggml.scores": array(6, count, struct.pack(f"<{count}f", *(p[1] for p in pieces))),
        "tokenizer.ggml.token_type": array(5, count, struct.pack(f"<{count}i", *(p[2] for p in pieces))),
        "tokenizer.ggml.precompiled_charsmap": array(0, len(charsmap), charsmap),
        "tokenizer.ggml.unknown_token_id": (4, struct.pack("<I", 0)),
        "tokenizer.ggml.add_space_prefix": (7, b"\1"),
        "tokenizer.ggml.remove_extra_whitespaces": (7, b"\1"),
    }
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys))
    for key, (kind, value) in keys.items():
        head += text(key.encode()) + struct.pack("<I", kind) + value
    path.write_bytes(head + b"\0" * (-len(head) % 32))


def main():
    folder = Path(sys.argv[1])
    rng = random.Random(20260806)
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(random_text(rng).replace("\n", " ") for _ in range(4000)))
    texts = [random_text(rng) for _ in range(TEXTS)]
    names = []
    for kind, model in (("unigram", "t5"), ("bpe", "llama")):
        for byte_fallback in (False, True):
            name = kind + ("_bytes" if byte_fallback else "")
            sentencepiece.SentencePieceTrainer.train(
                input=str(corpus), model_prefix=str(folder / name), model_type=kind, vocab_size=3000,
                normalization_rule_name="nmt_nfkc", byte_fallback=byte_fallback, character_coverage=0.9995,
                hard_vocab_limit=False, minloglevel=2)
            serialized = (folder / f"{name}.model").read_bytes()
            write_gguf(folder / f"{name}.gguf", model, *read_model(serialized))
            processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.model"))
            cases = [{"text": text, "ids": processor.encode(text)} for text in texts]
            (folder / f"{name}.json").write_text(json.dumps({"cases": cases}))
            names.append(name)
    (folder / "names.json").write_text(json.dumps(names))


if __name__ == "__main__":
    main()
