"""Tests that the program tokenizes texts as in training."""

import json
import random
import unittest

import generate
from program import PROGRAM, answer
from tokenizer import Tokenizer


class SameTokens(unittest.TestCase):
    def test_for_what_is_learned(self):
        merges = json.loads(answer(PROGRAM, "inspect", "demo", "--json"))["metadata"]["tokenizer.ggml.merges"]
        learned = Tokenizer([merge.split(" ") for merge in merges], 4096)
        rng = random.Random(11)
        texts = [generate.document(rng).text() for _ in range(100)] + ["naïve café", " \n\n\tx  y ", "12345", "日本語 😀", "don't I'LL"]
        lines = "".join(json.dumps({"text": text, "parse_special": True}) + "\n" for text in texts)
        for text, line in zip(texts, answer(PROGRAM, "tokenize", "-m", "demo", "--jsonl", text=lines).splitlines(), strict=True):
            self.assertEqual(json.loads(line)["ids"], learned.encode(text), text)


if __name__ == "__main__":
    unittest.main()
