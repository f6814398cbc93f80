"""Judges whether a reply is right by the check of an example."""

import json
import re

from abilities import unknown

DECLINES = (unknown.NO_FACTS, unknown.NO_TOOL, unknown.NO_SKILL, unknown.NO_SENSE, unknown.NO_FUTURE, unknown.NO_SUM)


def says(text, part):
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def is_json(text, value):
    try:
        return json.loads(text) == value
    except ValueError:
        return False


def is_call(calls, wanted):
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls] == [(wanted["name"], wanted["arguments"])]


def is_story(text, holds):
    return says(text, holds) and len(re.findall(r"[.!?]", text)) >= 3 and text[-1] in '.!"'


# The checks, each a function of the reply's text and its calls.
KINDS = {
    "equals": lambda check, text, _: text == check["text"],
    "contains": lambda check, text, _: all(says(text, part) for part in check["text"].split("|")),
    "number": lambda check, text, _: re.findall(r"(?<![\w-])-?\d+", text)[-1:] == [str(check["number"])],
    "call": lambda check, _, calls: is_call(calls, check["call"]),
    "json": lambda check, text, _: is_json(text, check["value"]),
    "story": lambda check, text, _: is_story(text, check["holds"]),
    "declines": lambda check, text, _: text in DECLINES,
}


def is_right(check, reply):
    """Returns whether the reply is right. A reply that does not end by itself never is."""
    calls = reply.get("tool_calls", [])
    if reply.get("finish_reason") != ("tool_calls" if check["kind"] == "call" else "stop") or bool(calls) != (check["kind"] == "call"):
        return False
    if check.get("reasoning") and not reply.get("reasoning_content"):
        return False
    return KINDS[check["kind"]](check, reply["content"].strip(), calls)
