"""Teaches counting the words of a sentence, reversing their order, and sorting short lists."""

from abilities import wording
from conversation import Example, Turn
import words

COUNT = ["How many words are in this sentence: {s}", "How many words does this sentence have? {s}", "Count the words: {s}",
         "Count the words in this sentence: {s}", "How many words are there in \"{s}\"", "Count the words of the following sentence.\n{s}",
         "{s}\nHow many words is that?"]
REVERSE = ["Reverse the order of these words: {s}", "Reverse these words: {s}", "Write these words in reverse order: {s}",
           "Say these words backwards, word by word: {s}", "Put these words in the opposite order: {s}",
           "Turn the order of these words around: {s}"]
ASCENDING = ["Sort these numbers from small to large: {s}", "Sort these numbers: {s}", "Put these numbers in order: {s}",
             "Sort from smallest to largest: {s}", "Sort in ascending order: {s}", "Order these numbers, smallest first: {s}"]
DESCENDING = ["Sort these numbers from large to small: {s}", "Sort from largest to smallest: {s}", "Sort in descending order: {s}",
              "Order these numbers, largest first: {s}"]
ALPHABETICAL = ["Sort these words alphabetically: {s}", "Put these words in alphabetical order: {s}", "Sort these words: {s}",
                "Sort from A to Z: {s}", "Sort the following words by the alphabet: {s}"]
SHORT_WORDS = words.ANIMALS + words.OBJECTS
SORTABLE = sorted(set(words.ANIMALS + words.FOODS + words.OBJECTS + words.COLORS))


def sentence(rng):
    """Returns a sentence of two to ten words."""
    parts = [rng.choice(("The", "A", "My", "This", "Every", "One", "Our")), rng.choice(words.ANIMALS + words.JOBS)]
    if rng.random() < 0.6:
        parts.insert(1, rng.choice(words.ADJECTIVES))
    parts.append(rng.choice(("sleeps", "sings", "waits", "runs", "smiles", "works", "dreams", "eats", "dances", "swims", "reads")))
    if rng.random() < 0.4:
        parts.append(rng.choice(("slowly", "quietly", "today", "again", "alone", "well", "often", "here", "now", "happily")))
    if rng.random() < 0.6:
        parts += [rng.choice(("in", "near", "behind", "at", "by")), "the"]
        if rng.random() < 0.4:
            parts.append(rng.choice(words.ADJECTIVES))
        parts.append(rng.choice(words.PLACES))
    if rng.random() < 0.25:
        parts = [rng.choice(words.FIRST_NAMES)] + parts[-rng.randint(1, len(parts) - 2):] if len(parts) > 3 else parts
    return " ".join(parts[:10]) + rng.choice(".....!?")


def count(rng):
    text = sentence(rng)
    number = len(text.split())
    question = wording.ordered(rng, COUNT, s=text) if rng.random() < 0.5 else rng.choice(COUNT).format(s=text)
    answer = "It has 1 word." if number == 1 else f"It has {number} words."
    return Example("count_words", [Turn(question, answer)], text, {"kind": "number", "number": number})


def reverse(rng):
    number = rng.choice((2, 3, 3, 4, 4, 5, 5, 6))
    chosen = [words.invented(rng) if rng.random() < 0.1 else rng.choice(SHORT_WORDS) for _ in range(number)]
    mark = rng.choice((" ", " ", ", "))
    answer = mark.join(reversed(chosen))
    question = rng.choice(REVERSE).format(s=mark.join(chosen))
    return Example("reverse_words", [Turn(question, answer)], mark.join(chosen), {"kind": "equals", "text": answer})


def separator(rng):
    return rng.choice((", ", ", ", ", ", " ", ","))


def sort(rng):
    return sort_numbers(rng) if rng.random() < 0.5 else sort_words(rng)


def sort_numbers(rng):
    limit = rng.choice((20, 100, 100, 1000))
    chosen = rng.sample(range(limit), rng.choice((3, 3, 4, 4, 5)))
    down = rng.random() < 0.35
    answer = ", ".join(map(str, sorted(chosen, reverse=down)))
    text = separator(rng).join(map(str, chosen))
    question = wording.ordered(rng, DESCENDING if down else ASCENDING, s=text)
    return Example("sort", [Turn(question, answer)], text, {"kind": "equals", "text": answer})


def sort_words(rng):
    chosen = rng.sample(SORTABLE, rng.choice((3, 3, 4, 4, 5)))
    text, answer = separator(rng).join(chosen), ", ".join(sorted(chosen))
    question = wording.ordered(rng, ALPHABETICAL, s=text)
    return Example("sort", [Turn(question, answer)], text, {"kind": "equals", "text": answer})
