#!/usr/bin/env python3
"""Prints several megabytes of English prose, each line once: the King James Bible as `bible` prints it, then manual pages.

    bench/prose.py [MEGABYTES] >prose.txt
"""

import gzip
import re
import subprocess
import sys
from pathlib import Path

ROFF_ESCAPE = re.compile(r"\\(?:f.|[&%|^/,]|\((?:lq|rq|aq|cq|oq|dq)|s[-+]?\d)")


def bible():
    return subprocess.run(["bible", "gen1:1-rev22:21"], capture_output=True, text=True, check=True).stdout.splitlines()


def manuals():
    """Yields the sentences of the manual pages' sources, without their markup."""
    for path in sorted(Path("/usr/share/man").glob("man*/*.gz")):
        text = gzip.decompress(path.read_bytes()).decode(errors="replace")
        for line in text.splitlines():
            if not line.startswith((".", "'")) and "\t" not in line:
                yield ROFF_ESCAPE.sub("", line).replace("\\-", "-").replace("\\e", "\\")


def main():
    wanted = float(sys.argv[1]) * 1e6 if len(sys.argv) > 1 else 8e6
    seen, size = set(), 0
    for source in (bible, manuals):
        for line in source():
            if line in seen or size >= wanted:
                continue
            seen.add(line)
            print(line)
            size += len(line.encode()) + 1


if __name__ == "__main__":
    main()
