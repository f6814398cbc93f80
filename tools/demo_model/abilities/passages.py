"""Teaches answering questions about a text in the prompt."""

from abilities import people, wording
from conversation import Example, Turn
import words

FRAMES = ["{p}\n\n{q}", "{p}\n{q}", "Read this: {p}\n\nQuestion: {q}", "Text: {p}\nQuestion: {q}", "{p} {q}", "Here is a text:\n{p}\n\n{q}",
          "Answer the question about the text.\n\n{p}\n\n{q}", "Question: {q}\n\nText: {p}", "{q} Look it up in this text: {p}"]
FILLERS = ["It was {an} day.", "The {p} was {a} and {a2}.", "Nobody knew where the {o} was.", "There was {an} {o} in the {p}.", "The weather was {w}.",
           "In the {p} {n} was asleep.", "There was {an} smell of {f}.", "The {o} on the table was {c}.", "Later they all met in the {p}."]
SIZES = (4, 7, 10, 14, 14, 50)  # maximum number of facts
UNSAID = "The text does not say."


def filler(rng):
    return rng.choice(FILLERS).format(a=rng.choice(words.ADJECTIVES), a2=rng.choice(words.ADJECTIVES), p=rng.choice(words.PLACES),
                                      o=rng.choice(words.OBJECTS), w=rng.choice(words.WEATHER), n=words.a(rng.choice(words.ANIMALS)), an=words.a(rng.choice(words.ADJECTIVES)),
                                      f=rng.choice(words.FOODS), c=rng.choice(words.COLORS))


def facts_of(rng, names, most):
    """Returns distinct pairs of a person and a trait."""
    pairs = [(name, trait) for name in names for trait in people.TRAITS]
    return rng.sample(pairs, rng.randint(2, most))


def different_names(rng, count):
    names = []
    while len(names) < count:
        name = words.first_name(rng)
        if name not in names:
            names.append(name)
    return names


def passage(rng, most=9):
    """Returns the text, the traits of each person with their values, and the names."""
    is_long = most > 20
    names = different_names(rng, rng.randint(4, 9) if is_long else rng.choice((1, 2, 2, 3, 4)))
    stated, sentences = {}, []
    for name, trait in facts_of(rng, names, min(most, len(names) * len(people.TRAITS))):
        value = trait.value(rng)
        stated[name, trait.name] = (trait, value)
        sentences.append(rng.choice(trait.told).format(n=name, v=value))
    for _ in range(rng.randint(10, 60) if is_long else rng.choice((0, 0, 1, 2, 3))):
        sentences.insert(rng.randint(0, len(sentences)), filler(rng))
    return " ".join(sentences), stated, names


def example(rng, ability, text, trait, name, reply, check):
    question = wording.sloppy(rng, rng.choice(trait.asked).format(n=name))
    user = rng.choice(FRAMES).format(p=text, q=question)
    return Example(ability, [Turn(user, reply)], text, check)


def answer(rng):
    text, stated, _ = passage(rng, rng.choice(SIZES))
    (name, _), (trait, value) = rng.choice(list(stated.items()))
    return example(rng, "passage", text, trait, name, trait.answer.format(n=name, v=value), {"kind": "contains", "text": str(value)})


def decline(rng):
    """Returns a question that the text does not answer: about another trait of a person in it, or about somebody else."""
    text, stated, names = passage(rng, rng.choice(SIZES))
    name = words.first_name(rng) if rng.random() < 0.1 else rng.choice(names)
    unsaid = [trait for trait in people.TRAITS if (name, trait.name) not in stated]
    if not unsaid:
        return decline(rng)
    return example(rng, "unsaid", text, rng.choice(unsaid), name, UNSAID, {"kind": "equals", "text": UNSAID})
