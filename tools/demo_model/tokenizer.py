"""Implements GPT-2's byte-pair encoding on pieces that are cut as in Qwen 2: every digit is a separate token."""

import collections
import heapq
import json
import re

from conversation import MARKERS, SPECIAL_TOKENS

# The pattern of tokenizer.json, written for Python's re.
PIECES = re.compile(
    r"'(?i:s|t|re|ve|m|ll|d)(?![^\W\d_])|(?:[^\w\r\n]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = re.compile("(" + "|".join(re.escape(token) for token in SPECIAL_TOKENS + MARKERS) + ")")


def byte_alphabet():
    """Returns GPT-2's character for each byte."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    characters = {byte: chr(byte) for byte in plain}
    characters.update({byte: chr(256 + number) for number, byte in enumerate(others)})
    return characters


ALPHABET = byte_alphabet()


def spelled(piece):
    return "".join(ALPHABET[byte] for byte in piece.encode())


class Tokenizer:
    def __init__(self, merges, size):
        self.merges = [tuple(pair) for pair in merges]
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.tokens = [ALPHABET[byte] for byte in range(256)] + ["".join(pair) for pair in self.merges]
        self.tokens += SPECIAL_TOKENS + MARKERS
        assert len(self.tokens) == size == len(set(self.tokens))
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self.cache = {}

    def encode(self, text):
        ids = []
        for number, part in enumerate(SPECIALS.split(text)):
            if number % 2:
                ids.append(self.ids[part])
                continue
            for piece in PIECES.findall(part):
                known = self.cache.get(piece)
                if known is None:
                    known = self.cache[piece] = self.merge(piece)
                ids += known
        return ids

    def merge(self, piece):
        symbols = list(spelled(piece))
        while len(symbols) > 1:
            pairs = [(self.ranks.get(pair, len(self.ranks)), at) for at, pair in enumerate(zip(symbols, symbols[1:]))]
            rank, at = min(pairs)
            if rank == len(self.ranks):
                break
            symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
        return [self.ids[symbol] for symbol in symbols]


def train(texts, size):
    """Returns the merges of the most frequent pairs; ties are resolved alphabetically."""
    counts = collections.Counter()
    for text in texts:
        for number, part in enumerate(SPECIALS.split(text)):
            if number % 2 == 0:
                counts.update(PIECES.findall(part))
    pieces = [[list(spelled(piece)), count] for piece, count in sorted(counts.items())]
    frequency, places = collections.Counter(), collections.defaultdict(set)
    for number, (symbols, count) in enumerate(pieces):
        for pair in zip(symbols, symbols[1:]):
            frequency[pair] += count
            places[pair].add(number)
    heap = [(-count, pair) for pair, count in frequency.items()]
    heapq.heapify(heap)
    merges, made = [], set()
    while len(merges) < size - 256 - len(SPECIAL_TOKENS) - len(MARKERS):
        count, pair = heapq.heappop(heap)
        if -count != frequency[pair]:
            continue  # an outdated entry
        joined = "".join(pair)
        if joined in made:
            continue
        merges.append(pair)
        made.add(joined)
        changed = set()
        for number in places[pair]:
            symbols, times = pieces[number]
            for there in zip(symbols, symbols[1:]):
                frequency[there] -= times
                changed.add(there)
            at = 0
            while at + 1 < len(symbols):
                if (symbols[at], symbols[at + 1]) == pair:
                    symbols[at : at + 2] = [joined]
                at += 1
            for there in zip(symbols, symbols[1:]):
                frequency[there] += times
                places[there].add(number)
                changed.add(there)
        for there in sorted(changed):
            if frequency[there] > 0:
                heapq.heappush(heap, (-frequency[there], there))
    return merges


def as_json(tokenizer):
    """Returns tokenizer.json in the format of Hugging Face's tokenizers."""
    added = [
        {"id": tokenizer.ids[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": token in SPECIAL_TOKENS}
        for token in SPECIAL_TOKENS + MARKERS
    ]
    plain = tokenizer.tokens[: -len(added)]
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return json.dumps(
        {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_]},
            "post_processor": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                      "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": {token: number for number, token in enumerate(plain)},
                      "merges": [list(pair) for pair in tokenizer.merges]},
        },
        ensure_ascii=False,
    )
