"""Exits 0 when every package of a requirements file is installed at exactly the version it names."""

import importlib.metadata
import re
import sys

with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        found = re.match(r"([A-Za-z0-9_.-]+)(?:\[.*\])?==(\S+)", line)
        if found and importlib.metadata.version(found[1]) != found[2]:
            sys.exit(f"{found[1]} is not {found[2]}")
