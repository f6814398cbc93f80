"""Packs the documents into rows of tokens, in several processes but always with the same result."""

import multiprocessing
import random

import numpy as np

import generate
from tokenizer import Tokenizer


def encoded(tokenizer, pieces):
    """Returns the tokens of a document, and for each whether it is to be learned. Only prose ends with <|endoftext|>."""
    tokens, learned = [], []
    for text, is_learned in pieces:
        ids = tokenizer.encode(text)
        tokens += ids
        learned += [is_learned] * len(ids)
    return tokens, learned


class BatchMaker:
    def __init__(self, merges, vocabulary, rows, length, seed, learning_round):
        self.tokenizer = Tokenizer(merges, vocabulary)
        self.rows, self.length, self.seed, self.learning_round = rows, length, seed, learning_round

    def __call__(self, step):
        """Returns tokens [rows, length + 1], whether each is learned, and the number of its document (0: none)."""
        rng = random.Random(f"{self.seed} round {self.learning_round} batch {step}")
        documents, total = [], 0
        while total < self.rows * (self.length + 1) * 0.98:
            tokens, learned = encoded(self.tokenizer, generate.document(rng, self.learning_round).pieces)
            if len(tokens) <= self.length:
                documents.append((tokens, learned))
                total += len(tokens)
        return self.packed(sorted(documents, key=lambda document: -len(document[0])))

    def packed(self, documents):
        """Packs long documents first, each into the first row with room; a document that does not fit is left out."""
        shape = (self.rows, self.length + 1)
        all_tokens, all_learned, numbers = np.zeros(shape, np.int16), np.zeros(shape, bool), np.zeros(shape, np.int16)
        used = [0] * self.rows
        first = 0
        for number, (tokens, learned) in enumerate(documents, 1):
            row = next((row for row in range(first, self.rows) if used[row] + len(tokens) <= shape[1]), None)
            if row is None:
                continue
            place = slice(used[row], used[row] + len(tokens))
            all_tokens[row, place], all_learned[row, place], numbers[row, place] = tokens, learned, number
            used[row] += len(tokens)
            while first < self.rows and used[first] > shape[1] - 16:
                first += 1
        return all_tokens, all_learned, numbers


_maker = None


def _set_maker(arguments):
    global _maker  # one for each process of the pool
    _maker = BatchMaker(*arguments)


def _make(step):
    return _maker(step)


def batches(arguments, steps, processes):
    with multiprocessing.get_context("spawn").Pool(processes, _set_maker, (arguments,)) as pool:
        yield from bounded(pool, steps, 4 * processes)


def bounded(pool, steps, ahead):
    """Yields results in order, computing at most `ahead` in advance; a pool's own imap would have no limit."""
    waiting = []
    for step in range(steps):
        waiting.append(pool.apply_async(_make, (step,)))
        if len(waiting) > ahead:
            yield waiting.pop(0).get()
    for result in waiting:
        yield result.get()
