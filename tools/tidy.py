#!/usr/bin/env python3
"""Runs clang-tidy-19 over the sources that the release build compiles.

A file that passed is not checked again until it, a header of ours that it includes, its compile command, .clang-tidy or
clang-tidy itself has changed; this is recorded in build/tidy/. Arguments are parts of paths: only sources whose path contains one are checked.
"""

import argparse
import functools
import hashlib
import json
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
PASSED = ROOT / "build/tidy"
TIDY = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
FINDING = re.compile(r"^(?=\S+:\d+:\d+: (?:error|warning): )", re.MULTILINE)


@functools.cache
def read(path):
    """Returns a file's text and the names that it includes."""
    text = path.read_text(encoding="utf-8")
    return text, INCLUDE.findall(text)


def files_behind(source):
    """Returns the source and every header of this repository that it includes, directly or indirectly."""
    folders = [ROOT / name for name in ("src", "include", "tests", "bench", "fuzz")]
    seen, waiting = set(), [source]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in read(path)[1]:
            waiting += [folder / name for folder in (path.parent, *folders) if (folder / name).is_file()]
    return sorted(seen)


def fingerprint(source, commands, tool):
    digest = hashlib.sha256("\0".join([tool, *commands]).encode())
    for path in files_behind(source):
        digest.update(f"{path}\0{read(path)[0]}\0".encode())
    return digest.hexdigest()


def check(source, mark, wanted):
    """Runs clang-tidy on one source. Returns its findings, or an empty text and a mark that it passed."""
    # GCC's flags and warnings are removed, since Clang does not know them; only the listed checks count.
    command = [TIDY, "-quiet", "-p", str(BUILD), "--extra-arg=-Wno-error", "--extra-arg=-Wno-unknown-warning-option",
               "--extra-arg=-Qunused-arguments", str(source)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(wanted)
        return ""
    # stderr counts suppressed warnings of system headers; it matters only if clang-tidy itself failed.
    return result.stdout or result.stderr or f"{shlex.join(command)} exited {result.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument("parts", nargs="*", help="check only sources with one of these in their path")
    options = parser.parse_args()

    database = BUILD / "compile_commands.json"
    if not database.is_file():
        sys.exit("tidy: no build/release/compile_commands.json; `make lint` makes it")
    tool = subprocess.run([TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    tool += (ROOT / ".clang-tidy").read_text(encoding="utf-8")

    start, commands, todo = time.monotonic(), {}, []
    for entry in json.loads(database.read_text(encoding="utf-8")):
        source = Path(entry["file"])
        if source.is_relative_to(ROOT) and not source.is_relative_to(ROOT / "build") and source.is_file():
            name = str(source.relative_to(ROOT))
            if not options.parts or any(part in name for part in options.parts):
                commands.setdefault(name, []).append(entry["command"])
    for name in commands:
        source, mark = ROOT / name, PASSED / f"{name}.passed"
        wanted = fingerprint(source, commands[name], tool)
        if not mark.is_file() or mark.read_text() != wanted:
            todo.append((source, mark, wanted))

    failed, printed = 0, {""}
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for findings in pool.map(lambda item: check(*item), todo):
            failed += bool(findings)
            for finding in FINDING.split(findings):
                if finding not in printed:  # a header's findings are reported once for each source that includes it
                    printed.add(finding)
                    print(finding.rstrip(), flush=True)
    print(f"tidy: {len(commands)} sources, {len(todo)} changed, {failed} with findings, {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
