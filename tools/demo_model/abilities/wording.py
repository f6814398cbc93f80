"""Varies the wording of requests, as people do."""

POLITE_STARTS = ["Please ", "Could you please ", "Can you ", "Hey, ", "OK, ", "Now ", "Hi! ", "Tell me: ", "So, "]


def lower_first(text):
    """Returns the sentence with a lower-case first letter. Requires: it begins with an ordinary word."""
    first = text.split(" ", 1)[0]
    return text if first in ("I", "I'm", "I've") or not first[:1].isalpha() else text[0].lower() + text[1:]


def sloppy(rng, text):
    """Returns the text unchanged, or as somebody in a hurry types it. Only the first word may lose its capital, never a name."""
    roll = rng.random()
    if roll < 0.12:
        text = lower_first(text)
    elif roll < 0.2:
        text = lower_first(text).rstrip("?.!")
    elif roll < 0.25:
        text = text.rstrip("?.!")
    return text


def asked(rng, forms, **values):
    """Returns one of the forms, filled in."""
    return sloppy(rng, rng.choice(forms).format(**values))


def ordered(rng, forms, **values):
    """Returns one of the forms of a command, sometimes with a polite word before it."""
    text = rng.choice(forms).format(**values)
    if rng.random() < 0.25:
        text = rng.choice(["Please ", "Now ", "Hey, ", "OK, ", "Next, "]) + lower_first(text)
    return sloppy(rng, text)
