#!/usr/bin/env python3
"""Checks the #include lines against the table of layers: a layer may include only the layers in its entry.

Also checks that a header has `#pragma once` and that an include in quotes names a file of this repository.
"""

import re
import sys
from pathlib import Path

# What each folder of src/ may include besides itself. "api" is include/rocmforge/, the public headers. A file name (without
# its ending) narrows its folder's rule; the right side may name a single header.
OFFLINE = "api base quant gguf text models convert store"
MAY_INCLUDE = {
    "base": "rocmforge/error.h",
    "quant": "base",
    "gguf": "base quant",
    "text": "base gguf",
    "sample": "base",
    "kv": "base",
    "sched": "base kv",
    "ops": "base quant",
    "backends/ref": "base quant ops",
    "backends/cpu": "base quant ops",
    "backends/hip": "base quant ops",
    "models": "base quant gguf ops",
    "convert": "base quant gguf text models",
    "store": "base gguf",
    "engine": "api base quant gguf text sample kv sched ops models convert store"
    " backends/ref/factory.h backends/cpu/factory.h backends/hip/factory.h",
    "server": "api base text",
    "cli": OFFLINE,
    "cli/model_arguments": "api base quant gguf models engine",
    "cli/run": "api base engine",
    "cli/chat": "api base",
    "cli/sampling_arguments": "api base sample/settings.h",
    "cli/logits": "api base engine",
    "cli/bench": "api base engine",
    "cli/perplexity": "api base engine",
    "cli/devices": "api base engine",
    "cli/serve": "api base server",
    "api": "",
}
ROOTS = ("src", "include", "tests", "bench", "fuzz")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
SUFFIXES = {".h", ".cpp", ".hip"}


def longest_key(path):
    """Returns the most specific line of the table for a path below src/ ('quant/q4_0.h' -> 'quant'), or None."""
    keys = [key for key in MAY_INCLUDE if path.startswith((key + "/", key + "."))]
    return max(keys, key=len, default=None)


def layer_of(path):
    """Returns the layer that a path belongs to: every cli/NAME is part of 'cli'."""
    if path.startswith("rocmforge/"):
        return "api"
    return "cli" if path.startswith("cli/") else longest_key(path)


def find(root, source, included):
    """Returns the folder of the repository in which an include is found, with the search path of the build."""
    own = source.relative_to(root).parts[0]
    folders = ["src", "include"] + ([own] if own not in ("src", "include") else []) + ["tests"]
    return next((folder for folder in folders if (root / folder / included).is_file()), None)


def check_file(root, source):
    """Yields (line number, complaint)."""
    folder, *parts = source.relative_to(root).parts
    path = "/".join(parts)
    layer = layer_of(path) if folder in ("src", "include") else None
    if folder == "src" and layer is None:
        yield 1, f"src/{'/'.join(parts[:-1])} is not in the table of layers (tools/check_layers.py)"
        return
    allowed = MAY_INCLUDE["api" if layer == "api" else longest_key(path)].split() if layer else []

    lines = source.read_text(encoding="utf-8").splitlines()
    # Code that Highway compiles once per instruction set is included again on purpose and toggles a guard of its own.
    once = "#pragma once" in lines or any("HWY_TARGET_TOGGLE" in line for line in lines)
    if source.suffix == ".h" and not once:
        yield 1, "header without #pragma once"
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, included = match[1] == '"', match[2]
        where = find(root, source, included)
        if included.endswith(".cpp"):
            yield number, f'"{included}" is a source, not a header'
        if where is None:
            if quoted:
                yield number, f'"{included}" is not a file below {folder}/ or src/ (includes name their layer)'
            continue
        if not layer:
            continue
        if where not in ("src", "include"):
            yield number, f"{folder}/ may not include {where}/"
            continue
        target = layer_of(included)
        if target != layer and target not in allowed and included not in allowed:
            rule = longest_key(path) or layer
            yield number, f"{rule}{'' if rule.startswith('cli/') else '/'} may not include {target}/ ({included})"


def check(root):
    """Returns all complaints about the tree at `root`, as lines."""
    complaints = []
    for folder in ROOTS:
        for source in sorted((root / folder).rglob("*")):
            if source.suffix in SUFFIXES and source.is_file():
                complaints += [f"{source.relative_to(root)}:{n}: {text}" for n, text in check_file(root, source)]
    return complaints


def main():
    complaints = check(Path(__file__).resolve().parent.parent)
    print("\n".join(complaints) or "check_layers: every include points downwards")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
