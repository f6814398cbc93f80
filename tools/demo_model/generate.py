#!/usr/bin/env python3
"""Writes the demo model's texts: documents for training, examples for evaluation, and held-out plain text.

    generate.py documents 5          # as used for training, for inspection
    generate.py examples add 200     # JSON lines for evaluate.py
    generate.py prose 200000         # this many bytes of held-out stories and passages
"""

import json
import random
import sys

from abilities import PROSE, TAUGHT, passages, stories, tools
from conversation import ChatText, Example, Turn, chat_text, is_held_out, messages_of

SYSTEMS = ["You are a helpful assistant.", "You are a friendly assistant.", "Be brief.", "You are the demo model of ROCmForge.", "Answer in short sentences.",
           "You are an assistant that answers truthfully.", "Help the user.", "You are a helpful AI assistant."]
NAMES = list(TAUGHT)
SHARES = list(zip(*(shares for _, *shares in TAUGHT.values())))  # of each round
MIXES = (2, 3, 3, 4, 4, 6, 8, 12, 24, 40)  # turns
# Abilities that a tool performs if one is offered.
UNLIKE_WITH_TOOLS = ("add", "subtract", "reason", "multiply", "unknown")


# The reasoning about other things, if the program asks for reasoning.
THOUGHTS = {"greet": "The user is being polite, and so am I.", "identity": "This is about me.", "compare": "I compare the digits from the left.",
            "multiply": "I know the times table.", "count_words": "I count the words one by one.", "reverse_words": "I begin with the last word.",
            "sort": "I look for what comes first, then for what follows.", "passage": "I look for the sentence that says so.",
            "extract": "I look for each key of the schema.", "recall": "I look at what was said before.",
            "unsaid": "I look for the sentence that says so.", "untold": "I look at what was said before.", "tell": "I should remember this.",
            "story": "I begin, and then something happens.", "stop": "I do just that.", "unknown": "I see whether I know this."}


def thinking(rng, example):
    """Adds, sometimes, reasoning before the last answer, which a program may ask for."""
    turn = example.turns[-1]
    if turn.thinking == "no" and not turn.call and rng.random() < 0.06:
        turn.thinking = "template"
        turn.reasoning = turn.reasoning or THOUGHTS[example.ability]
    return example


def learned_example(rng, learning_round):
    """Returns an example of a random ability that is not held out."""
    maker, *_ = TAUGHT[rng.choices(NAMES, SHARES[learning_round])[0]]
    while True:
        example = maker(rng)
        if not example.held_out:
            return example


def mixed_conversation(rng, learning_round):
    """Returns a conversation with several abilities in turn; if tools are offered, some turns use one."""
    system = rng.choice(SYSTEMS) if rng.random() < 0.4 else ""
    count = rng.choice(MIXES)
    offered, shown = tools.offer(rng, rng.choice(list(tools.MAKERS))) if rng.random() < 0.2 else ({}, [])
    turns = []
    while len(turns) < count:
        if offered and rng.random() < 0.5:
            kind = rng.choice(list(offered))
            turns.append(tools.turn_with(rng, kind, offered[kind])[0])
            continue
        example = learned_example(rng, learning_round)
        is_last = len(turns) + 1 == count
        if (example.joins or is_last and example.ability == "reason") and not (shown and example.ability in UNLIKE_WITH_TOOLS):
            turns += thinking(rng, example).turns if is_last else example.turns
    return chat_text(turns, system, shown)


def single_conversation(rng, learning_round):
    example = thinking(rng, learned_example(rng, learning_round))
    system = example.system or (rng.choice(SYSTEMS) if rng.random() < 0.25 else "")
    shown = example.tools
    if not shown and example.ability not in UNLIKE_WITH_TOOLS and rng.random() < 0.08:
        shown = tools.offer(rng, rng.choice(list(tools.MAKERS)))[1]  # offered but not needed
    return chat_text(example.turns, system, shown)


def prose(rng):
    """Returns a story or passage as plain text, with the key that decides whether it is held out."""
    if rng.random() < 0.7:
        text = " ".join(stories.story(rng)[2])
    else:
        text = passages.passage(rng)[0]
    return text


def learned_prose(rng):
    out, texts = ChatText(), []
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        text = prose(rng)
        if not is_held_out(text):
            texts.append(text)
    out.add("\n\n".join(texts) or "The end.", learned=True)
    return out


def document(rng, learning_round=0):
    if rng.random() < PROSE[learning_round]:
        return learned_prose(rng)
    return (mixed_conversation if rng.random() < 0.27 else single_conversation)(rng, learning_round)


def held_out_examples(ability, count, seed):
    """Returns distinct examples, none of which is used for training."""
    rng, seen, examples = random.Random(f"{seed} {ability}"), set(), []
    while len(examples) < count:
        example = TAUGHT[ability][0](rng)
        user = example.turns[-1].user
        if example.held_out and (len(example.turns) > 1 or user not in seen):
            seen.add(user)
            examples.append(example)
    return examples


def held_out_prose(size, seed):
    rng, texts, total = random.Random(f"{seed} prose"), [], 0
    while total < size:
        text = prose(rng)
        if is_held_out(text):
            texts.append(text)
            total += len(text) + 2
    return "\n\n".join(texts)


def as_request(example):
    """Returns one line for `rocmforge run --jsonl`, with the data that judge.py needs."""
    request = {"ability": example.ability, "messages": messages_of(example), "check": example.check}
    if example.tools:
        request["tools"] = example.tools
    if example.turns[-1].thinking == "template":
        request["thinking"] = True
    return request


def main(arguments):
    what, *rest = arguments
    if what == "documents":
        rng = random.Random(1)
        for _ in range(int(rest[0])):
            print(document(rng).text() + "\n" + "=" * 80)
    elif what == "examples":
        for example in held_out_examples(rest[0], int(rest[1]), seed=2):
            print(json.dumps(as_request(example), ensure_ascii=False))
    else:
        print(held_out_prose(int(rest[0]), seed=3))


if __name__ == "__main__":
    main(sys.argv[1:])
