"""Tests which options in the documents are checked, and which belong to other programs."""

import unittest

from check_options import options_in_document


class CheckOptions(unittest.TestCase):
    def options(self, text):
        return [option for _, option in options_in_document(text)]

    def test_reads_commands_and_bare_options(self):
        self.assertEqual(self.options("Use `rocmforge inspect F --tensors` or `--json`."), ["--tensors", "--json"])
        self.assertEqual(self.options("```sh\nNO_COLOR=1 build/release/rocmforge run --temp 0\n```"), ["--temp"])

    def test_leaves_other_programs_alone(self):
        self.assertEqual(self.options("Run `cmake --preset dev`, then `git commit --amend`; text --like this."), [])
        self.assertEqual(self.options("```sh\nctest --preset dev\nrocmforge devices --json | jq --sort-keys .\n```"),
                         ["--json"])

    def test_follows_a_pipe_and_a_continued_line(self):
        self.assertEqual(self.options("```\ncat a | rocmforge tokenize \\\n  --jsonl  # not --this\n```"), ["--jsonl"])

    def test_names_the_line(self):
        self.assertEqual(list(options_in_document("a\n\n`--json`\n")), [(3, "--json")])


if __name__ == "__main__":
    unittest.main()
