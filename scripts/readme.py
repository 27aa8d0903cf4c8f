"""Writes the table of settings into README.md from config.py; with --check, only compares."""

from __future__ import annotations

import sys
from pathlib import Path

import config

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- settings: made from config.py by `make readme` -->\n"
END = "<!-- end of settings -->"


def with_table(text: str) -> str:
    """The text with the table of config.py between its marks. Raises ValueError without marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no {BEGIN.strip()} and {END}")
    return f"{before}{begin}\n{config.table()}\n{end}{after}"


def main(arguments: list[str]) -> int | str:
    """Write or compare; answers what is wrong, or 0."""
    text = README.read_text(encoding="utf-8")
    wanted = with_table(text)
    if "--check" not in arguments:
        README.write_text(wanted, encoding="utf-8")
        return 0
    return 0 if text == wanted else "README.md's settings are not those of config.py: make readme"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
