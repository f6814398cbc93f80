"""Represents conversations for the demo model: messages, the expected answer, how it is judged, and their text.

`ChatText` writes a conversation as template.jinja does; a test compares the two.
"""

import hashlib
import json
from dataclasses import dataclass, field

END_OF_TEXT = "<|endoftext|>"
START = "<|im_start|>"
END = "<|im_end|>"
SPECIAL_TOKENS = [END_OF_TEXT, START, END]
# Tokens that are printed as text but never split, because programs look for them in replies.
MARKERS = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]


def is_held_out(key):
    """Returns whether an example is used only for evaluation, as one in sixteen is. Examples that look alike to the model must
    have the same key."""
    return hashlib.sha256(key.encode()).digest()[0] < 16


@dataclass
class Turn:
    """A message of the user and the expected answer of the model."""

    user: str
    answer: str
    reasoning: str = ""  # the reasoning before the answer
    thinking: str = "no"  # "no", "words" if the user asked for it, or "template" if the program did
    # Tools: the call before the answer, and the result of the tool.
    call: dict | None = None
    result: str = ""


@dataclass
class Example:
    """A conversation whose last turn exercises the ability."""

    ability: str
    turns: list
    key: str
    check: dict = field(default_factory=dict)  # how the last answer is judged: see judge.py
    tools: list = field(default_factory=list)
    system: str = ""
    joins: bool = True  # it may occur in the middle of a longer conversation

    @property
    def held_out(self):
        return is_held_out(self.ability + "\n" + self.key)


class ChatText:
    """Pieces of text, each marked with whether the model learns to write it."""

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
        # The template does not show the reasoning of earlier turns, so it cannot be learned there.
        thinks = last and turn.thinking != "no"
        if thinks:
            out.add("<think>\n", learned=turn.thinking == "words")
            out.add(turn.reasoning + "\n</think>\n\n", learned=True)
        out.add(turn.answer + END, learned=last or turn.thinking == "no")
        out.add("\n")
    return out


def messages_of(example):
    """Returns the conversation as a program sends it: everything but the last answer."""
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
