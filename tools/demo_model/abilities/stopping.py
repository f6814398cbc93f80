"""Teaches doing exactly what is asked and then stopping."""

from abilities import wording
from conversation import Example, Turn
import words

SAY = ["Say {s}.", "Say only {s}.", "Just say {s}.", "Repeat after me: {s}", "Say the following and nothing else: {s}", "Answer with {s} only.",
       "Write {s} and stop.", "Reply with exactly this: {s}", "Repeat this: {s}"]
TIMES = ["Say {s} {n} times.", "Write {s} {n} times.", "Repeat {s} {n} times."]
COUNT_UP = ["Count from {a} to {b}.", "Count up from {a} to {b}.", "Write the numbers from {a} to {b}.", "Please count from {a} to {b}."]
COUNT_TO = ["Count to {b}.", "Count up to {b}.", "Can you count to {b}?"]
COUNT_DOWN = ["Count down from {b} to {a}.", "Count backwards from {b} to {a}.", "Count down from {b} to {a} and stop."]


def phrase(rng):
    count = rng.choice((1, 1, 2, 3, 4))
    return " ".join(words.invented(rng) if rng.random() < 0.3 else rng.choice(words.OBJECTS + words.ADJECTIVES + words.ANIMALS) for _ in range(count))


def spoken(rng, number):
    return words.NUMBER_WORDS[number] if number < len(words.NUMBER_WORDS) and rng.random() < 0.3 else number


def exactly(user, answer):
    return Example("stop", [Turn(user, answer)], user, {"kind": "equals", "text": answer})


def obey(rng):
    roll = rng.random()
    if roll < 0.4:
        text = phrase(rng)
        quote = rng.choice(("", "", '"'))
        return exactly(rng.choice(SAY).format(s=quote + text + quote), text)
    if roll < 0.55:
        text, count = words.invented(rng) if rng.random() < 0.3 else rng.choice(words.OBJECTS), rng.randint(2, 6)
        shown = rng.choice((str(count), words.NUMBER_WORDS[count]))
        return exactly(wording.ordered(rng, TIMES, s=text, n=shown), " ".join([text] * count))
    low = rng.choice((1, 1, rng.randint(0, 90)))
    high = low + rng.randint(2, 9)
    down = rng.random() < 0.3
    forms = COUNT_DOWN if down else COUNT_UP + (COUNT_TO if low == 1 else [])
    numbers = range(high, low - 1, -1) if down else range(low, high + 1)
    return exactly(wording.ordered(rng, forms, a=low, b=spoken(rng, high)), ", ".join(map(str, numbers)))
