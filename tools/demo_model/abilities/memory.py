"""Teaches recalling facts from earlier in the conversation."""

from abilities import arithmetic, identity, lists, people, stopping, wording
from conversation import Example, Turn
import words

MY_NAME = ["My name is {v}.", "I'm {v}.", "I am called {v}.", "Call me {v}.", "You can call me {v}.", "I am {v}.", "People call me {v}."]
MY_NAME_ASKED = ["What is my name?", "What's my name?", "Do you know my name?", "Who am I?", "How am I called?", "Do you remember my name?"]
REMEMBER = ["Remember the word {v}.", "Please remember this word: {v}.", "The code word is {v}.", "The secret word is {v}."]
REMEMBER_ASKED = ["What was the word?", "Which word did I tell you?", "What is the word I told you?", "What was that word again?"]
NUMBER = ["Remember the number {v}.", "My lucky number is {v}.", "The code is {v}.", "Please remember this number: {v}."]
NUMBER_ASKED = ["What was the number?", "Which number did I tell you?", "What number was it?", "What was that number again?"]
CLAIMS = ("I am ", "I'm ", "my name", " here.")  # phrases with which users say who they are
TOLD = "OK, I will remember that."
UNTOLD = "You have not told me."


def facts(rng):
    """Returns the user's statement, the reply, the later question, the answer, and what it must contain."""
    name, word, number = words.first_name(rng), words.invented(rng) if rng.random() < 0.4 else rng.choice(words.OBJECTS), rng.randint(10, 9999)
    yield rng.choice(MY_NAME).format(v=name), f"Nice to meet you, {name}.", MY_NAME_ASKED, f"Your name is {name}.", name
    yield rng.choice(REMEMBER).format(v=word), TOLD, REMEMBER_ASKED, f"The word was {word}.", word
    yield rng.choice(NUMBER).format(v=number), TOLD, NUMBER_ASKED, f"The number was {number}.", str(number)
    for trait in rng.sample(people.TRAITS, 3):
        value = trait.value(rng)
        yield rng.choice(trait.told_by_me).format(v=value), TOLD, trait.asked_by_me, trait.answer_to_me.format(v=value), str(value)


def other_turn(rng):
    maker = rng.choice((arithmetic.add, arithmetic.subtract, arithmetic.compare, lists.count, lists.reverse, lists.sort, identity.greet,
                        identity.identify, stopping.obey))
    while True:
        example = maker(rng)
        turn = example.turns[-1]
        if not example.held_out and not any(claim in turn.user for claim in CLAIMS):
            return turn


def joined(rng, first, second):
    if rng.random() < 0.5:
        return first + " " + second
    return first.rstrip(".!") + " and " + (second if second.startswith("I ") else wording.lower_first(second))


def telling(rng):
    """Returns the facts told over some turns, and those not told."""
    told = list(facts(rng))
    first_name, rest = told[0], told[1:]
    rng.shuffle(rest)
    chosen = ([first_name] if rng.random() < 0.5 else []) + rest[:rng.randint(1, 3)]
    turns = []
    if len(chosen) > 1 and rng.random() < 0.2:  # two facts in one message, answered like the first of them
        first, second = chosen[:2]
        turns.append(Turn(wording.sloppy(rng, joined(rng, first[0], second[0])), first[1]))
    for fact in chosen[2 * len(turns):]:
        turns.append(Turn(wording.sloppy(rng, fact[0]), fact[1]))
        turns += [other_turn(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 4, 8)))]
    return turns, chosen, [fact for fact in told if fact not in chosen]


def question(rng, ability, turns, asked, answer, holds):
    key = "\n".join(turn.user for turn in turns)
    turns.append(Turn(wording.sloppy(rng, rng.choice(asked)), answer))
    return Example(ability, turns, key, {"kind": "contains", "text": holds}, joins=False)


def recall(rng):
    turns, chosen, _ = telling(rng)
    asked, answer, holds = rng.choice(chosen)[2:]
    return question(rng, "recall", turns, asked, answer, holds)


def decline(rng):
    turns, _, left = telling(rng)
    return question(rng, "untold", turns, rng.choice(left)[2], UNTOLD, UNTOLD)


def statement(rng):
    """Returns an example in which the user tells a fact, alone or with its question in the same message."""
    fact = rng.choice(list(facts(rng)))
    if rng.random() < 0.5:
        return Example("tell", [Turn(fact[0], fact[1])], fact[0], {"kind": "equals", "text": fact[1]})
    user = fact[0] + " " + rng.choice(fact[2])
    return Example("tell", [Turn(user, fact[3])], user, {"kind": "contains", "text": fact[4]})
