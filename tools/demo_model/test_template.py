"""Tests that the text for training and the text that the program sends are the same: conversation.py and template.jinja."""

import json
import random
import unittest
from pathlib import Path

import generate
from abilities import TAUGHT
from conversation import END, START, chat_text
from program import PROGRAM, answer

TEMPLATE = Path(__file__).with_name("template.jinja")


def rendered(contexts):
    lines = "".join(json.dumps({"context": context}, ensure_ascii=False) + "\n" for context in contexts)
    return [json.loads(line) for line in answer(PROGRAM, "render", "--template", str(TEMPLATE), "--jsonl", text=lines).splitlines()]


def prompt_of(example):
    """Returns the text before the last reply, which is judged."""
    text = chat_text(example.turns, example.system, example.tools).text()
    at = text.rindex(f"{START}assistant\n") if example.check["kind"] != "call" else text.index(f"{START}assistant\n")
    return text[: at + len(f"{START}assistant\n")]


class Template(unittest.TestCase):
    def test_writes_what_is_learned(self):
        rng = random.Random(7)
        examples = [maker(rng) for maker, *_ in TAUGHT.values() for _ in range(20)]
        contexts, expected = [], []
        for example in examples:
            request = generate.as_request(example)
            thinks = request.get("thinking", False)
            contexts.append({"messages": request["messages"], "add_generation_prompt": True, "enable_thinking": thinks})
            if example.tools:
                contexts[-1]["tools"] = example.tools
            expected.append(prompt_of(example) + ("<think>\n" if thinks else ""))
        for context, text, result in zip(contexts, expected, rendered(contexts), strict=True):
            self.assertEqual(result.get("text"), text, context)

    def test_forgets_earlier_thoughts(self):
        messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nb\n</think>\n\nc"}]
        self.assertEqual(rendered([{"messages": messages}])[0], {"text": f"{START}user\na{END}\n{START}assistant\nc{END}\n"})


if __name__ == "__main__":
    unittest.main()
