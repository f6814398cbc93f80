"""Conversations as the demo model learns them: messages, what is to be said next, how it is judged, and their text.

`ChatText` writes a conversation as template.jinja does; a test holds the one against the other.
"""

import hashlib
import json
from dataclasses import dataclass, field

END_OF_TEXT = "<|endoftext|>"
START = "<|im_start|>"
END = "<|im_end|>"
SPECIAL_TOKENS = [END_OF_TEXT, START, END]
# Printed as text, but whole: what a program looks for in replies.
MARKERS = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]


def is_held_out(key):
    """One example in sixteen is for evaluation alone. What is alike to the model must have the same key."""
    return hashlib.sha256(key.encode()).digest()[0] < 16


@dataclass
class Turn:
    """What a user says and what the model is to answer."""

    user: str
    answer: str
    reasoning: str = ""  # what it thinks before
    thinking: str = "no"  # "no", "words": the user asked for it, or "template": the program did
    # Tools: the call that comes before the answer, and what the tool said.
    call: dict | None = None
    result: str = ""


@dataclass
class Example:
    """A conversation whose last turn is the ability's."""

    ability: str
    turns: list
    key: str
    check: dict = field(default_factory=dict)  # how the last answer is judged: see judge.py
    tools: list = field(default_factory=list)
    system: str = ""
    joins: bool = True  # it may stand in the middle of a longer conversation

    @property
    def held_out(self):
        return is_held_out(self.ability + "\n" + self.key)


class ChatText:
    """Pieces of text with a mark whether the model is to learn to say them."""

    def __init__(self):
        self.pieces = []

    def add(self, text, learned=False):
        self.pieces.append((text, learned))

    def text(self):
        return "".join(text for text, _ in self.pieces)


TOOLS_BEFORE = "You can use these tools:\n<tools>\n"
TOOLS_AFTER = (
    '</tools>\nTo use one, say its name and arguments as JSON:\n<tool_call>\n{"name": ..., "arguments": ...}\n</tool_call>'
)


def system_text(system, tools):
    parts = [system] if system else []
    if tools:
        parts.append(TOOLS_BEFORE + "".join(json.dumps(tool, ensure_ascii=False) + "\n" for tool in tools) + TOOLS_AFTER)
    return "\n\n".join(parts)


def call_text(call):
    return "<tool_call>\n" + json.dumps(call, ensure_ascii=False) + "\n</tool_call>"


def chat_text(turns, system="", tools=()):
    out = ChatText()
    about = system_text(system, tools)
    if about:
        out.add(f"{START}system\n{about}{END}\n")
    for number, turn in enumerate(turns):
        out.add(f"{START}user\n{turn.user}{END}\n{START}assistant\n")
        last = number + 1 == len(turns)
        if turn.call:
            out.add(call_text(turn.call) + END, learned=True)
            out.add(f"\n{START}tool\n{turn.result}{END}\n{START}assistant\n")
        # Of earlier turns the template shows no reasoning, so they are no place to learn it.
        thinks = last and turn.thinking != "no"
        if thinks:
            out.add("<think>\n", learned=turn.thinking == "words")
            out.add(turn.reasoning + "\n</think>\n\n", learned=True)
        out.add(turn.answer + END, learned=last or turn.thinking == "no")
        out.add("\n")
    return out


def messages_of(example):
    """The conversation as a program sends it: all but the last answer."""
    messages = [{"role": "system", "content": example.system}] if example.system else []
    for turn in example.turns[:-1]:
        messages.append({"role": "user", "content": turn.user})
        messages += tool_messages(turn)
        messages.append({"role": "assistant", "content": turn.answer})
    last = example.turns[-1]
    messages.append({"role": "user", "content": last.user})
    if last.call and example.check.get("kind") != "call":
        messages += tool_messages(last)
    return messages


def tool_messages(turn):
    if not turn.call:
        return []
    call = {"id": "call_1", "type": "function", "function": turn.call}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": turn.result},
    ]
