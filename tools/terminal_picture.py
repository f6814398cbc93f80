#!/usr/bin/env python3
"""Makes docs/chat.svg, the picture of a conversation, by typing into a real one with the demo model and drawing the screen.

    tools/terminal_picture.py            # needs tmux and build/release/rocmforge

It draws the screen of tmux with its colours and styles, so the picture shows what a person sees.
"""

import re
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, ROWS = 100, 30
CELL, LINE, SIZE, MARGIN = 8.43, 19, 14, 16
TYPED = ["Hi! Who are you?", "My name is Ada.", "/think on", "What is 345 - 67?", "/think off", "Tell me a story about a dragon.", "What is my name?"]
INK, PAPER = "#e6e6e6", "#16181d"
STYLE = re.compile(r"\x1b\[([\d;]*)m")


class Screen:
    """A conversation in a tmux server of its own."""

    def __init__(self, folder, program):
        self.tmux = ["tmux", "-S", str(Path(folder) / "socket"), "-f", "/dev/null"]
        command = f"cd {folder}; clear; echo '$ rocmforge run'; exec {program} run --no-history"
        self.run("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-s", "chat", f"env PS1= sh -c \"{command}\"")

    def run(self, *words):
        return subprocess.run([*self.tmux, *words], check=True, capture_output=True, text=True).stdout

    def lines(self):
        return self.run("capture-pane", "-p", "-e", "-S", "-", "-t", "chat").rstrip("\n").split("\n")

    def wait(self):
        """Waits until the last line shows only the prompt and the screen no longer changes."""
        before = None
        for _ in range(200):
            time.sleep(0.1)
            now = self.lines()
            if now == before and STYLE.sub("", now[-1]).strip() == ">":
                return
            before = now
        sys.exit("the prompt did not come:\n" + "\n".join(before))

    def type(self, text):
        self.run("send-keys", "-t", "chat", "-l", text)
        self.run("send-keys", "-t", "chat", "Enter")
        self.wait()

    def close(self):
        self.run("kill-server")


def spans(line, style):
    """Returns the pieces of a line, each with its style as SVG attributes. `style` carries over from the previous line."""
    (weight, opacity), place = style, 0
    for match in [*STYLE.finditer(line), None]:
        text = line[place : match.start() if match else None]
        if text:
            yield text, weight + opacity
        if match:
            place = match.end()
            for code in match[1].split(";"):
                weight = ' font-weight="bold"' if code == "1" else "" if code in ("", "0", "22") else weight
                opacity = ' fill-opacity="0.55"' if code == "2" else "" if code in ("", "0", "22") else opacity
    style[:] = weight, opacity


def drawn(lines):
    width, height = COLUMNS * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">',
             f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
             f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}" fill="{INK}" xml:space="preserve">']
    current = ["", ""]
    for number, line in enumerate(lines):
        column = 0
        for text, style in spans(line, current):
            x, y = MARGIN + column * CELL, MARGIN + number * LINE + SIZE
            parts.append(f'<text x="{x:.1f}" y="{y}" textLength="{len(text) * CELL:.1f}"{style}>{escape(text)}</text>')
            column += len(text)
    return "\n".join([*parts, "</g>", "</svg>", ""])


def main():
    with tempfile.TemporaryDirectory() as folder:
        screen = Screen(folder, ROOT / "build/release/rocmforge")
        try:
            screen.wait()
            for text in TYPED:
                screen.type(text)
            lines = screen.lines()
        finally:
            screen.close()
    (ROOT / "docs/chat.svg").write_text(drawn(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
