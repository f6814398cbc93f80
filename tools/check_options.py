#!/usr/bin/env python3
"""Checks that every `--option` of rocmforge in the documents exists in the built program.

It reads code spans and lines of code blocks that run `rocmforge`, and code spans that begin with `--`. It ignores options of
other programs. The program's own list is `rocmforge --help-all`; without a built program nothing is checked.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/rocmforge"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
# A command that runs the program, after an optional prompt, variables or path.
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S* )*(?:\./)?(?:build/release/)?rocmforge(?= )")
SPAN = re.compile(r"`([^`]+)`")


def options_in_command(line):
    """Returns the options passed to rocmforge in one line of a shell, without those of programs it is piped to."""
    line = line.split(" # ")[0]
    return [option
            for part in re.split(r"\s(?:\||\|\||&&|;)\s", line.strip())
            if COMMAND.match(part.strip())
            for option in OPTION.findall(part)]


def options_in_document(text):
    """Yields (line number, option)."""
    in_block, pending, first = False, "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_block, pending = not in_block, ""
        elif in_block:
            first = first if pending else number
            pending += line.rstrip("\\").strip() + " "
            if not line.endswith("\\"):
                yield from ((first, option) for option in options_in_command(pending))
                pending = ""
        else:
            for span in SPAN.findall(line):
                found = OPTION.findall(span) if span.startswith("--") else options_in_command(span)
                yield from ((number, option) for option in found)


def main():
    if not PROGRAM.is_file():
        print("check_options: build/release/rocmforge is not built; nothing checked")
        return 0
    listing = subprocess.run([PROGRAM, "--help-all"], capture_output=True, text=True)
    if listing.returncode != 0:
        print(f"check_options: `rocmforge --help-all` exited {listing.returncode}\n{listing.stderr}")
        return 1
    known = set(OPTION.findall(listing.stdout))
    documents = [path for name in ("README.md", "CONTRIBUTING.md", "docs/*.md") for path in sorted(ROOT.glob(name))]
    mentioned, complaints = 0, []
    for path in documents:
        for number, option in options_in_document(path.read_text(encoding="utf-8")):
            mentioned += 1
            if option not in known:
                complaints.append(f"{path.relative_to(ROOT)}:{number}: rocmforge has no {option}")
    print("\n".join(complaints) or f"check_options: {mentioned} options in {len(documents)} documents, all known")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
