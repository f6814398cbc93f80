#!/usr/bin/env python3
"""Runs clang-tidy-19 over the sources that the release build compiles.

Most of a check's time goes into the headers. Sources that the build compiles several at a time are therefore checked several
at a time, in the opposite order: a source that includes too little, and compiles thanks to the sources before it, fails
here unless those behind it include the same.

A batch that passed is not checked again until one of its sources, a header of ours that they include, their compile command,
.clang-tidy or clang-tidy itself has changed; build/tidy/ remembers. Arguments are parts of paths: only sources that hold one
are checked, each by itself.
"""

import argparse
import dataclasses
import functools
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
PASSED = ROOT / "build/tidy"
BATCHES = ROOT / "build/tidy/batches"
TOGETHER = 12  # sources of one check
UNITY = re.compile(r"/Unity/unity_\d+_cxx\.cxx$")
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


def fingerprint(batch, tool):
    digest = hashlib.sha256("\0".join([tool, batch.command, *map(str, batch.sources)]).encode())
    for path in sorted({path for source in batch.sources for path in files_behind(source)}):
        digest.update(f"{path}\0{read(path)[0]}\0".encode())
    return digest.hexdigest()


@dataclasses.dataclass
class Batch:
    """Sources that one run of clang-tidy checks together, and how the build compiles them."""

    name: str
    sources: list
    command: str
    directory: str


def batches_of(database, parts):
    """The batches of a compilation database; where parts are given, each source that holds one in its path alone."""
    together, batches = {}, []
    for entry in database:
        file = Path(entry["file"])
        if UNITY.search(str(file)):
            sources = [Path(name) for name in read(file)[1]]
            target = together.setdefault(file.parent.parent, (entry, file, []))
            target[2].extend(sources)
        elif file.is_relative_to(ROOT) and not file.is_relative_to(ROOT / "build") and file.is_file():
            name = str(file.relative_to(ROOT))
            batches.append(Batch(name, [file], entry["command"], entry["directory"]))
    for folder, (entry, file, sources) in together.items():
        ordered = sorted(sources, reverse=True)
        step = 1 if parts else TOGETHER
        for i in range(0, len(ordered), step):
            part = ordered[i:i + step]
            name = str(part[0].relative_to(ROOT)) if parts else f"{folder.name.removesuffix('.dir')}_{i // step}"
            batches.append(Batch(name, part, entry["command"].replace(str(file), "{}"), entry["directory"]))
    wanted = [b for b in batches if not parts or any(part in str(b.sources[0].relative_to(ROOT)) for part in parts)]
    return list({(b.name, b.command): b for b in wanted}.values())


def write_batches(batches):
    """A source that includes those of each batch, and the compilation database of all."""
    shutil.rmtree(BATCHES, ignore_errors=True)
    BATCHES.mkdir(parents=True)
    database, mains = [], {}
    for batch in batches:
        main = batch.sources[0]
        if len(batch.sources) > 1:
            main = BATCHES / f"{batch.name}.cpp"
            main.write_text("".join(f'#include "{source}"\n' for source in batch.sources), encoding="utf-8")
        command = batch.command.replace("{}", str(main))
        database.append({"file": str(main), "directory": batch.directory, "command": command})
        mains[batch.name, batch.command] = main
    (BATCHES / "compile_commands.json").write_text(json.dumps(database), encoding="utf-8")
    return mains


def check(batch, main, mark, wanted):
    """Runs clang-tidy on a batch; its findings, or an empty text and a mark that it passed."""
    # GCC's own flags and warnings mean nothing to Clang: only the listed checks decide.
    command = [TIDY, "-quiet", "-p", str(BATCHES), "--extra-arg=-Wno-error", "--extra-arg=-Wno-unknown-warning-option",
               "--extra-arg=-Qunused-arguments", str(main)]
    if len(batch.sources) > 1:
        command.insert(1, "--checks=-bugprone-suspicious-include")  # tools/check_layers.py looks for these in our sources
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

    start, todo = time.monotonic(), []
    batches = batches_of(json.loads(database.read_text(encoding="utf-8")), options.parts)
    mains = write_batches(batches)
    for batch in batches:
        mark, wanted = PASSED / f"{batch.name}.passed", fingerprint(batch, tool)
        if not mark.is_file() or mark.read_text() != wanted:
            todo.append((batch, mains[batch.name, batch.command], mark, wanted))

    # The longest first, so that no core waits at the end for the other.
    todo.sort(key=lambda item: -sum(len(read(source)[0]) for source in item[0].sources))
    failed, printed = 0, {""}
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for findings in pool.map(lambda item: check(*item), todo):
            failed += bool(findings)
            for finding in FINDING.split(findings):
                if finding not in printed:  # a header's findings come once for each batch that includes it
                    printed.add(finding)
                    print(finding.rstrip(), flush=True)
    sources = sum(len(batch.sources) for batch in batches)
    print(f"tidy: {sources} sources in {len(batches)} batches, {len(todo)} changed, {failed} with findings, "
          f"{time.monotonic() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
