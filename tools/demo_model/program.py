"""Runs the program that the scripts of this folder use: ROCMFORGE_PROGRAM, or else build/release/rocmforge."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("ROCMFORGE_PROGRAM", str(ROOT / "build/release/rocmforge"))


def answer(program, *words, text=""):
    """Returns the output of the program for `text` on its input. Exits if the program fails."""
    result = subprocess.run([program, *words], input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    if result.returncode != 0:
        sys.exit(f"{program} {' '.join(words)} ended with {result.returncode}: {result.stderr.strip()}")
    return result.stdout
